// The noise-prediction loss (Ho et al. 2020, eq. 14; in L1 Chen et al. 2020, eq. 11): the mean of (ε̂ − ε)² or |ε̂ − ε|.
// In the domain of the spectral prior it is taken of the MDCT coefficients, high bands counting less, since most of what
// is in them cannot be predicted and only adds noise to the gradient. diffusion/noise-prediction.ts weights the levels.
import * as tf from "@tensorflow/tfjs-core";
import { mdct } from "../../models/layers/mdct.js";
import type { Loss, LossContext, LossKind } from "./loss.js";

/** The first of all losses, and alone the published training. */
export const noisePrediction: LossKind = { name: "noise", create };

function create({ config, format, denoiser, prior }: LossContext): Loss {
  const isSquared = denoiser.norm === "l2";
  return {
    value: ({ predictedNoise, noise, heard, levelWeight }) => {
      const error = tf.sub(predictedNoise, noise);
      const coefficients = prior ? mdct(prior.transform, error) : error;
      const sizes = isSquared ? tf.square(coefficients) : tf.abs(coefficients);
      const counted = prior ? tf.mul(sizes, tf.mul(heard, frequencyWeights())) : sizes;
      if (!levelWeight) return { loss: tf.mean(counted) };
      const ofCrop = tf.reshape(levelWeight, [-1, ...counted.shape.slice(1).map(() => 1)]);
      return { loss: tf.mean(tf.mul(counted, ofCrop)) };
    },
  };

  function frequencyWeights(): tf.Tensor {
    return tf.tensor1d(lossWeights(format.hopLength, format.sampleRate, config.lossCorner));
  }
}

/** Weights of the MDCT bins, 1/(1 + f/corner) with mean 1; all 1 for a corner of 0. [bins] */
export function lossWeights(bins: number, sampleRate: number, corner: number): Float32Array {
  const weights = Float64Array.from({ length: bins }, (_, bin) => {
    const frequency = ((bin + 0.5) * sampleRate) / (2 * bins);
    return corner === 0 ? 1 : 1 / (1 + frequency / corner);
  });
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / bins;
  return Float32Array.from(weights, (weight) => weight / mean);
}
