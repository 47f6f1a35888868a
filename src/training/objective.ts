// The noise-prediction loss of mask-net (Ho et al. 2020, eq. 14), weighted over frequency: the squared error of ε̂ in the
// MDCT domain, high bands counting less, since most of what is in them cannot be predicted and only adds noise to the
// gradient.
import * as tf from "@tensorflow/tfjs-core";
import { type MaskNetInputs, maskNetNoise } from "../models/mask-net.js";
import { mdct } from "../models/mdct.js";
import type { Weights } from "../models/weights.js";
import type { TrainingModel } from "./training-model.js";

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
 * The loss of a batch, a scalar.
 *
 * @param heard 1 for the bins that count, 0 for those that the crop's recording cannot hold, [batch, 1, bins]
 */
export function noiseLoss(
  model: TrainingModel,
  network: Weights,
  inputs: MaskNetInputs,
  noise: tf.Tensor,
  corner: number,
  heard: tf.Tensor,
): tf.Tensor {
  const { hopLength, sampleRate } = model.format;
  const error = tf.sub(maskNetNoise(model.network, network, inputs), noise);
  const byBin = tf.square(mdct(model.network.mdct, error));
  const weights = tf.tensor1d(lossWeights(hopLength, sampleRate, corner));
  return tf.mean(tf.mul(byBin, tf.mul(heard, weights)));
}
