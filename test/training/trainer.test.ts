import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRuntime } from "../../src/runtime/engines.js";
import type { Runtime } from "../../src/runtime/runtime.js";
import { RunFolder } from "../../src/training/run-folder.js";
import { defaultTrainConfig, type TrainConfig } from "../../src/training/train-config.js";
import { train, type TrainingOptions, type TrainingResult } from "../../src/training/trainer.js";
import { syntheticCorpus } from "../support/synthetic-corpus.js";

const source = syntheticCorpus();
const config: TrainConfig = {
  ...defaultTrainConfig,
  windowLengths: [1024, 64],
  channels: 16,
  expanded: 24,
  dilations: [1, 2],
  levelWidth: 16,
  corrections: 1,
  encoderChannels: 8,
  encoderExpanded: 12,
  encoderDilations: [1],
  steps: 12,
  priorSteps: 10,
  batch: 2,
  cropFrames: 16,
  speeds: [1],
};

let folder: string;
let runtime: Runtime;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
  runtime = await openRuntime({ engine: "graph", threads: 1, cacheFolder: null });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function trainIn(name: string, options: Partial<TrainingOptions> = {}): Promise<TrainingResult> {
  const run = new RunFolder(join(folder, name));
  return train({ runtime, source, config, run, saveEvery: 1e9, measureEvery: 1e9, ...options });
}

describe("training", () => {
  it("ends with the same weights when it is stopped and continued", async () => {
    await new RunFolder(join(folder, "whole")).begin({ config, mel: source.format, paths: noPaths });
    await new RunFolder(join(folder, "parts")).begin({ config, mel: source.format, paths: noPaths });
    const whole = await trainIn("whole");
    for (const stopAt of [3, 7]) {
      const stop = new AbortController();
      let steps = 0;
      const first = await trainIn("parts", {
        signal: stop.signal,
        beforeStep: () => {
          steps++;
          if (steps > stopAt) stop.abort();
          return Promise.resolve();
        },
      });
      expect(first.finished).toBe(false);
    }
    const continued = await trainIn("parts");
    expect(continued.finished).toBe(true);
    expect(continued.network).toEqual(whole.network);
    expect(continued.prior).toEqual(whole.prior);
  });

  it("goes back to good weights after a step that gave no numbers", async () => {
    await new RunFolder(join(folder, "run")).begin({ config, mel: source.format, paths: noPaths });
    const remarks: string[] = [];
    let reads = 0;
    const poisoned = {
      ...source,
      readSamples: (...args: Parameters<typeof source.readSamples>) => {
        source.readSamples(...args);
        reads++;
        // the first crop of the network's third step
        if (reads === 2 * (config.priorSteps + 2) + 1) args[3].fill(NaN, args[4], args[4] + args[2]);
      },
    };
    const result = await trainIn("run", { source: poisoned, onRemark: (text) => remarks.push(text) });
    expect(remarks).toHaveLength(1);
    expect(remarks[0]).toContain("Step 3");
    expect(Object.values(result.network).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });
});

const noPaths = { corpus: ".", checkpoint: "out", cache: "cache" };
