// The convolutions against sums written out: values, and gradients where tfjs refuses its own.
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import {
  convolution,
  depthwiseConvolution,
  stridedConvolution,
} from "../../../src/models/layers/convolution.js";
import { repeatFrames } from "../../../src/models/wavegrad/graph.js";
import type { Weights } from "../../../src/models/weights.js";
import { randomValue } from "../../engine/values.js";

function random(seed: number, shape: number[]): tf.Tensor {
  return tf.tensor(randomValue(seed, shape).data, shape);
}

/** Σ over taps of the frames that `frameOf` names, zeros outside, in tfjs ops that have gradients. */
function bySums(
  x: tf.Tensor,
  weight: tf.Tensor,
  bias: tf.Tensor,
  count: number,
  frameOf: (place: number, tap: number) => number,
): tf.Tensor {
  const [taps, inputs, outputs] = weight.shape;
  const places = Array.from({ length: count }, (_, place) => {
    const terms = Array.from({ length: taps }, (_, tap) => {
      const frame = frameOf(place, tap);
      if (frame < 0 || frame >= x.shape[1]!) return tf.zeros([x.shape[0], outputs]);
      const seen = tf.reshape(tf.slice(x, [0, frame, 0], [x.shape[0], 1, inputs]), [-1, inputs]);
      return tf.matMul(
        seen,
        tf.reshape(tf.slice(weight, [tap, 0, 0], [1, inputs, outputs]), [inputs, outputs]),
      );
    });
    return tf.add(tf.addN(terms), bias);
  });
  return tf.stack(places, 1);
}

function expectSameWithGradients(
  actual: (...tensors: tf.Tensor[]) => tf.Tensor,
  expected: (...tensors: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
): void {
  // squared, so that the incoming gradient differs from element to element
  const run = (fn: typeof actual): tf.Tensor[] => [
    fn(...inputs),
    ...tf.grads((...given: tf.Tensor[]) => tf.sum(tf.square(fn(...given))))(inputs),
  ];
  const wanted = run(expected);
  run(actual).forEach((tensor, index) => {
    expect(tensor.shape).toEqual(wanted[index].shape);
    expect(tf.max(tf.abs(tf.sub(tensor, wanted[index]))).dataSync()[0]).toBeLessThan(1e-4);
  });
}

function named(weight: tf.Tensor, bias: tf.Tensor): Weights {
  return (name) => (name === "weight" ? weight : bias);
}

describe("values and gradients equal the sums written out for convolutions", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it.each([
    [1, 1],
    [3, 1],
    [3, 2],
    [3, 8],
    [5, 3],
  ])("of %i taps at dilation %i", (taps, dilation) => {
    const inputs = [random(1, [2, 7, 3]), random(2, [taps, 3, 4]), random(3, [4])];
    expectSameWithGradients(
      (x, weight, bias) => convolution(named(weight, bias), x, dilation),
      (x, weight, bias) =>
        bySums(x, weight, bias, 7, (place, tap) => place + (tap - (taps - 1) / 2) * dilation),
      inputs,
    );
  });

  it.each([
    [1, 2],
    [1, 5],
    [3, 1],
    [3, 2],
    [3, 3],
    [3, 4],
    [5, 2],
  ])("of %i taps at stride %i", (taps, stride) => {
    const inputs = [random(1, [2, 4 * stride, 3]), random(2, [taps, 3, 2]), random(3, [2])];
    expectSameWithGradients(
      (x, weight, bias) => stridedConvolution(named(weight, bias), x, stride),
      (x, weight, bias) =>
        bySums(
          x,
          weight,
          bias,
          4,
          (place, tap) => place * stride + Math.floor(stride / 2) + tap - (taps - 1) / 2,
        ),
      inputs,
    );
  });

  // a depthwise convolution is a dense one whose matrices are diagonal
  it.each([
    [1, 1],
    [3, 1],
    [7, 2],
    [7, 4],
  ])("of each channel by %i taps at dilation %i", (taps, dilation) => {
    const inputs = [random(1, [2, 8, 3]), random(2, [taps, 3]), random(3, [3])];
    expectSameWithGradients(
      (x, weight, bias) => depthwiseConvolution(named(weight, bias), x, dilation),
      (x, weight, bias) =>
        bySums(
          x,
          tf.mul(tf.expandDims(weight, 1), tf.eye(3)),
          bias,
          8,
          (place, tap) => place + (tap - (taps - 1) / 2) * dilation,
        ),
      inputs,
    );
  });

  it("that repeat frames", () => {
    const x = tf.tensor([1, 2, 3, 4], [1, 2, 2]);
    expect(repeatFrames(x, 3).arraySync()).toEqual([
      [
        [1, 2],
        [1, 2],
        [1, 2],
        [3, 4],
        [3, 4],
        [3, 4],
      ],
    ]);
    const gradient = tf.grad((given) => tf.sum(tf.mul(repeatFrames(given, 3), random(5, [1, 6, 2]))))(x);
    const terms = random(5, [1, 6, 2]).reshape([2, 3, 2]).sum(1).dataSync();
    gradient.dataSync().forEach((value, index) => {
      expect(value).toBeCloseTo(terms[index], 5);
    });
  });
});
