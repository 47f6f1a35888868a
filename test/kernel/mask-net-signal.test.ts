import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { fillNormals } from "../../src/diffusion/noise.js";
import { inversePermutation, permute } from "../../src/models/layers/linear.js";
import {
  createMaskNet,
  maskNetEstimate,
  maskNetFeatures,
  type MaskNetInputs,
  maskNetTrunk,
} from "../../src/models/mask-net/graph.js";
import { type MaskNetConfig, maskNetWeights } from "../../src/models/mask-net/shape.js";
import { type Weights, weightsOf } from "../../src/models/weights.js";
import { MaskNetSignal } from "../../src/kernel/mask-net-signal.js";
import { expectGolden, goldenShape, goldenValues } from "../support/golden.js";
import { asTensors, goldenConfig, goldenFormat, goldenWeights } from "../support/golden-model.js";

const { bands, hopLength } = goldenFormat;

/** Normal numbers times a factor. */
function normals(count: number, step: number, factor = 1): Float32Array {
  return fillNormals(new Float32Array(count), { seed: 7, step }).map((value) => factor * value);
}

/** A network with random weights, its output layer's too. */
function randomWeights(config: MaskNetConfig): Weights {
  const specs = maskNetWeights(config, bands, hopLength);
  const entries = specs.map(({ name, shape }, index): [string, tf.Tensor] => {
    const inputs = shape.length > 1 ? shape.slice(0, -1).reduce((product, size) => product * size, 1) : 1;
    const size = shape.reduce((product, one) => product * one, 1);
    const factor = shape.length > 1 ? 1 / Math.sqrt(inputs) : 0.1;
    return [name, tf.tensor(normals(size, index, factor), [...shape])];
  });
  return weightsOf(Object.fromEntries(entries));
}

/** Random inputs; the mel is near what the noise has, so that residuals are not all clipped. */
function randomInputs(frames: number, logSnr: number, channels: number): MaskNetInputs & { arrays: Arrays } {
  const arrays = {
    z: normals(frames * hopLength, 101),
    sigma: normals(frames * hopLength, 102, 0.5).map((value) => Math.exp(value - 3)),
    mel: normals(frames * bands, 103, 0.5).map((value) => value - 2.5),
  };
  return {
    arrays,
    z: tf.tensor(arrays.z, [1, frames * hopLength]),
    sigma: tf.tensor(arrays.sigma, [1, frames, hopLength]),
    mel: tf.tensor(arrays.mel, [1, frames, bands]),
    logSnr: tf.tensor1d([logSnr]),
    encoded: tf.tensor(normals(frames * channels, 104, 0.3), [1, frames, channels]),
  };
}

type Arrays = Record<"z" | "sigma" | "mel", Float32Array>;

/** The trunk by frequency on the features that the kernel gave. */
function runTrunk(
  config: MaskNetConfig,
  weights: Weights,
  features: Float32Array,
  { logSnr, encoded }: Pick<MaskNetInputs, "logSnr" | "encoded">,
): Float32Array {
  const net = createMaskNet(config, goldenFormat);
  const [batch, frames] = encoded.shape;
  const shaped = tf.tensor(features, [batch, frames, features.length / frames]);
  return maskNetTrunk(net, weights, { features: shaped, logSnr, encoded }).dataSync() as Float32Array;
}

function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = 0;
  let difference = 0;
  expect(actual.length).toBe(expected.length);
  for (let index = 0; index < expected.length; index++) {
    largest = Math.max(largest, Math.abs(expected[index]));
    const one = Math.abs(actual[index] - expected[index]);
    difference = Number.isNaN(one) ? Infinity : Math.max(difference, one);
  }
  return difference / largest;
}

describe("the fast signal path", () => {
  let weights: Weights;
  let signal: MaskNetSignal;

  beforeAll(async () => {
    await tf.setBackend("cpu");
    weights = randomWeights(goldenConfig);
    signal = await MaskNetSignal.create(goldenConfig, goldenFormat);
  });

  // a tile may be longer or shorter than the one before
  const cases = [
    [7, -6],
    [1, 0],
    [2, 8],
    [3, 3],
    [40, 8],
    [7, 5],
  ];
  it.each(cases)("equals the network's definition on %i frames at log-SNR %i", (frames, logSnr) => {
    const inputs = randomInputs(frames, logSnr, goldenConfig.channels);
    const features = signal.analyse({ ...inputs.arrays, logSnr });
    signal.output.set(runTrunk(goldenConfig, weights, features, inputs));
    const estimate = signal.synthesise();
    const expected = maskNetEstimate(createMaskNet(goldenConfig, goldenFormat), weights, inputs);
    expect(relativeError(estimate, expected.dataSync())).toBeLessThan(1e-4);
  });

  it("gives the log powers by frequency", () => {
    const frames = 5;
    const inputs = randomInputs(frames, 0, goldenConfig.channels);
    const columns = signal.featureColumns;
    const features = signal.analyse({ ...inputs.arrays, logSnr: 0 });
    const net = createMaskNet(goldenConfig, goldenFormat);
    const inOrder = maskNetFeatures(net, inputs.z);
    const expected = permute(inOrder, inversePermutation(net.featureOrder), 2).dataSync();
    const powers = Float32Array.from({ length: expected.length }, (_, index) => {
      const count = columns - bands;
      return features[Math.floor(index / count) * columns + (index % count)];
    });
    expect(relativeError(powers, expected)).toBeLessThan(1e-5);
  });
  it.each([
    { windowLengths: [1024], corrections: 0 },
    { windowLengths: [1024, 512, 128, 16], corrections: 1 },
  ])("does other windows and numbers of corrections: %o", async (shape) => {
    const config = { ...goldenConfig, ...shape };
    const held = randomWeights(config);
    const inputs = randomInputs(6, 2, config.channels);
    const path = await MaskNetSignal.create(config, goldenFormat);
    const features = path.analyse({ ...inputs.arrays, logSnr: 2 });
    path.output.set(runTrunk(config, held, features, inputs));
    const estimate = path.synthesise();
    const expected = maskNetEstimate(createMaskNet(config, goldenFormat), held, inputs);
    expect(relativeError(estimate, expected.dataSync())).toBeLessThan(1e-4);
  });

  it.each([-4, 0, 3])("leads to the reference's noise at log-SNR %i", async (logSnr) => {
    const golden = weightsOf(asTensors(goldenWeights("net")));
    // the reference was made without the epsilon under the magnitude's root
    const path = await MaskNetSignal.create(goldenConfig, goldenFormat, 0);
    const z = goldenValues("net.z");
    const sigma = goldenValues("prior.logSigma").map((value) => Math.exp(value));
    const features = path.analyse({ z, sigma, mel: goldenValues("mel"), logSnr });
    const encoded = tf.tensor(goldenValues("net.encoded"), [1, ...goldenShape("net.encoded")]);
    path.output.set(runTrunk(goldenConfig, golden, features, { logSnr: tf.tensor1d([logSnr]), encoded }));
    const estimate = path.synthesise();
    const alphaBar = 1 / (1 + Math.exp(-logSnr));
    const noise = z.map((value, n) => (value - Math.sqrt(alphaBar) * estimate[n]) / Math.sqrt(1 - alphaBar));
    expectGolden(noise, `net.noise.lambda${logSnr}`);
  });

  it.each([
    [{ windowLengths: [1024, 300] }, {}, /window 300/],
    [{ windowLengths: [512] }, {}, /first window is 512/],
    [{}, { hopLength: 300, fftSize: 1200 }, /hop is 300/],
    [{}, { bands: 78 }, /78 bands/],
  ])("refuses what it cannot do: %o %o", async (shape, format, reason) => {
    const config = { ...goldenConfig, ...shape };
    const other = { ...goldenFormat, ...format };
    expect(MaskNetSignal.isSupported(config, other)).toBe(false);
    await expect(MaskNetSignal.create(config, other)).rejects.toThrow(reason);
  });
});
