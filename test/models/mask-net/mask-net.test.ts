import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeMel } from "../../../src/models/layers/conv-next-block.js";
import { inversePermutation, levelEmbedding, permute } from "../../../src/models/layers/linear.js";
import {
  maskNetEstimate,
  maskNetFeatures,
  type MaskNetInputs,
  maskNetNoise,
  melResidual,
} from "../../../src/models/mask-net/graph.js";
import { featureCount, maskNetWeights, outputCount } from "../../../src/models/mask-net/shape.js";
import { colour } from "../../../src/models/prior/graph.js";
import { weightCount, type Weights, weightsOf, within } from "../../../src/models/weights.js";
import { expectGolden, goldenTensor } from "../../support/golden.js";
import { asTensors, goldenConfig, goldenNet, goldenWeights } from "../../support/golden-model.js";

let weights: Weights;

function inputsAt(logSnr: number): MaskNetInputs {
  return {
    z: goldenTensor("net.z"),
    logSnr: tf.tensor1d([logSnr]),
    mel: goldenTensor("mel"),
    sigma: tf.exp(goldenTensor("prior.logSigma")),
    encoded: goldenTensor("net.encoded"),
  };
}

describe("mask-net", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
    weights = weightsOf(asTensors(goldenWeights("net")));
  });

  it("encodes the reference's mel", () => {
    const encoded = encodeMel(goldenConfig.encoder, within(weights, "encoder"), goldenTensor("mel"));
    expectGolden(encoded, "net.encoded");
  });

  it("embeds the level", () => {
    expectGolden(levelEmbedding(within(weights, "level"), tf.tensor1d([3])), "net.levelEmbedding.lambda3");
  });

  it("sees the reference's log powers and mel residual", () => {
    const { z, sigma, mel } = inputsAt(0);
    const byFrequency = inversePermutation(goldenNet.featureOrder);
    expectGolden(permute(maskNetFeatures(goldenNet, z), byFrequency, 2), "net.features");
    expectGolden(melResidual(goldenNet, colour(goldenNet.mdct, z, sigma), mel), "net.melResidual");
  });

  it.each([-4, 0, 3])("predicts the reference's noise at log-SNR %i", (logSnr) => {
    expectGolden(maskNetNoise(goldenNet, weights, inputsAt(logSnr)), `net.noise.lambda${logSnr}`);
  });

  it("is the best Gaussian denoiser while its output layer is zero", () => {
    const zeroed: Weights = (name) =>
      name.startsWith("output.") ? tf.zerosLike(weights(name)) : weights(name);
    const inputs = inputsAt(1);
    const alphaBar = 1 / (1 + Math.exp(-1));
    const expected = tf.mul(inputs.z, Math.sqrt(alphaBar));
    const difference = tf.max(tf.abs(tf.sub(maskNetEstimate(goldenNet, zeroed, inputs), expected)));
    expect(difference.dataSync()[0]).toBeLessThan(1e-6);
  });

  it("treats each item of a batch by itself", () => {
    const levels = [-4, 3];
    const both = Object.fromEntries(
      Object.entries(inputsAt(0)).map(([name, value]) => [name, tf.concat([value, value], 0)]),
    ) as unknown as MaskNetInputs;
    const noise = maskNetNoise(goldenNet, weights, { ...both, logSnr: tf.tensor1d(levels) });
    levels.forEach((level, item) => {
      expectGolden(tf.slice(noise, [item, 0], [1, noise.shape[1]!]), `net.noise.lambda${level}`);
    });
  });

  it("lists exactly the weights that the reference has", () => {
    const specs = maskNetWeights(goldenConfig, 80, 256);
    const reference = goldenWeights("net");
    expect(specs.map(({ name }) => name).sort()).toEqual(Object.keys(reference).sort());
    for (const { name, shape } of specs) expect(reference[name].shape, name).toEqual(shape);
  });

  it("has the weights that its shape says", () => {
    const config = { ...goldenConfig, channels: 320, expanded: 960, dilations: [1, 2, 4, 1, 2] };
    expect(featureCount(config, 256)).toBe(1557);
    expect(outputCount(config, 80, 256)).toBe(3594);
    const encoder = { channels: 256, expanded: 768, dilations: [1, 2, 4, 1] };
    expect(weightCount(maskNetWeights({ ...config, encoder }, 80, 256))).toBe(7_383_946);
  });
});
