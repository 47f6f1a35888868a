// What a training step does to its crops inside the graph: the gain, the prior's σ, the whitened waveform and its noisy
// version. Crops come with a margin of frames at both sides, so that nothing inside depends on the cut.
import * as tf from "@tensorflow/tfjs-core";
import { asNoise } from "../models/layers/prediction.js";
import { logSigma, whiten } from "../models/prior/graph.js";
import type { Weights } from "../models/weights.js";
import type { TrainingModel } from "./model.js";

/** Frames beyond each end of a crop: MDCT frames overlap by one, and the prior's convolution sees one more. */
export const MARGIN = 3;

/** A batch of crops as tensors. */
export interface CropTensors {
  /** [batch, (crop + 2·margin)·hop] */
  readonly samples: tf.Tensor;
  /** Natural-log mel [batch, crop + 2·margin, bands]. */
  readonly mel: tf.Tensor;
  /** ln-gain of each crop [batch]. */
  readonly gain: tf.Tensor;
}

/** Crops without their margins. */
export interface PreparedCrops {
  /** What is diffused: the whitened waveform, or without a prior the waveform itself. [batch, crop·hop] */
  readonly signal: tf.Tensor;
  /** With its gain [batch, crop, bands]. */
  readonly mel: tf.Tensor;
  /** σ for the mel with its gain [batch, crop, hop]; undefined without a prior. */
  readonly sigma: tf.Tensor | undefined;
  /** The recording with its gain, computed anew at each call. [batch, crop·hop] */
  waveform(): tf.Tensor;
}

/** A mel with a ln-gain, not below the format's floor. */
export function melWithGain(mel: tf.Tensor, gain: tf.Tensor, floor: number): tf.Tensor {
  return tf.maximum(tf.add(mel, tf.reshape(gain, [-1, 1, 1])), Math.log(floor));
}

/** The frames inside the margins: [batch, crop + 2·margin, …] → [batch, crop, …]. */
export function withoutMargin(x: tf.Tensor): tf.Tensor {
  const [batch, frames, size] = x.shape;
  return tf.slice(x, [0, MARGIN, 0], [batch, frames - 2 * MARGIN, size]);
}

/** Whitens crops by the prior of their own mels, and gives the network mels with a gain. */
export function prepareCrops(model: TrainingModel, priorWeights: Weights, crops: CropTensors): PreparedCrops {
  const { prior, format } = model;
  const changed = melWithGain(crops.mel, crops.gain, format.floor);
  const inside = (whole: tf.Tensor): tf.Tensor => {
    const [batch, samples] = whole.shape;
    const margin = MARGIN * format.hopLength;
    return tf.slice(whole, [0, margin], [batch, samples - 2 * margin]);
  };
  const mel = withoutMargin(changed);
  const waveform = (): tf.Tensor => inside(tf.mul(crops.samples, tf.reshape(tf.exp(crops.gain), [-1, 1])));
  if (!prior) return { signal: waveform(), mel, sigma: undefined, waveform };
  // a gain changes the waveform and σ alike, so the whitened waveform stays
  const sigma = tf.exp(logSigma(prior.constants, priorWeights, crops.mel));
  const whitened = whiten(prior.transform, crops.samples, sigma);
  return {
    signal: inside(whitened),
    mel,
    sigma: withoutMargin(tf.exp(logSigma(prior.constants, priorWeights, changed))),
    waveform,
  };
}

/** z = √ᾱ·x₀ + √(1−ᾱ)·ε of a batch, λ [batch]. */
export function diffused(signal: tf.Tensor, noise: tf.Tensor, logSnr: tf.Tensor): tf.Tensor {
  const column = tf.reshape(logSnr, [-1, 1]);
  const kept = tf.mul(signal, tf.sqrt(tf.sigmoid(column)));
  return tf.add(kept, tf.mul(noise, tf.sqrt(tf.sigmoid(tf.neg(column)))));
}

/** ε̂ − ε of prepared crops with noise of a level, [batch, crop·hop]. */
export function noiseError(
  { denoiser }: Pick<TrainingModel, "denoiser">,
  weights: Weights,
  crops: PreparedCrops,
  { noise, logSnr }: { readonly noise: tf.Tensor; readonly logSnr: tf.Tensor },
): tf.Tensor {
  const z = diffused(crops.signal, noise, logSnr);
  const predicted = denoiser.predict(weights, denoiser.condition(weights, crops), z, logSnr);
  return tf.sub(asNoise({ predicted, predicts: denoiser.predicts, z, logSnr }), noise);
}
