// A ConvNeXt block along the frames (Liu et al. 2022): depthwise convolution over 7 frames, LayerNorm, a wide layer
// with GELU, back, and a gain per channel on what is added to the input. The noise level may scale and shift the
// normalised rows (FiLM, Perez et al. 2018).
import * as tf from "@tensorflow/tfjs-core";
import { type Weights, within } from "../weights.js";
import { convolution, depthwiseConvolution } from "./convolution.js";
import { gelu, layerNorm } from "./composites.js";
import { affineRows, linear } from "./linear.js";
import { type EncoderConfig, MEL_CENTRE, MEL_SPREAD } from "./shapes.js";

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
  return blockWith(weights, x, dilation, (mixed) =>
    level ? normByLevel(weights, mixed, level) : norm(within(weights, "norm"), rowsOf(mixed)),
  );
}

/** The same where the level's scale and shift [channels] are known, 1 being in the scale. */
export function convNextBlockAt(
  weights: Weights,
  x: tf.Tensor,
  dilation: number,
  { scale, shift }: { scale: tf.Tensor; shift: tf.Tensor },
): tf.Tensor {
  return blockWith(weights, x, dilation, (mixed) => layerNorm(rowsOf(mixed), scale, shift));
}

function blockWith(
  weights: Weights,
  x: tf.Tensor,
  dilation: number,
  normalise: (mixed: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const mixed = depthwiseConvolution(within(weights, "depthwise"), x, dilation);
  const [up, down] = [within(weights, "up"), within(weights, "down")];
  const wide = gelu(affineRows(normalise(mixed), up("weight"), up("bias")));
  const added = tf.mul(affineRows(wide, down("weight"), down("bias")), weights("gain"));
  // in rows as long as can be: block after block, an engine then has nothing to reshape
  return tf.reshape(tf.add(rowsOf(x), added), x.shape);
}

/** One row a frame: [batch, frames, channels] → [batch·frames, channels]. */
function rowsOf(x: tf.Tensor): tf.Tensor {
  return tf.reshape(x, [-1, x.shape[2]!]);
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

// The conditioning encoder: a mel as one vector a frame, computed once an utterance and added to the input of the
// denoiser's trunk at every step. [batch, frames, bands] → [batch, frames, outputs]

/**
 * Encodes a mel.
 *
 * @param mel natural-log mel [batch, frames, bands]
 */
export function encodeMel(config: EncoderConfig, weights: Weights, mel: tf.Tensor): tf.Tensor {
  const scaled = tf.div(tf.sub(mel, MEL_CENTRE), MEL_SPREAD);
  const start = convolution(within(weights, "input"), scaled);
  const mixed = config.dilations.reduce(
    (x, dilation, block) => convNextBlock(within(weights, `blocks.${block}`), x, dilation),
    start,
  );
  return linear(within(weights, "output"), norm(within(weights, "norm"), mixed));
}
