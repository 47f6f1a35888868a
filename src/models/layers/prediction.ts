// What a denoiser predicts, the data x̂₀ or the noise ε̂, turned into the other: z = √ᾱ·x̂₀ + √(1−ᾱ)·ε̂.
import * as tf from "@tensorflow/tfjs-core";
import type { ArchitectureGraph } from "../architecture.js";
import type { SignalSpace } from "../../diffusion/parameterisation.js";

// Signals as tensors, so that what diffusion/ does to signals in memory, a plan above all, becomes part of a graph: an
// exported one, or one that a loss is trained through.

/** Tensors of one shape. */
export const tensorSpace: SignalSpace<tf.Tensor> = {
  weightedSum: (terms) => tf.addN(terms.map(([factor, signal]) => tf.mul(signal, factor))),
};

/** A prediction of a denoiser for z [batch, T] at levels λ [batch]. */
interface Prediction {
  readonly predicted: tf.Tensor;
  readonly predicts: ArchitectureGraph["predicts"];
  readonly z: tf.Tensor;
  readonly logSnr: tf.Tensor;
}

/**
 * The estimate x̂₀ = (z − √(1−ᾱ)·ε̂)/√ᾱ. With λ → −∞ √ᾱ is all that is left of x₀ in z, so it is computed from e^−λ, which
 * engines do to the last bit; their sigmoid is exact beside 1 only.
 *
 * @returns [batch, T]
 */
export function asEstimate({ predicted, predicts, z, logSnr }: Prediction): tf.Tensor {
  if (predicts === "x0") return predicted;
  const level = tf.reshape(logSnr, [-1, 1]);
  // √(1−ᾱ)/√ᾱ and 1/√ᾱ
  const ratio = tf.exp(tf.mul(level, -0.5));
  const inverse = tf.sqrt(tf.add(tf.exp(tf.neg(level)), 1));
  return tf.sub(tf.mul(z, inverse), tf.mul(predicted, ratio));
}

/** The noise ε̂ = (z − √ᾱ·x̂₀)/√(1−ᾱ). [batch, T] */
export function asNoise({ predicted, predicts, z, logSnr }: Prediction): tf.Tensor {
  if (predicts === "epsilon") return predicted;
  const level = tf.reshape(logSnr, [-1, 1]);
  const [signal, noise] = [tf.sqrt(tf.sigmoid(level)), tf.sqrt(tf.sigmoid(tf.neg(level)))];
  return tf.div(tf.sub(z, tf.mul(predicted, signal)), noise);
}
