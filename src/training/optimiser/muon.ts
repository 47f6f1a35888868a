// Muon (Jordan et al. 2024): the momentum of a matrix's gradient, made nearly orthogonal by five Newton–Schulz steps,
// so that a step moves all directions of the matrix alike.
import * as tf from "@tensorflow/tfjs-core";

/** Settings of Muon. */
export interface MuonSettings {
  readonly momentum: number;
  readonly weightDecay: number;
}

const STEPS = 5;
/** The quintic whose iteration takes singular values in (0, 1] to about 1. */
const [A, B, C] = [3.4445, -4.775, 2.0315];

/** A weight [inputs, outputs] and its momentum after one step; `learningRate` is a scalar. */
export function muonStep(
  weight: tf.Tensor,
  gradient: tf.Tensor,
  momentum: tf.Tensor,
  settings: MuonSettings,
  learningRate: tf.Tensor,
): { weight: tf.Tensor; momentum: tf.Tensor } {
  const [inputs, outputs] = weight.shape;
  const kept = tf.add(tf.mul(momentum, settings.momentum), gradient);
  // Nesterov: look one step ahead
  const ahead = tf.add(gradient, tf.mul(kept, settings.momentum));
  const update = tf.mul(orthogonalised(ahead), Math.sqrt(Math.max(1, outputs / inputs)));
  const change = tf.add(update, tf.mul(weight, settings.weightDecay));
  return { weight: tf.sub(weight, tf.mul(change, learningRate)), momentum: kept };
}

/** A matrix of about the same singular vectors whose singular values are all near 1. */
export function orthogonalised(matrix: tf.Tensor): tf.Tensor {
  const [rows, columns] = matrix.shape;
  let x = tf.div(matrix, tf.add(tf.sqrt(tf.sum(tf.square(matrix))), 1e-7));
  // the products are those of the shorter side
  const wide = rows <= columns;
  for (let step = 0; step < STEPS; step++) {
    const gram = tf.matMul(x, x, !wide, wide);
    const factor = tf.add(tf.mul(gram, B), tf.mul(tf.matMul(gram, gram), C));
    x = tf.add(tf.mul(x, A), wide ? tf.matMul(factor, x) : tf.matMul(x, factor));
  }
  return x;
}
