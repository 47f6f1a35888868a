// AdamW (Kingma & Ba 2015; Loshchilov & Hutter 2019): steps along the mean gradient, scaled by its size, and weight
// decay apart from both.
import * as tf from "@tensorflow/tfjs-core";

/** What AdamW keeps for each weight, both of its shape. */
export interface AdamMoments {
  readonly mean: tf.Tensor;
  readonly square: tf.Tensor;
}

/** Settings of AdamW. */
export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
}

const EPSILON = 1e-8;

/** A weight and its moments after one step; `learningRate`, `correction1` and `correction2` are scalars. */
export function adamWStep(
  weight: tf.Tensor,
  gradient: tf.Tensor,
  moments: AdamMoments,
  settings: AdamWSettings,
  schedule: { learningRate: tf.Tensor; correction1: tf.Tensor; correction2: tf.Tensor },
): { weight: tf.Tensor } & AdamMoments {
  const { beta1, beta2, weightDecay } = settings;
  const mean = tf.add(tf.mul(moments.mean, beta1), tf.mul(gradient, 1 - beta1));
  const square = tf.add(tf.mul(moments.square, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const size = tf.add(tf.sqrt(tf.div(square, schedule.correction2)), EPSILON);
  const direction = tf.div(tf.div(mean, schedule.correction1), size);
  const change = weightDecay === 0 ? direction : tf.add(direction, tf.mul(weight, weightDecay));
  return { weight: tf.sub(weight, tf.mul(change, schedule.learningRate)), mean, square };
}

/** 1 − βᵗ for step t = 1, 2 …: what a moment that began at zero is too small by. */
export function biasCorrection(beta: number, step: number): number {
  return 1 - beta ** step;
}
