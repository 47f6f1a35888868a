// The conditioning encoder: a mel as one vector a frame, computed once an utterance and added to the input of the
// denoiser's trunk at every step. [batch, frames, bands] → [batch, frames, outputs]
import * as tf from "@tensorflow/tfjs-core";
import { convolution } from "./convolution.js";
import { convNextBlock, norm } from "./conv-next-block.js";
import { linear } from "./linear.js";
import type { EncoderConfig } from "./shapes.js";
import { type Weights, within } from "../weights.js";

/** A log-mel of speech lies around −5, in a range of a few times 2.5. */
const CENTRE = -5;
const SPREAD = 2.5;

/**
 * Encodes a mel.
 *
 * @param mel natural-log mel [batch, frames, bands]
 */
export function encodeMel(config: EncoderConfig, weights: Weights, mel: tf.Tensor): tf.Tensor {
  const scaled = tf.div(tf.sub(mel, CENTRE), SPREAD);
  const start = convolution(within(weights, "input"), scaled);
  const mixed = config.dilations.reduce(
    (x, dilation, block) => convNextBlock(within(weights, `blocks.${block}`), x, dilation),
    start,
  );
  return linear(within(weights, "output"), norm(within(weights, "norm"), mixed));
}
