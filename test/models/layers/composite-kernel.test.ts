// The composites against their definitions in plain tfjs ops, values and gradients.
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { gelu, layerNorm } from "../../../src/models/layers/composites.js";

function plainGelu(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
}

function plainLayerNorm(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), scale), shift);
}

function gradientsOf(fn: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]): number[] {
  // squared, so that the incoming gradient differs from element to element
  const tensors = tf.grads((...given: tf.Tensor[]) => tf.sum(tf.square(fn(...given))))(inputs);
  return tensors.flatMap((gradient) => Array.from(gradient.dataSync()));
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let index = 0; index < expected.length; index++) expect(actual[index]).toBeCloseTo(expected[index], 4);
}

describe("composites", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it("GELU has the values and gradients of its definition", () => {
    const x = tf.tensor([-3, -1.2, -0.4, 0, 0.3, 1, 2.5, 4], [2, 4]);
    expectClose(gelu(x).dataSync(), plainGelu(x).dataSync());
    expectClose(gradientsOf(gelu, [x]), gradientsOf(plainGelu, [x]));
  });

  it("layer normalisation has the values and gradients of its definition", () => {
    const x = tf.tensor([1, 2, 4, -1, 0.5, 3, 0, 0.1, -2, 7, 1, 1], [2, 2, 3]);
    const inputs = [x, tf.tensor([1, 0.5, -2]), tf.tensor([0, 1, 3])];
    const normalise = (...[given, scale, shift]: tf.Tensor[]): tf.Tensor => layerNorm(given, scale, shift);
    const plain = (...[given, scale, shift]: tf.Tensor[]): tf.Tensor => plainLayerNorm(given, scale, shift);
    expectClose(normalise(...inputs).dataSync(), plain(...inputs).dataSync());
    expectClose(gradientsOf(normalise, inputs), gradientsOf(plain, inputs));
  });

  it("leaves no tensors behind", () => {
    const x = tf.ones([2, 3]);
    const before = tf.memory().numTensors;
    gelu(x).dispose();
    layerNorm(x, x.slice([0, 0], [1, 3]).reshape([3]), tf.zeros([3])).dispose();
    // the three arguments of layerNorm stay with the caller
    expect(tf.memory().numTensors - before).toBe(3);
  });
});
