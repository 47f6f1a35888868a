// Hundreds of steps of the published network and noise levels, made tiny.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadCheckpoint } from "../../src/host/node/checkpoints.js";
import { openEngine } from "../../src/host/node/engines.js";
import { RunFolder } from "../../src/training/run-folder.js";
import { storeTrained } from "../../src/training/store.js";
import type { TrainConfig } from "../../src/training/config.js";
import { waveGradTrainConfig } from "../support/wavegrad-settings.js";
import { train } from "../../src/training/trainer.js";
import { syntheticCorpus } from "../support/synthetic-corpus.js";

describe("training a WaveGrad", () => {
  const config: TrainConfig = {
    ...waveGradTrainConfig,
    melChannels: 24,
    waveChannels: 4,
    upsamplingChannels: [16, 16, 8, 8, 8],
    downsamplingChannels: [8, 8, 8, 16],
    steps: 160,
    adamWRate: 4e-3,
    batch: 4,
    cropFrames: 8,
  };

  it("learns: the error of the noise falls, and the checkpoint is a WaveGrad", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vocode-wavegrad-"));
    const source = syntheticCorpus();
    const run = new RunFolder(join(folder, "run"));
    await run.begin({ config, mel: source.format, paths: { corpus: ".", checkpoint: ".", cache: "." } });
    const runtime = await openEngine({ engine: "graph", threads: 1 });
    const errors: number[] = [];
    const result = await train({
      ...{ runtime, source, config, run, saveEvery: 1e9, measureEvery: 40 },
      onMeasure: (_, { mean }) => errors.push(mean),
    });
    expect(result.prior).toEqual({});
    // to say nothing would be 1
    expect(errors[0]).toBeGreaterThan(0.5);
    expect(errors[3]).toBeLessThan(0.5 * errors[0]);
    const weights = result;
    const checkpoint = join(folder, "voice");
    await storeTrained(checkpoint, { name: "voice", config, corpus: source, steps: 160, weights, run });
    const { config: stored } = await loadCheckpoint(checkpoint);
    expect(stored).toMatchObject({ denoiser: { kind: "wavegrad" }, prior: "standard" });
    expect(stored.logSnrRange[0]).toBeCloseTo(-5.01, 1);
    expect(stored.logSnrRange[1]).toBeCloseTo(13.8, 1);
    rmSync(folder, { recursive: true });
  });
});
