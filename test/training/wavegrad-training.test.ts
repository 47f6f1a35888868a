import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadCheckpoint } from "../../src/host/node/checkpoints.js";
import { sqrtAlphaBarFromLogSnr } from "../../src/diffusion/levels.js";
import { openEngine } from "../../src/host/node/engines.js";
import { RunFolder } from "../../src/training/run-folder.js";
import { storeTrained } from "../../src/training/store.js";
import type { TrainConfig } from "../../src/training/config.js";
import { waveGradTrainConfig } from "../support/wavegrad-settings.js";
import { train } from "../../src/training/trainer.js";
import { waveGradTraining } from "../../src/models/wavegrad/architecture.js";
import { StepRandom } from "../../src/training/draws.js";
import { syntheticCorpus } from "../support/synthetic-corpus.js";

function drawScheduleLogSnrs(batch: number, seed: number, step: number): Float32Array {
  return waveGradTraining.levels!.draw(batch, new StepRandom(seed, "levels", step));
}

describe("the levels of WaveGrad's batches", () => {
  /** √ᾱ after each step of the schedule, by its product. */
  const ends = [1];
  for (let step = 1; step <= 1000; step++) {
    const beta = 1e-6 + ((0.01 - 1e-6) * (step - 1)) / 999;
    ends.push(ends[step - 1] * Math.sqrt(1 - beta));
  }
  const values = Array.from({ length: 2000 }, (_, step) => [...drawScheduleLogSnrs(16, 1, step)]).flat();

  it("lie in every segment of the schedule alike, anywhere within it", () => {
    const counts = new Array<number>(1000).fill(0);
    const places: number[] = [];
    for (const value of values) {
      const root = sqrtAlphaBarFromLogSnr(value);
      const segment = ends.findIndex((end, step) => step > 0 && root >= end - 1e-9) - 1;
      counts[segment]++;
      // rounding hides where in the first segments it lies
      if (segment > 100) places.push((ends[segment] - root) / (ends[segment] - ends[segment + 1]));
    }
    // 32 draws a segment: a tenth of all segments has 3200 ± 54
    for (let tenth = 0; tenth < 10; tenth++) {
      const count = counts.slice(100 * tenth, 100 * (tenth + 1)).reduce((sum, each) => sum + each, 0);
      expect(Math.abs(count - 3200), String(tenth)).toBeLessThan(4 * 54);
    }
    const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
    expect(mean).toBeCloseTo(0.5, 2);
    expect(Math.max(...values)).toBeLessThan(13.82);
    expect(Math.min(...values)).toBeGreaterThan(-5.02);
  });

  it("are the same for the same seed and step, and no others", () => {
    expect(drawScheduleLogSnrs(4, 1, 7)).toEqual(drawScheduleLogSnrs(4, 1, 7));
    expect(drawScheduleLogSnrs(4, 1, 8)).not.toEqual(drawScheduleLogSnrs(4, 1, 7));
    expect(drawScheduleLogSnrs(4, 2, 7)).not.toEqual(drawScheduleLogSnrs(4, 1, 7));
  });
});

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
