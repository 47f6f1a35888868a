// A matrix product over the channels plus a bias: [… , inputs] → [… , outputs].
import * as tf from "@tensorflow/tfjs-core";
import { constantStart, uniformStart, type Weights, type WeightSpec } from "../weights.js";

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

/** The weights of a linear layer: weight [inputs, outputs], bias [outputs]. */
export function linearWeights(
  inputs: number,
  outputs: number,
  start: "uniform" | "zero" = "uniform",
): WeightSpec[] {
  const from = start === "zero" ? constantStart(0) : uniformStart(inputs);
  return [
    { name: "weight", shape: [inputs, outputs], start: from },
    { name: "bias", shape: [outputs], start: from },
  ];
}
