// The log-mel of a signal inside a network, zeros instead of reflections beyond its ends, and the way back from mel
// bands to bins: what a network needs to compare its estimate with the mel that it was given.
import * as tf from "@tensorflow/tfjs-core";
import { productOverLast } from "./layers/linear.js";
import type { MelAnalysis } from "./mel-bands.js";
import { power, type Spectra } from "./spectrum.js";

/**
 * The natural-log mel of spectra.
 *
 * @returns [batch, frames, bands]
 */
export function logMel(analysis: MelAnalysis, spectra: Spectra): tf.Tensor {
  const { bins, bands, bank, floor, magnitudeEpsilon } = analysis;
  const magnitudes = tf.sqrt(tf.add(tf.concat(power(spectra), 2), magnitudeEpsilon));
  const mel = productOverLast(magnitudes, tf.tensor2d(bank, [bins, bands]));
  return tf.log(tf.maximum(mel, floor));
}

/** Values of bands as values of bins: [batch, frames, bands] → [batch, frames, bins]. */
export function spreadOverBins({ bins, bands, spread }: MelAnalysis, values: tf.Tensor): tf.Tensor {
  return productOverLast(values, tf.tensor2d(spread, [bands, bins]));
}
