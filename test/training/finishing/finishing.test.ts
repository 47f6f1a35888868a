// What the finishing phase is made of, on a tiny network: its settings, batches and steps of the sampler. Whole runs are in
// finishing.long.test.ts.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  noisePowerFromLogSnr,
  noiseScaleFromLogSnr,
  sqrtAlphaBarFromLogSnr,
} from "../../../src/diffusion/levels.js";
import { fillNormals } from "../../../src/diffusion/noise.js";
import { ddimStep } from "../../../src/diffusion/samplers/ddim.js";
import { createMdct } from "../../../src/models/layers/mdct.js";
import { defaultTrainConfig, finishingConfig, withSettings } from "../../../src/training/config.js";
import { BatchSource, PredictedCrops } from "../../../src/training/batches.js";
import { FinishingBatches, predictedCount, sharpCrops } from "../../../src/training/finishing/batches.js";
import { sampledEstimate } from "../../../src/training/finishing/sampler.js";
import { NotFinishingError } from "../../../src/training/losses/view.js";
import { createTrainingModel } from "../../../src/training/model.js";
import { CannotFinishError, checkFinishing, initialise } from "../../../src/training/start-weights.js";
import { checkLosses } from "../../../src/training/losses/registry.js";
import { audioSecondsSeen } from "../../../src/training/progress.js";
import { excitationWeights } from "../../../src/models/excitation/shape.js";
import {
  finishingRuns,
  finishingSource as source,
  predictedMels,
  tinyFinishing as config,
} from "../../support/finishing-run.js";

const runs = finishingRuns();

describe("the finishing phase", () => {
  it("alone has what its losses judge", async () => {
    await expect(runs.trainIn("wrong", { losses: ["noise", "log-mel"], finishSteps: 0 })).rejects.toThrow(
      NotFinishingError,
    );
  });

  it.each([
    [{ samplerLevels: [3, 1] }, /noisier first/],
    [{ smoothShare: 1.5 }, /at most 1/],
    [{ discriminatorPeriods: [2, 2] }, /each once/],
    [{ discriminatorPeriods: [5000] }, /at most 1000/],
    [{ discriminatorSpectra: [512, 1000] }, /lengths of 128, .* 2048 samples, not 1000/],
    [{ predictedShare: 1.5 }, /at most 1/],
  ])("refuses the settings %j", (changes, words) => {
    expect(() => withSettings(defaultTrainConfig, changes)).toThrow(words);
  });
});

describe("a run that is to finish a voice", () => {
  const weights = { "excitation.output.bias": 0 };

  it.each([
    ["without an excitation model", { excitationSteps: 0 }, {}, CannotFinishError],
    ["of a network that cannot start from pulses", { denoiser: "wavegrad" }, weights, CannotFinishError],
    ["without weights or steps", { steps: 0 }, undefined, /no weights to finish/],
    ["with crops of which nothing is left to compare", { finishCropFrames: 9 }, weights, /10 frames or more/],
  ])("%s is refused before it begins", (_, settings, start, error) => {
    const whole = { ...config, excitationSteps: 2, ...settings };
    expect(() => {
      checkFinishing(whole, source.format, start);
    }).toThrow(error);
    expect(() => {
      checkFinishing({ ...whole, finishSteps: 0 }, source.format, start);
    }).not.toThrow();
  });

  it("takes losses of the sampler's waveform in its last phase only", () => {
    const losses = ["noise", "spectra"];
    expect(() => {
      checkLosses({ losses, finishLosses: losses });
    }).toThrow("Name it in 'finishLosses'");
    expect(() => {
      checkLosses({ losses: ["noise"], finishLosses: losses });
    }).not.toThrow();
  });

  it("has seen the audio of both phases", () => {
    const perFrame = 256 / 22_050;
    expect(audioSecondsSeen(config, source.format, 3)).toBeCloseTo(3 * 2 * 16 * perFrame, 9);
    expect(audioSecondsSeen(config, source.format, 9)).toBeCloseTo((4 * 2 * 16 + 5 * 2 * 12) * perFrame, 9);
  });
});

describe("a finishing batch", () => {
  it("keeps the first half's mels, smooths the others', and has pulses and levels for all", async () => {
    const own = finishingConfig({ ...config, finishBatch: 4, oneStepShare: 0 });
    const model = await createTrainingModel(own, source.format);
    const known = sharpCrops(own);
    expect(known).toBe(2);
    const crops = new BatchSource(source, own, model.denoiser, model.losses, { known, before: 7 });
    const weights = initialise(excitationWeights(source.format.bands), 1);
    const batches = await FinishingBatches.open(runs.runtime, crops, own, source.format, weights);
    const inputs = await batches.inputs(0);
    const { mel, noise, pulses, firstLevel, secondLevel } = inputs;
    const given = crops.networkInputs(0)["mel"];
    const half = mel.data.length / 2;
    expect(mel.data.slice(0, half)).toEqual(given.data.slice(0, half));
    expect(mel.data.slice(half)).not.toEqual(given.data.slice(half));
    expect([noise.shape, pulses.shape]).toEqual([
      [2, 12 * 256],
      [4, 12 * 256],
    ]);
    firstLevel.data.forEach((level, item) => {
      expect(Math.abs(level - -0.3)).toBeLessThanOrEqual(0.5);
      expect(Math.abs(secondLevel.data[item] - 3.07)).toBeLessThanOrEqual(0.5);
    });
    expect(await batches.inputs(0)).toEqual(inputs);
    expect((await batches.inputs(1))["startNoise"]).not.toEqual(inputs["startNoise"]);
    await batches.dispose();
  });

  it("has predicted mels, and their recordings, in the place of some that would be smoothed", async () => {
    const own = finishingConfig({ ...config, finishBatch: 4, predictedShare: 0.5 });
    const model = await createTrainingModel(own, source.format);
    expect(predictedCount(own)).toBe(1);
    expect(predictedCount({ ...own, smoothShare: 0 })).toBe(0);
    const part = { known: 2, before: 0 };
    const predicted = new PredictedCrops(predictedMels, own.cropFrames, 1);
    const [without, crops] = [part, { ...part, predicted }].map(
      (each) => new BatchSource(source, own, model.denoiser, model.losses, each),
    );
    const weights = initialise(excitationWeights(source.format.bands), 1);
    const batches = await FinishingBatches.open(runs.runtime, crops, own, source.format, weights);
    const [{ mel, samples }, plain] = [await batches.inputs(0), without.networkInputs(0)];
    const size = mel.data.length / 4;
    expect(new Set(mel.data.slice(3 * size))).toEqual(new Set([-5]));
    expect([...mel.data.slice(2 * size, 3 * size)]).not.toContain(-5);
    expect(mel.data.slice(0, 2 * size)).toEqual(plain["mel"].data.slice(0, 2 * size));
    const quarter = samples.data.length / 4;
    expect(samples.data.slice(0, 3 * quarter)).toEqual(plain["samples"].data.slice(0, 3 * quarter));
    expect(samples.data.slice(3 * quarter)).not.toEqual(plain["samples"].data.slice(3 * quarter));
    await batches.dispose();
  });
});

describe("the sampler's steps in training", () => {
  const hop = 64;
  const normals = (step: number): tf.Tensor =>
    tf.tensor2d(fillNormals(new Float32Array(4 * hop), { seed: 5, step }), [1, 4 * hop]);
  const sampler = (levels: readonly [number, number]): Parameters<typeof sampledEstimate>[1] => ({
    pulses: normals(1),
    voicing: tf.fill([1, 4, hop], 0.5),
    breath: normals(2),
    startNoise: normals(3),
    firstLevel: tf.tensor1d([levels[0]]),
    secondLevel: tf.tensor1d([levels[1]]),
  });
  const seen: { z: Float32Array; level: number }[] = [];
  const estimateAt = (z: tf.Tensor, logSnr: tf.Tensor): tf.Tensor => {
    seen.push({ z: z.dataSync<"float32">(), level: logSnr.dataSync()[0] });
    return tf.mul(z, 0.5);
  };
  beforeAll(() => tf.setBackend("cpu"));
  beforeEach(() => {
    seen.length = 0;
  });

  it("are DDIM's between its two levels", () => {
    sampledEstimate(createMdct(hop), sampler([-0.3, 3]), estimateAt);
    const { z, x0 } = ddimStep(-0.3, 3, 0);
    expect(seen.map(({ level }) => level)).toEqual([Math.fround(-0.3), 3]);
    seen[1].z.forEach((value, n) => {
      expect(value).toBeCloseTo(z * seen[0].z[n] + x0 * 0.5 * seen[0].z[n], 5);
    });
  });

  it("are one step where both levels are the same", () => {
    sampledEstimate(createMdct(hop), sampler([0.5, 0.5]), estimateAt);
    seen[1].z.forEach((value, n) => {
      expect(value).toBeCloseTo(seen[0].z[n], 5);
    });
  });

  it("start from the excitation, diffused to the first level: unit power stays", () => {
    sampledEstimate(createMdct(hop), sampler([0.5, 2]), estimateAt);
    const power = seen[0].z.reduce((sum, value) => sum + value ** 2, 0) / seen[0].z.length;
    expect(sqrtAlphaBarFromLogSnr(0.5) ** 2 + noiseScaleFromLogSnr(0.5) ** 2).toBeCloseTo(1, 12);
    expect(noisePowerFromLogSnr(0.5)).toBeGreaterThan(0.3);
    expect(power).toBeGreaterThan(0.7);
    expect(power).toBeLessThan(1.3);
  });
});
