// A matrix product over the channels plus a bias: [… , inputs] → [… , outputs].
import * as tf from "@tensorflow/tfjs-core";
import type { Weights } from "../weights.js";
import { LEVEL_FREQUENCIES } from "./shapes.js";

/** A row-times-matrix product over the last axis: [… , n] × [n, m] → [… , m]. */
export function productOverLast(x: tf.Tensor, matrix: tf.Tensor): tf.Tensor {
  const [inputs, outputs] = matrix.shape;
  const rows = tf.reshape(x, [-1, inputs]);
  return tf.reshape(tf.matMul(rows, matrix), [...x.shape.slice(0, -1), outputs]);
}

/** x·weight + bias over the last axis. */
export function linear(weights: Weights, x: tf.Tensor): tf.Tensor {
  return affine(x, weights("weight"), weights("bias"));
}

/** x·matrix + bias over the last axis. */
export function affine(x: tf.Tensor, matrix: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  return tf.reshape(affineRows(x, matrix, bias), [...x.shape.slice(0, -1), matrix.shape[1]!]);
}

/** The same as a matrix, one row for all that comes before the last axis: [… , inputs] → [rows, outputs]. */
export function affineRows(x: tf.Tensor, matrix: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  // added to the rows, so that an engine can fuse product and sum
  return tf.add(tf.matMul(tf.reshape(x, [-1, matrix.shape[0]]), matrix), bias);
}

// The noise level as a vector: sines, then cosines, of 32 frequencies times the log-SNR (the positional encoding of
// Vaswani et al. 2017, log-spaced frequencies), then a linear layer and SiLU.

const LOWEST = 0.05;
const HIGHEST = 5;

/**
 * A vector for each item's level.
 *
 * @param logSnr [batch]
 * @returns [batch, width]
 */
export function levelEmbedding(weights: Weights, logSnr: tf.Tensor): tf.Tensor {
  const phases = tf.mul(tf.reshape(logSnr, [-1, 1]), tf.tensor2d(levelFrequencies(), [1, LEVEL_FREQUENCIES]));
  const hidden = linear(weights, tf.concat([tf.sin(phases), tf.cos(phases)], 1));
  return tf.mul(hidden, tf.sigmoid(hidden));
}

/** The vector of one level that is known, by itself: [width]. */
export function levelVector(weight: Float32Array, bias: Float32Array, logSnr: number): Float32Array {
  const phases = Array.from(levelFrequencies(), (frequency) => frequency * logSnr);
  const waves = [...phases.map(Math.sin), ...phases.map(Math.cos)];
  return bias.map((start, i) => {
    const hidden = waves.reduce((sum, wave, row) => sum + wave * weight[row * bias.length + i], start);
    return hidden / (1 + Math.exp(-hidden));
  });
}

function levelFrequencies(): Float32Array {
  return Float32Array.from(
    { length: LEVEL_FREQUENCIES },
    (_, i) => LOWEST * (HIGHEST / LOWEST) ** (i / (LEVEL_FREQUENCIES - 1)),
  );
}

// A reordering along one axis. tfjs's gradient of a gather adds up into zeros; a permutation's is the inverse one.

/** The permutation that undoes one: inverse[order[i]] = i. */
export function inversePermutation(order: Int32Array): Int32Array {
  const inverse = new Int32Array(order.length);
  order.forEach((from, to) => {
    inverse[from] = to;
  });
  return inverse;
}

/**
 * Reorders a tensor: position i along the axis takes what stood at order[i].
 *
 * @param order a permutation of 0 … size−1
 */
export function permute(x: tf.Tensor, order: Int32Array, axis: number): tf.Tensor {
  const gather = (values: tf.Tensor, positions: Int32Array): tf.Tensor =>
    tf.gather(values, tf.tensor1d(positions, "int32"), axis);
  const run = tf.customGrad((values) => ({
    value: gather(values as tf.Tensor, order),
    gradFunc: (dy: tf.Tensor) => gather(dy, inversePermutation(order)),
  }));
  return run(x);
}
