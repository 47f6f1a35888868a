// What a training step does to its crops inside the graph: the gain on the mel, the prior's σ, the whitened waveform and
// its noisy version. Crops come with a margin of frames at both sides, so that nothing inside depends on the cut.
import * as tf from "@tensorflow/tfjs-core";
import { encodeMel } from "../models/encoder.js";
import type { MaskNetInputs } from "../models/mask-net.js";
import { logSigma, whiten } from "../models/spectral-prior.js";
import { type Weights, within } from "../models/weights.js";
import type { TrainingModel } from "./training-model.js";

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
  /** Whitened waveform [batch, crop·hop]. */
  readonly whitened: tf.Tensor;
  /** With its gain [batch, crop, bands]. */
  readonly mel: tf.Tensor;
  /** σ for the mel with its gain [batch, crop, hop]. */
  readonly sigma: tf.Tensor;
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
  const { prior, network, format } = model;
  const { hopLength } = format;
  const sigma = tf.exp(logSigma(prior, priorWeights, crops.mel));
  const whole = whiten(network.mdct, crops.samples, sigma);
  const [batch, samples] = whole.shape;
  const margin = MARGIN * hopLength;
  const changed = melWithGain(crops.mel, crops.gain, format.floor);
  return {
    whitened: tf.slice(whole, [0, margin], [batch, samples - 2 * margin]),
    mel: withoutMargin(changed),
    sigma: withoutMargin(tf.exp(logSigma(prior, priorWeights, changed))),
  };
}

/** What the network is given: z = √ᾱ·w + √(1−ᾱ)·ε, and the mel encoded. */
export function networkInputs(
  model: TrainingModel,
  weights: Weights,
  crops: PreparedCrops,
  noise: tf.Tensor,
  logSnr: tf.Tensor,
): MaskNetInputs {
  const column = tf.reshape(logSnr, [-1, 1]);
  const signal = tf.sqrt(tf.sigmoid(column));
  const spread = tf.sqrt(tf.sigmoid(tf.neg(column)));
  const z = tf.add(tf.mul(crops.whitened, signal), tf.mul(noise, spread));
  const encoded = encodeMel(model.network.config.encoder, within(weights, "encoder"), crops.mel);
  return { z, logSnr, mel: crops.mel, sigma: crops.sigma, encoded };
}
