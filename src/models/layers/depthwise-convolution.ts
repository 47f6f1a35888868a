// Convolutions of each channel by itself along the frames, zero-padded to equal length. One kernel by a name of its own:
// onnxruntime has it as a grouped Conv, seven times as fast as a sum over the taps of shifted slices, which every other
// engine computes. tfjs's own depthwiseConv2d has no gradient at dilations above 1.
import * as tf from "@tensorflow/tfjs-core";
import { uniformStart, type Weights, type WeightSpec } from "../weights.js";
import { type Composition, runComposition } from "./composite-kernel.js";
import { shifted } from "./convolution.js";

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
    x: () => convolve({ x: dy, weight: tf.reverse(weight, 0), bias: tf.zerosLike(bias) }, dilation),
    weight: () =>
      tf.stack(shifted(x, weight.shape[0], dilation).map((seen) => tf.sum(tf.mul(seen, dy), [0, 1]))),
    bias: () => tf.sum(dy, [0, 1]),
  }),
};

function convolve(inputs: Inputs, dilation: number): tf.Tensor {
  return runComposition(composition, inputs, { dilation });
}

/**
 * A convolution of each channel by itself: [batch, frames, channels] → the same.
 *
 * @param weights weight [taps, channels] with an odd number of taps, bias [channels]
 */
export function depthwiseConvolution(weights: Weights, x: tf.Tensor, dilation = 1): tf.Tensor {
  return convolve({ x, weight: weights("weight"), bias: weights("bias") }, dilation);
}

/** The weights of a depthwise convolution. */
export function depthwiseConvolutionWeights(taps: number, channels: number): WeightSpec[] {
  const start = uniformStart(taps);
  return [
    { name: "weight", shape: [taps, channels], start },
    { name: "bias", shape: [channels], start },
  ];
}
