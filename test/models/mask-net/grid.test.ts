// mask-net in the form of exported graphs, as onnxruntime computes it, against the network that is trained.
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { fromGrid, toGrid } from "../../../src/models/layers/hop-grid.js";
import { createMaskNet, maskNetEstimate } from "../../../src/models/mask-net/graph.js";
import { createGridMaskNet, gridEstimate, gridWeights } from "../../../src/models/mask-net/grid.js";
import { weightsOf, type WeightValue } from "../../../src/models/weights.js";
import type { TensorValue } from "../../../src/engine/engine.js";
import { compileOn } from "../../support/engines.js";
import { expectGolden, goldenTensor } from "../../support/golden.js";
import {
  asTensors,
  goldenConfig,
  goldenFormat,
  goldenNet,
  goldenWeights,
} from "../../support/golden-model.js";

const weights = goldenWeights("net") as Record<string, WeightValue>;

/** Weights of a network with other windows or corrections: the reference's, as far as it has them. */
function cut(config: typeof goldenConfig): Record<string, WeightValue> {
  const before = weights["output.bias"].data.length;
  const columns = (data: Float32Array, width: number): Float32Array =>
    Float32Array.from({ length: (data.length / before) * width }, (_, i) => {
      return data[Math.floor(i / width) * before + (i % width)];
    });
  const count = config.windowLengths.reduce((sum, length) => sum + (1024 / length) * (length / 2 + 1), 0);
  const outputs = 2 * count + 160 * (1 + config.corrections);
  const inputs = count + 80;
  return {
    ...weights,
    "input.weight": {
      data: weights["input.weight"].data.slice(0, 16 * inputs),
      shape: [inputs, 16],
    },
    "output.weight": { data: columns(weights["output.weight"].data, outputs), shape: [16, outputs] },
    "output.bias": { data: weights["output.bias"].data.slice(0, outputs), shape: [outputs] },
  };
}

function inputs(): { z: tf.Tensor; mel: tf.Tensor; sigma: tf.Tensor; encoded: tf.Tensor } {
  const [z, mel, encoded] = ["net.z", "mel", "net.encoded"].map(goldenTensor);
  return { z, mel, sigma: tf.exp(goldenTensor("prior.logSigma")), encoded };
}

/** x̂₀, [1, T]. */
async function estimateByGrid(
  config: typeof goldenConfig,
  values: Record<string, WeightValue>,
  logSnr: number,
): Promise<tf.Tensor> {
  const net = createGridMaskNet(config, goldenFormat, 0);
  const placed = gridWeights(net, values);
  const given: Record<string, TensorValue> = Object.fromEntries(
    Object.entries(inputs()).map(([name, tensor]) => [
      name,
      { data: tensor.dataSync() as Float32Array, shape: tensor.shape },
    ]),
  );
  const program = await compileOn(
    "graph",
    ({ z, mel, sigma, encoded }, held) => {
      const [, frames, bins] = sigma.shape;
      const columns = {
        z: toGrid(z, 256),
        mel: tf.transpose(mel, [0, 2, 1]),
        sigma: tf.reshape(tf.transpose(sigma, [0, 2, 1]), [1, bins, 1, frames]),
        encoded,
      };
      return { x0: fromGrid(gridEstimate(net, placed, weightsOf(held), columns, logSnr)) };
    },
    {
      inputs: Object.fromEntries(Object.entries(given).map(([name, { shape }]) => [name, { shape }])),
      weights: placed,
    },
  );
  const { x0 } = await program.run(given);
  await program.dispose();
  return tf.tensor(x0.data, [...x0.shape]);
}

describe("a mask-net of grids", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it.each([-4, 0, 3])("predicts the reference's noise at log-SNR %i", async (logSnr) => {
    const estimate = await estimateByGrid(goldenConfig, weights, logSnr);
    const [signal, noise] = [logSnr, -logSnr].map((x) => Math.sqrt(1 / (1 + Math.exp(-x))));
    const predicted = tf.div(tf.sub(goldenTensor("net.z"), tf.mul(estimate, signal)), noise);
    expectGolden(predicted, `net.noise.lambda${logSnr}`);
  });

  it.each([
    ["one window", { ...goldenConfig, windowLengths: [1024] }],
    ["a window of half the longest", { ...goldenConfig, windowLengths: [1024, 512, 64] }],
    ["no corrections", { ...goldenConfig, corrections: 0 }],
  ])("estimates what the trained form does with %s", async (_, config) => {
    const values = cut(config);
    const { z, mel, sigma, encoded } = inputs();
    const net = createMaskNet(config, goldenFormat, 0);
    const given = { z, logSnr: tf.tensor1d([1]), mel, sigma, encoded };
    const expected = maskNetEstimate(net, weightsOf(asTensors(values)), given);
    const actual = await estimateByGrid(config, values, 1);
    const largest = tf.max(tf.abs(expected)).dataSync()[0];
    expect(tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0] / largest).toBeLessThan(1e-5);
  });

  it("is no other network than the one that is trained", () => {
    expect(createGridMaskNet(goldenConfig, goldenFormat).features.length).toBe(
      goldenNet.featureOrder.length + 1,
    );
  });
});
