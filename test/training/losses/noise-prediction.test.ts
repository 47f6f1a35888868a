import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { findPreset } from "../../../src/mel/presets.js";
import { fillNormals } from "../../../src/diffusion/noise.js";
import { weightsOf } from "../../../src/models/weights.js";
import type { TensorValue } from "../../../src/engine/engine.js";
import { prepareCrops } from "../../../src/training/crops.js";
import { registerGradients } from "../../../src/training/step.js";
import { lossWeights } from "../../../src/training/losses/noise-prediction.js";
import { lossView } from "../../../src/training/losses/view.js";
import { defaultTrainConfig, type TrainConfig } from "../../../src/training/config.js";
import { initialise } from "../../../src/training/start-weights.js";
import { createTrainingModel } from "../../../src/training/model.js";
import { compileOn } from "../../support/engines.js";
import { fixedCrops } from "../../support/fixed-crops.js";

beforeAll(async () => {
  await registerGradients();
  await tf.setBackend("cpu");
});

describe("the weights of the training loss by frequency", () => {
  it("fall as 1/(1 + f/corner), with a mean of 1", () => {
    const weights = lossWeights(256, 22050, 1000);
    expect(weights.reduce((sum, weight) => sum + weight, 0) / 256).toBeCloseTo(1, 6);
    // bin k lies at (k + ½)·22050/512 Hz
    for (const bin of [0, 23, 255]) {
      const frequency = ((bin + 0.5) * 22050) / 512;
      const first = 0.5 * (22050 / 512);
      expect(weights[bin] / weights[0]).toBeCloseTo((1 + first / 1000) / (1 + frequency / 1000), 6);
    }
  });

  it("are all 1 without a corner", () => {
    expect(lossWeights(8, 22050, 0)).toEqual(new Float32Array(8).fill(1));
  });
});

const config: TrainConfig = {
  ...defaultTrainConfig,
  windowLengths: [1024, 64],
  channels: 6,
  expanded: 8,
  dilations: [1, 2],
  corrections: 2,
  levelWidth: 8,
  encoderChannels: 6,
  encoderExpanded: 8,
  encoderDilations: [1],
  batch: 1,
  cropFrames: 4,
};
const model = await createTrainingModel(config, findPreset("hifigan-22k-80"));
const names = model.denoiser.weights.map(({ name }) => name);

/** Start weights, and noise of 0.02 on all of them, so that no gradient is zero because the output is. */
function randomWeights(): Record<string, TensorValue> {
  const start = initialise(model.denoiser.weights, 1);
  return Object.fromEntries(
    Object.entries(start).map(([name, { data, shape }], step) => {
      const noise = fillNormals(new Float32Array(data.length), { seed: 23, step });
      return [name, { data: Float32Array.from(data, (value, i) => value + 0.02 * noise[i]), shape }];
    }),
  );
}

const tensorOf = ({ data, shape }: TensorValue): tf.Tensor => tf.tensor(data, [...shape]);

/** The loss of the fixed crops as a function of the network's weights in the order of `names`. */
function lossFunction(): (...tensors: tf.Tensor[]) => tf.Scalar {
  const given = fixedCrops(model, config, [1]);
  const prior = initialise(model.prior!.weights, 1);
  const priorTensors = Object.fromEntries(
    Object.entries(prior).map(([name, value]) => [name, tensorOf(value)]),
  );
  const crops = prepareCrops(model, weightsOf(priorTensors), {
    samples: tensorOf(given.samples),
    mel: tensorOf(given.mel),
    gain: tensorOf(given.gain),
  });
  const noise = tensorOf(given.noise);
  return (...tensors) => {
    const weights = weightsOf(Object.fromEntries(names.map((name, index) => [name, tensors[index]])));
    const logSnr = tensorOf(given.logSnr);
    const seen = lossView(model, weights, crops, { noise, logSnr, heard: tensorOf(given.heard) });
    return model.losses[0].loss.value(seen, weightsOf({})).loss as tf.Scalar;
  };
}

/** How far along a direction the differences are taken. */
const STEP = 1e-2;

describe("the gradient of the whole loss", () => {
  it("is that of finite differences along every kind of weight", async () => {
    const values = randomWeights();
    const loss = lossFunction();
    const weights = names.map((name) => tensorOf(values[name]));
    const { value, grads } = tf.valueAndGrads(loss)(weights);
    // the prior's 0.1 against mels of −1: far from the Gaussian answer, so that every path counts
    expect(value.dataSync()[0]).toBeGreaterThan(0.1);
    // the loss alone, which is wanted twice a weight, runs as a graph: tfjs takes a hundred times as long
    const inputs = Object.fromEntries(names.map((name) => [name, { shape: values[name].shape }]));
    const program = await compileOn(
      "graph",
      (given) => ({ loss: lossFunction()(...names.map((name) => given[name])) }),
      { inputs },
    );
    for (const [index, name] of names.entries()) {
      const gradient = grads[index].dataSync();
      const norm = Math.hypot(...gradient);
      // along the gradient the loss rises by its norm; where parts were missing it would rise by more than what is left
      const [above, below] = [
        await lossAlong(name, index, STEP / norm),
        await lossAlong(name, index, -STEP / norm),
      ];
      const slope = (above - below) / (2 * STEP);
      // a loss of 0.5 is rounded to some 1e−7, divided by the step; curvature adds its square, 1e−2 at the steepest
      expect(Math.abs(slope - norm), name).toBeLessThan(1e-5 + 0.02 * norm);
      expect(norm, name).toBeGreaterThan(5e-5);
      // and a part that is left out would be exactly 0, as taps at ±4 and ±6 frames are in a crop of 4
      const unseen = name === "blocks.1.depthwise.weight" ? 4 / 7 : 0;
      expect(gradient.filter((each) => each === 0).length / gradient.length, name).toBeLessThan(
        unseen + 0.01,
      );
    }

    async function lossAlong(name: string, index: number, factor: number): Promise<number> {
      const { data, shape } = values[name];
      const gradient = grads[index].dataSync();
      const moved = Float32Array.from(data, (value, i) => value + factor * gradient[i]);
      const { loss } = await program.run({ ...values, [name]: { data: moved, shape } });
      return loss.data[0];
    }
  });
});
