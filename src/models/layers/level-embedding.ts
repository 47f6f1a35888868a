// The noise level as a vector: sines, then cosines, of 32 frequencies times the log-SNR (the positional encoding of
// Vaswani et al. 2017, log-spaced frequencies), then a linear layer and SiLU.
import * as tf from "@tensorflow/tfjs-core";
import type { Weights, WeightSpec } from "../weights.js";
import { linear, linearWeights } from "./linear.js";

const FREQUENCIES = 32;
const LOWEST = 0.05;
const HIGHEST = 5;

/**
 * A vector for each item's level.
 *
 * @param logSnr [batch]
 * @returns [batch, width]
 */
export function levelEmbedding(weights: Weights, logSnr: tf.Tensor): tf.Tensor {
  const frequencies = Float32Array.from(
    { length: FREQUENCIES },
    (_, i) => LOWEST * (HIGHEST / LOWEST) ** (i / (FREQUENCIES - 1)),
  );
  const phases = tf.mul(tf.reshape(logSnr, [-1, 1]), tf.tensor2d(frequencies, [1, FREQUENCIES]));
  const hidden = linear(weights, tf.concat([tf.sin(phases), tf.cos(phases)], 1));
  return tf.mul(hidden, tf.sigmoid(hidden));
}

/** The weights of the embedding. */
export function levelEmbeddingWeights(width: number): WeightSpec[] {
  return linearWeights(2 * FREQUENCIES, width);
}
