import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { adamWStep, biasCorrection } from "../../../src/training/optimiser/optimiser.js";
import { randomValue } from "../../engine/values.js";

beforeAll(() => tf.setBackend("cpu"));

const size = 12;
const STEPS = 25;
const settings = { beta1: 0.9, beta2: 0.99, weightDecay: 0.03 };
const rateAt = (step: number): number => 0.01 * (1 - step / 40);
/** Gradients over six orders of magnitude, the last always 0. */
const gradientAt = (step: number): number[] =>
  Array.from(randomValue(step + 1, [size]).data, (value, i) => (i === size - 1 ? 0 : value * 10 ** -(i / 2)));
const start = Array.from(randomValue(99, [size]).data);

/** Algorithm 2 of Loshchilov & Hutter 2019 in float64. */
function reference(weightDecay: number): number[] {
  const weight = [...start];
  const mean = new Array<number>(size).fill(0);
  const square = new Array<number>(size).fill(0);
  for (let step = 0; step < STEPS; step++) {
    gradientAt(step).forEach((gradient, i) => {
      mean[i] = 0.9 * mean[i] + 0.1 * gradient;
      square[i] = 0.99 * square[i] + 0.01 * gradient * gradient;
      const unbiasedMean = mean[i] / (1 - 0.9 ** (step + 1));
      const unbiasedSquare = square[i] / (1 - 0.99 ** (step + 1));
      const change = unbiasedMean / (Math.sqrt(unbiasedSquare) + 1e-8) + weightDecay * weight[i];
      weight[i] -= rateAt(step) * change;
    });
  }
  return weight;
}

function ours(weightDecay: number): Float32Array {
  let state = { weight: tf.tensor1d(start), mean: tf.zeros([size]), square: tf.zeros([size]) } as {
    weight: tf.Tensor;
    mean: tf.Tensor;
    square: tf.Tensor;
  };
  for (let step = 0; step < STEPS; step++) {
    state = adamWStep(
      state.weight,
      tf.tensor1d(gradientAt(step)),
      state,
      { ...settings, weightDecay },
      {
        learningRate: tf.scalar(rateAt(step)),
        correction1: tf.scalar(biasCorrection(0.9, step + 1)),
        correction2: tf.scalar(biasCorrection(0.99, step + 1)),
      },
    );
  }
  return state.weight.dataSync() as Float32Array;
}

describe("AdamW", () => {
  it.each([0, 0.03])("follows its definition in float64 with weight decay %f", (weightDecay) => {
    const expected = reference(weightDecay);
    // 25 changes of up to 0.01, each rounded to float32 a few times
    ours(weightDecay).forEach((value, i) => {
      expect(Math.abs(value - expected[i])).toBeLessThan(2e-6);
    });
  });

  it("leaves a weight without gradient to the decay alone", () => {
    const shrunk = Array.from({ length: STEPS }, (_, step) => 1 - 0.03 * rateAt(step)).reduce(
      (a, b) => a * b,
    );
    expect(ours(0)[size - 1]).toBe(Math.fround(start[size - 1]));
    expect(ours(0.03)[size - 1]).toBeCloseTo(start[size - 1] * shrunk, 6);
  });

  it("makes a first step of the learning rate whatever the gradient's size", () => {
    const one = { learningRate: tf.scalar(0.01), correction1: tf.scalar(0.1), correction2: tf.scalar(0.01) };
    const gradient = tf.tensor1d([1e-4, -3, 200]);
    const zeros = tf.zeros([3]);
    const moments = { mean: zeros, square: zeros };
    const { weight } = adamWStep(zeros, gradient, moments, { ...settings, weightDecay: 0 }, one);
    const steps = [-0.01, 0.01, -0.01];
    weight.dataSync().forEach((value, i) => {
      expect(value / steps[i]).toBeCloseTo(1, 3);
    });
  });

  it("knows by how much a moment is too small", () => {
    expect(biasCorrection(0.9, 1)).toBeCloseTo(0.1, 12);
    expect(biasCorrection(0.9, 2)).toBeCloseTo(0.19, 12);
    expect(biasCorrection(0.99, 1000)).toBeCloseTo(1, 4);
  });
});
