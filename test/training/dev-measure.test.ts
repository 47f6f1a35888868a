import { beforeAll, describe, expect, it } from "vitest";
import { openEngine } from "../../src/host/node/engines.js";
import type { Engine } from "../../src/engine/engine.js";
import type { DevError } from "../../src/training/progress.js";
import { DevMeasure } from "../../src/training/dev-measure.js";
import { initialise } from "../../src/training/start-weights.js";
import { defaultTrainConfig, type TrainConfig } from "../../src/training/config.js";
import { createTrainingModel } from "../../src/training/model.js";
import { syntheticCorpus } from "../support/synthetic-corpus.js";
import type { Settings } from "../../src/models/architecture.js";

const tiny: TrainConfig = {
  ...defaultTrainConfig,
  windowLengths: [1024],
  channels: 8,
  expanded: 12,
  dilations: [1],
  corrections: 1,
  levelWidth: 8,
  encoderChannels: 8,
  encoderExpanded: 12,
  encoderDilations: [1],
};
// two crops of 64 frames in the one that is held out, and a rest
const source = syntheticCorpus(2, 150);

let runtime: Engine;
beforeAll(async () => {
  runtime = await openEngine({ engine: "graph", threads: 1 });
});

async function measured(changes: Settings): Promise<{ crops: number; error: DevError }> {
  const config = { ...tiny, ...changes };
  const model = await createTrainingModel(config, source.format);
  const network = initialise(model.denoiser.weights, 1);
  const prior = initialise(model.prior!.weights, 1);
  const measure = await DevMeasure.create(runtime, model, config, source, prior, network);
  const found = { crops: measure.crops, error: await measure.measure(network) };
  await measure.dispose();
  return found;
}

describe("the measure on held-out recordings", () => {
  it("is the same whatever crops and batches a run trains on", async () => {
    const one = await measured({ batch: 1, cropFrames: 64 });
    expect(one.crops).toBe(2);
    expect(one.error.byLevel).toHaveLength(8);
    expect(one.error.mean).toBeCloseTo(one.error.byLevel.reduce((sum, value) => sum + value) / 8, 9);
    const other = await measured({ batch: 3, cropFrames: 16, seed: 7, gainLow: -1 });
    expect(other.crops).toBe(2);
    for (const [level, value] of one.error.byLevel.entries())
      expect(other.error.byLevel[level]).toBeCloseTo(value, 5);
  });

  it("is that of the best Gaussian answer before the first step: small where all is noise", async () => {
    const { byLevel } = (await measured({ batch: 2 })).error;
    // with z = √ᾱ·w + √(1−ᾱ)·ε and w of the prior's power p, the error of ε̂ = √(1−ᾱ)·z is ᾱ² + ᾱ(1−ᾱ)·p
    expect(byLevel[0]).toBeLessThan(0.2);
    for (let level = 1; level < byLevel.length; level++)
      expect(byLevel[level]).toBeGreaterThan(byLevel[level - 1] - 1e-3);
  });
});
