// What a loss sees, in tfjs on one made-up crop: the quantities fit each other, and gradients flow through all of them.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { lossWeight } from "../../../src/diffusion/noise-prediction.js";
import { planFor } from "../../../src/diffusion/samplers/plan-for.js";
import { sampleIn } from "../../../src/diffusion/samplers/sampling-plan.js";
import { scheduleByName } from "../../../src/diffusion/schedules/named-schedules.js";
import type { TensorValue } from "../../../src/engine/engine.js";
import { findPreset } from "../../../src/mel/presets.js";
import { tensorSpace } from "../../../src/models/layers/prediction.js";
import { weightsOf, type Weights } from "../../../src/models/weights.js";
import { defaultTrainConfig, type TrainConfig } from "../../../src/training/config.js";
import { waveGradTrainConfig } from "../../support/wavegrad-settings.js";
import { prepareCrops } from "../../../src/training/crops.js";
import { type LossView, lossView } from "../../../src/training/losses/view.js";
import { createTrainingModel, type TrainingModel } from "../../../src/training/model.js";
import { initialise } from "../../../src/training/start-weights.js";
import { registerGradients } from "../../../src/training/step.js";
import { fixedCrops } from "../../support/fixed-crops.js";

beforeAll(async () => {
  await registerGradients();
  await tf.setBackend("cpu");
});

const format = findPreset("hifigan-22k-80");
const config: TrainConfig = {
  ...defaultTrainConfig,
  windowLengths: [1024, 64],
  channels: 6,
  expanded: 8,
  dilations: [1, 2],
  corrections: 1,
  levelWidth: 8,
  encoderChannels: 6,
  encoderExpanded: 8,
  encoderDilations: [1],
  batch: 1,
  cropFrames: 4,
};
const waveGrad: TrainConfig = {
  ...waveGradTrainConfig,
  melChannels: 8,
  waveChannels: 4,
  upsamplingChannels: [4, 4, 4, 4, 4],
  downsamplingChannels: [4, 4, 4, 4],
  batch: 1,
  cropFrames: 4,
};

const tensorOf = ({ data, shape }: TensorValue): tf.Tensor => tf.tensor(data, [...shape]);
const tensorsOf = (values: Readonly<Record<string, TensorValue>>): Record<string, tf.Tensor> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, tensorOf(value)]));

/** The denoiser's start weights, all a little off, so that no path is zero. */
function startOf({ denoiser }: TrainingModel): Record<string, tf.Tensor> {
  const values = tensorsOf(initialise(denoiser.weights, 1));
  return Object.fromEntries(
    Object.entries(values).map(([name, value], index) => [
      name,
      tf.add(value, tf.randomNormal(value.shape, 0, 0.02, "float32", 1 + index)),
    ]),
  );
}

/** The view of one made-up crop at a level. */
function viewAt(model: TrainingModel, run: TrainConfig, logSnr: number, weights: Weights): LossView {
  const { samples, mel, gain, ...given } = tensorsOf(fixedCrops(model, run, [logSnr]));
  const prior = weightsOf(tensorsOf(initialise(model.prior?.weights ?? [], 1)));
  const crops = prepareCrops(model, prior, { samples, mel, gain: tf.add(gain, 0.1) });
  const { noise, logSnr: level, heard } = given;
  return lossView(model, weights, crops, { noise, logSnr: level, heard });
}

/** Largest difference, relative to the largest value. */
function difference(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => tf.div(tf.max(tf.abs(tf.sub(a, b))), tf.max(tf.abs(b))).dataSync()[0]);
}

describe("a loss sees", () => {
  it.each([
    ["mask-net", config],
    ["wavegrad", waveGrad],
  ])("of a %s an x̂₀ and an ε̂ that make up z, and their waveform", async (_, run) => {
    const model = await createTrainingModel(run, format);
    const view = viewAt(model, run, 1, weightsOf(startOf(model)));
    const [kept, added] = [Math.sqrt(1 / (1 + Math.exp(-1))), Math.sqrt(1 / (1 + Math.exp(1)))];
    const mix = (signal: tf.Tensor, noise: tf.Tensor): tf.Tensor =>
      tf.add(tf.mul(signal, kept), tf.mul(noise, added));
    expect(difference(mix(view.clean, view.noise), view.z)).toBeLessThan(1e-6);
    expect(difference(mix(view.estimate, view.predictedNoise), view.z)).toBeLessThan(1e-5);
    expect(difference(view.waveformOf(view.estimate), view.waveform)).toBe(0);
    expect(difference(view.estimateOf(view.z, view.logSnr), view.estimate)).toBe(0);
    // the clean signal's waveform is the recording with its gain
    const { cleanWaveform } = view;
    expect(cleanWaveform.shape).toEqual([1, 4 * 256]);
    if (model.prior) return;
    expect(view.sigma).toBeUndefined();
    expect(difference(view.clean, cleanWaveform)).toBe(0);
  });

  it("of a mask-net a whitened signal that the mel's σ colours back to the recording", async () => {
    const model = await createTrainingModel(config, format);
    const view = viewAt(model, config, 1, weightsOf(startOf(model)));
    // the MDCT's first and last frame lose what lies beyond the crop: between them all is there
    const middle = (x: tf.Tensor): tf.Tensor => tf.slice(x, [0, 384], [1, 256]);
    expect(difference(middle(view.waveformOf(view.clean)), middle(view.cleanWaveform))).toBeLessThan(1e-4);
  });
});

describe("the noise-prediction loss", () => {
  it.each([
    ["mask-net", config, "l2"],
    ["wavegrad", waveGrad, "l1"],
  ] as const)("of a %s counts a level as much as diffusion's weighting says", async (_, run, norm) => {
    const model = await createTrainingModel(run, format);
    const weights = weightsOf(startOf(model));
    const [{ loss }] = model.losses;
    const lossAt = (levelWeight?: number): number => {
      const view = viewAt(model, run, -2, weights);
      const given = levelWeight === undefined ? undefined : tf.tensor1d([levelWeight]);
      return loss
        .value({ ...view, predictedNoise: view.predictedNoise, levelWeight: given }, weightsOf({}))
        .loss.dataSync()[0];
    };
    const weight = lossWeight("x0", -2, norm);
    expect(lossAt(weight) / lossAt()).toBeCloseTo(weight, 4);
  });
});

describe("a plan of two steps in training", () => {
  const plan = planFor("ddim", scheduleByName("logsnr-2"));

  it("lets gradients through both steps, as finite differences say", async () => {
    const model = await createTrainingModel(config, format);
    const start = startOf(model);
    const names = Object.keys(start);
    let passes = 0;
    /** The squared error of what the plan makes of noise; `isCut` stops the gradient between the steps. */
    const lossOf =
      (isCut: boolean) =>
      (...tensors: tf.Tensor[]): tf.Scalar => {
        const weights = weightsOf(Object.fromEntries(names.map((name, index) => [name, tensors[index]])));
        const view = viewAt(model, config, plan.steps[0].logSnr, weights);
        const estimate = (z: tf.Tensor, logSnr: number): tf.Tensor => {
          passes++;
          const made = view.estimateOf(z, tf.tensor1d([logSnr]));
          return isCut && logSnr === plan.steps[0].logSnr ? tf.tensor(made.dataSync(), made.shape) : made;
        };
        const made = sampleIn(tensorSpace, plan, estimate, view.z, () => view.noise);
        return tf.mean(tf.square(tf.sub(made, view.clean)));
      };
    const weights = names.map((name) => start[name]);
    const { grads } = tf.valueAndGrads(lossOf(false))(weights);
    expect(passes).toBe(2);
    const norm = tf.sqrt(tf.addN(grads.map((grad) => tf.sum(tf.square(grad))))).dataSync()[0];
    const along = (distance: number): number =>
      tf.tidy(() => {
        const moved = weights.map((weight, index) => tf.add(weight, tf.mul(grads[index], distance / norm)));
        return lossOf(false)(...moved).dataSync()[0];
      });
    // along the gradient the loss rises by its norm; a missing path would make it rise by more
    const step = 3e-3;
    const slope = (along(step) - along(-step)) / (2 * step);
    expect(Math.abs(slope - norm)).toBeLessThan(0.02 * norm);

    const cut = tf.valueAndGrads(lossOf(true))(weights).grads;
    const apart = tf
      .addN(grads.map((grad, index) => tf.sum(tf.square(tf.sub(grad, cut[index])))))
      .dataSync()[0];
    expect(Math.sqrt(apart)).toBeGreaterThan(0.01 * norm);
  });
});
