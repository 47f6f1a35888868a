// What the error of ε̂ counts. Of mask-net (Ho et al. 2020, eq. 14, weighted over frequency): its square in the MDCT
// domain, high bands counting less, since most of what is in them cannot be predicted and only adds noise to the gradient.
import * as tf from "@tensorflow/tfjs-core";
import { mdct, type Mdct } from "../models/mdct.js";

/** Weights of the MDCT bins, 1/(1 + f/corner) with mean 1; all 1 for a corner of 0. [bins] */
export function lossWeights(bins: number, sampleRate: number, corner: number): Float32Array {
  const weights = Float64Array.from({ length: bins }, (_, bin) => {
    const frequency = ((bin + 0.5) * sampleRate) / (2 * bins);
    return corner === 0 ? 1 : 1 / (1 + frequency / corner);
  });
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / bins;
  return Float32Array.from(weights, (weight) => weight / mean);
}

/**
 * The mean square of an error's MDCT coefficients, weighted over frequency, a scalar.
 *
 * @param error ε̂ − ε [batch, T]
 * @param corner Hz above which the weights fall
 * @param heard 1 for the bins that count, 0 for those that a crop's recording cannot hold, [batch, 1, bins]
 */
export function weightedSquare(
  transform: Mdct,
  sampleRate: number,
  corner: number,
  error: tf.Tensor,
  heard: tf.Tensor,
): tf.Tensor {
  const weights = tf.tensor1d(lossWeights(transform.hop, sampleRate, corner));
  return tf.mean(tf.mul(tf.square(mdct(transform, error)), tf.mul(heard, weights)));
}
