// Dense convolutions along the frames, zero-padded to equal length: tfjs's conv2d, which engines know as one operator,
// with a gradient of its own, since tfjs's refuses dilations above 1.
import * as tf from "@tensorflow/tfjs-core";
import type { Weights } from "../weights.js";
import { type Composition, runComposition } from "./composites.js";

/** The slices x[t + (k − (taps−1)/2)·dilation] for each tap k, zeros outside: taps × [batch, frames, channels]. */
function shifted(x: tf.Tensor, taps: number, dilation: number): tf.Tensor[] {
  const reach = ((taps - 1) / 2) * dilation;
  const padded = tf.pad(x, [
    [0, 0],
    [reach, reach],
    [0, 0],
  ]);
  return Array.from({ length: taps }, (_, tap) => tf.slice(padded, [0, tap * dilation, 0], x.shape));
}

/** conv2d of height 1: [batch, frames, inputs] → [batch, result frames, outputs]. */
function convolve(
  x: tf.Tensor,
  weight: tf.Tensor,
  pad: "same" | "valid",
  stride: number,
  dilation: number,
): tf.Tensor {
  const image = tf.expandDims<tf.Tensor4D>(x, 1);
  const filter = tf.expandDims<tf.Tensor4D>(weight, 0);
  return tf.squeeze(tf.conv2d(image, filter, [1, stride], pad, "NHWC", [1, dilation]), [1]);
}

/** The products of a dense convolution, without bias, with a gradient at every dilation. */
function products(x: tf.Tensor, weight: tf.Tensor, dilation: number): tf.Tensor {
  const run = tf.customGrad((...args) => {
    const [input, filter, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([input, filter]);
    return {
      value: convolve(input, filter, "same", 1, dilation),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        inputGradient(dy, saved[1], dilation),
        weightGradient(dy, saved[0], saved[1].shape[0], dilation),
      ],
    };
  });
  return run(x, weight);
}

/** A convolution's adjoint: the one with the taps reversed, inputs and outputs exchanged. */
function inputGradient(dy: tf.Tensor, weight: tf.Tensor, dilation: number): tf.Tensor {
  return convolve(dy, tf.transpose(tf.reverse(weight, 0), [0, 2, 1]), "same", 1, dilation);
}

/** For each tap the product of what it saw with what came of it. [taps, inputs, outputs] */
function weightGradient(dy: tf.Tensor, x: tf.Tensor, taps: number, dilation: number): tf.Tensor {
  const rows = (values: tf.Tensor): tf.Tensor2D => tf.reshape(values, [-1, values.shape[2]!]);
  const errors = rows(dy);
  return tf.stack(shifted(x, taps, dilation).map((seen) => tf.matMul(rows(seen), errors, true)));
}

/**
 * A dense convolution: [batch, frames, inputs] → [batch, frames, outputs].
 *
 * @param weights weight [taps, inputs, outputs] with an odd number of taps, bias [outputs]
 */
export function convolution(weights: Weights, x: tf.Tensor, dilation = 1): tf.Tensor {
  return tf.add(products(x, weights("weight"), dilation), weights("bias"));
}

/**
 * A dense convolution that gives one frame for every `stride` of its input, which it sees around frame ⌊stride/2⌋ of
 * them: [batch, frames·stride, inputs] → [batch, frames, outputs].
 *
 * @param weights weight [taps, inputs, outputs] with an odd number of taps, bias [outputs]
 */
export function stridedConvolution(weights: Weights, x: tf.Tensor, stride: number): tf.Tensor {
  const weight = weights("weight");
  const half = (weight.shape[0] - 1) / 2;
  const centre = Math.floor(stride / 2);
  const [batch, frames, inputs] = x.shape;
  const unseen = Math.max(0, centre - half);
  const seen = unseen === 0 ? x : tf.slice(x, [0, unseen, 0], [batch, frames - unseen, inputs]);
  const [before, after] = [Math.max(0, half - centre), Math.max(0, centre + half - stride + 1)];
  const padded =
    before + after === 0
      ? seen
      : tf.pad(seen, [
          [0, 0],
          [before, after],
          [0, 0],
        ]);
  return tf.add(convolve(padded, weight, "valid", stride, 1), weights("bias"));
}

// Convolutions of each channel by itself along the frames, zero-padded to equal length. One kernel by a name of its own:
// onnxruntime has it as a grouped Conv, seven times as fast as a sum over the taps of shifted slices, which every other
// engine computes. tfjs's own depthwiseConv2d has no gradient at dilations above 1.

interface Inputs {
  /** [batch, frames, channels] */
  readonly x: tf.Tensor;
  /** [taps, channels] */
  readonly weight: tf.Tensor;
  /** [channels] */
  readonly bias: tf.Tensor;
  readonly [name: string]: tf.Tensor;
}

const composition: Composition<Inputs, { dilation: number }> = {
  name: "DepthwiseConvolution",
  forward: ({ x, weight, bias }, { dilation }) => {
    const [taps, channels] = weight.shape;
    return shifted(x, taps, dilation).reduce<tf.Tensor>(
      (sum, slice, tap) => tf.add(sum, tf.mul(slice, tf.slice(weight, [tap, 0], [1, channels]))),
      bias,
    );
  },
  gradient: (dy, { x, weight, bias }, { dilation }) => ({
    // the adjoint is the convolution with the taps reversed
    x: () => depthwiseConvolve({ x: dy, weight: tf.reverse(weight, 0), bias: tf.zerosLike(bias) }, dilation),
    weight: () =>
      tf.stack(shifted(x, weight.shape[0], dilation).map((seen) => tf.sum(tf.mul(seen, dy), [0, 1]))),
    bias: () => tf.sum(dy, [0, 1]),
  }),
};

function depthwiseConvolve(inputs: Inputs, dilation: number): tf.Tensor {
  return runComposition(composition, inputs, { dilation });
}

/**
 * A convolution of each channel by itself: [batch, frames, channels] → the same.
 *
 * @param weights weight [taps, channels] with an odd number of taps, bias [channels]
 */
export function depthwiseConvolution(weights: Weights, x: tf.Tensor, dilation = 1): tf.Tensor {
  return depthwiseConvolve({ x, weight: weights("weight"), bias: weights("bias") }, dilation);
}
