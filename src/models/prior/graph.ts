// The spectral prior: the standard deviation σ of each MDCT coefficient, given the mel. Diffusion runs in the whitened
// domain w = MDCT⁻¹(MDCT(x)/σ), where speech has unit power everywhere, so that white noise there is noise with the
// speech's own spectrum here (PriorGrad, Lee et al. 2021; SpecGrad, Koizumi et al. 2022).
//
// log σ = the mel read back as a power density (analytic, with one learned bias a bin) + a small learned correction that
// does not see the loudness: so a gain on the speech shifts log σ equally, and loud frames cannot extrapolate.
//
// A mel may go on far below what can be heard, and what is whitened by σ of −160 dB is not speech but what the transforms
// carry over from loud bins and frames. So σ has a floor near −100 dB, a 16-bit recording's own noise.
import * as tf from "@tensorflow/tfjs-core";
import { bandCentres, weightSums } from "../../mel/bank.js";
import type { MelFormat } from "../../mel/format.js";
import { convolution } from "../layers/convolution.js";
import { gelu } from "../layers/composites.js";
import { linear, productOverLast } from "../layers/linear.js";
import { inverseMdct, mdct, type Mdct } from "../layers/mdct.js";
import { within, type Weights } from "../weights.js";

/** The smallest ln-magnitude of white noise that σ follows: that of the default format's floor, so that it has none. */
const LEAST_LOG_DENSITY = -9.1;

/** The fixed part of a prior. */
export interface SpectralPrior {
  readonly bands: number;
  /** MDCT coefficients a frame. */
  readonly bins: number;
  /** Linear interpolation over frequency from the bands' centres to the bins': [bands, bins]. */
  readonly interpolation: Float32Array;
  /** ln of the sum of each band's weights: what white noise of unit magnitude adds to the log-mel. [bands] */
  readonly logBandSum: Float32Array;
  /** The least log-mel that σ follows; absent where the format has none below it. [bands] */
  readonly leastMel?: Float32Array;
}

/** The constants of a prior for a mel format. */
export function createSpectralPrior(format: MelFormat): SpectralPrior {
  const { bands, sampleRate, hopLength: bins } = format;
  const centres = bandCentres(format);
  const interpolation = new Float32Array(bands * bins);
  for (let bin = 0; bin < bins; bin++) {
    const frequency = ((bin + 0.5) * sampleRate) / (2 * bins);
    const above = centres.findIndex((centre) => centre > frequency);
    const upper = above < 0 ? bands - 1 : above;
    const lower = above < 0 ? bands - 1 : Math.max(0, above - 1);
    const share = upper === lower ? 0 : (frequency - centres[lower]) / (centres[upper] - centres[lower]);
    interpolation[lower * bins + bin] += 1 - share;
    interpolation[upper * bins + bin] += share;
  }
  const logBandSum = Float32Array.from(weightSums(format), (sum) => Math.log(sum));
  const leastMel = logBandSum.map((logSum) => logSum + LEAST_LOG_DENSITY);
  const isFloored = leastMel.some((least) => Math.log(format.floor) < least);
  return { bands, bins, interpolation, logBandSum, ...(isFloored && { leastMel }) };
}

/**
 * log σ of every coefficient.
 *
 * @param mel natural-log mel [batch, frames, bands]
 * @returns [batch, frames, bins]
 */
export function logSigma(prior: SpectralPrior, weights: Weights, mel: tf.Tensor): tf.Tensor {
  const { bands, bins, interpolation, logBandSum, leastMel } = prior;
  const followed = leastMel ? tf.maximum(mel, tf.tensor1d(leastMel)) : mel;
  const density = tf.sub(followed, tf.tensor1d(logBandSum));
  const analytic = productOverLast(density, tf.tensor2d(interpolation, [bands, bins]));
  const shape = tf.div(tf.sub(followed, tf.mean(followed, 2, true)), 2);
  const hidden = gelu(convolution(within(weights, "convolution"), shape));
  const correction = linear(within(weights, "output"), hidden);
  return tf.add(tf.add(analytic, weights("bias")), correction);
}

/** The whitened waveform: MDCT⁻¹(MDCT(x)/σ). [batch, T], σ [batch, T/N, N] → [batch, T] */
export function whiten(transform: Mdct, signal: tf.Tensor, sigma: tf.Tensor): tf.Tensor {
  return inverseMdct(transform, tf.div(mdct(transform, signal), sigma));
}

/** The waveform of a whitened one: MDCT⁻¹(σ·MDCT(w)). [batch, T], σ [batch, T/N, N] → [batch, T] */
export function colour(transform: Mdct, whitened: tf.Tensor, sigma: tf.Tensor): tf.Tensor {
  return inverseMdct(transform, tf.mul(mdct(transform, whitened), sigma));
}
