// A ConvNeXt block along the frames (Liu et al. 2022): depthwise convolution over 7 frames, LayerNorm, a wide layer
// with GELU, back, and a gain per channel on what is added to the input. The noise level may scale and shift the
// normalised rows (FiLM, Perez et al. 2018).
import * as tf from "@tensorflow/tfjs-core";
import { type Weights, within } from "../weights.js";
import { depthwiseConvolution } from "./convolution.js";
import { gelu, layerNorm } from "./composites.js";
import { linear } from "./linear.js";

/**
 * One block: [batch, frames, channels] → the same.
 *
 * @param level [batch, levelWidth] for a block that sees the level
 */
export function convNextBlock(
  weights: Weights,
  x: tf.Tensor,
  dilation: number,
  level?: tf.Tensor,
): tf.Tensor {
  const mixed = depthwiseConvolution(within(weights, "depthwise"), x, dilation);
  const normalised = level ? normByLevel(weights, mixed, level) : norm(within(weights, "norm"), mixed);
  const wide = gelu(linear(within(weights, "up"), normalised));
  return tf.add(x, tf.mul(linear(within(weights, "down"), wide), weights("gain")));
}

/** LayerNorm with weights of its own: [… , channels]. */
export function norm(weights: Weights, x: tf.Tensor): tf.Tensor {
  return layerNorm(x, weights("scale"), weights("shift"));
}

/** LayerNorm without weights, then ·(1 + scale) + shift by the level. */
function normByLevel(weights: Weights, x: tf.Tensor, level: tf.Tensor): tf.Tensor {
  const [batch, , channels] = x.shape;
  const modulation = linear(within(weights, "level"), level);
  const scale = tf.add(tf.slice(modulation, [0, 0], [batch, channels]), 1);
  const shift = tf.slice(modulation, [0, channels], [batch, channels]);
  // one item has one level: then it is a LayerNorm with weights, a single operator
  if (batch === 1) return layerNorm(x, tf.reshape(scale, [channels]), tf.reshape(shift, [channels]));
  const rows = layerNorm(x, tf.ones([channels]), tf.zeros([channels]));
  const each = [batch, 1, channels];
  return tf.add(tf.mul(rows, tf.reshape(scale, each)), tf.reshape(shift, each));
}
