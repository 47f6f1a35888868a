// What a loss sees of a step: everything that is known of a batch of crops, and everything that the network makes of them.
// Shapes: T = frames·hop samples of a crop.
import type * as tf from "@tensorflow/tfjs-core";
import { asEstimate, asNoise } from "../../models/layers/prediction.js";
import { colour } from "../../models/prior/graph.js";
import type { Weights } from "../../models/weights.js";
import { diffused, type PreparedCrops } from "../crops.js";
import type { TrainingModel } from "../model.js";

/** A step as a loss sees it. What costs something is made when it is asked for, and once. */
export interface LossView {
  /** λ of each crop [batch]. */
  readonly logSnr: tf.Tensor;
  /** Natural-log mel that the network is given [batch, frames, bands]. */
  readonly mel: tf.Tensor;
  /** σ of each MDCT coefficient [batch, frames, hop]; undefined without a prior. */
  readonly sigma: tf.Tensor | undefined;
  /** x₀, what is diffused: the whitened waveform, or without a prior the waveform itself [batch, T]. */
  readonly clean: tf.Tensor;
  /** The recording itself, as loud as the mel says [batch, T]. */
  readonly cleanWaveform: tf.Tensor;
  /** ε, the unit noise that was added [batch, T]. */
  readonly noise: tf.Tensor;
  /** The noisy crops that the network was given [batch, T]. */
  readonly z: tf.Tensor;
  /** What the network said: x̂₀ or ε̂, as its training says that it predicts [batch, T]. */
  readonly predicted: tf.Tensor;
  /** ε̂ [batch, T]. */
  readonly predictedNoise: tf.Tensor;
  /** x̂₀ [batch, T]. */
  readonly estimate: tf.Tensor;
  /** The waveform of x̂₀: MDCT⁻¹(σ·MDCT(x̂₀)), or without a prior x̂₀ itself [batch, T]. */
  readonly waveform: tf.Tensor;
  /** 1 for the MDCT bins that a crop's recording can hold, else 0: a slowed copy lacks the treble [batch, 1, hop]. */
  readonly heard: tf.Tensor;
  /** What each crop's level counts in the error of ε [batch]; undefined where all count alike. */
  readonly levelWeight: tf.Tensor | undefined;
  /** x̂₀ of other noisy states of the same crops, such as those that a sampler comes to; λ [batch]. */
  estimateOf(z: tf.Tensor, logSnr: tf.Tensor): tf.Tensor;
  /** The waveform of any x̂₀. */
  waveformOf(estimate: tf.Tensor): tf.Tensor;
}

/** What a view is made of besides the crops. */
interface ViewInputs {
  readonly noise: tf.Tensor;
  readonly logSnr: tf.Tensor;
  readonly heard: tf.Tensor;
  readonly levelWeight?: tf.Tensor | undefined;
}

/**
 * What losses see of a step.
 *
 * @param weights the denoiser's
 * @param answer what the denoiser said of these crops, where it was asked before
 */
export function lossView(
  { denoiser, prior }: Pick<TrainingModel, "denoiser" | "prior">,
  weights: Weights,
  crops: PreparedCrops,
  { noise, logSnr, heard, levelWeight }: ViewInputs,
  answer?: tf.Tensor,
): LossView {
  const { mel, sigma, signal: clean } = crops;
  const { predicts } = denoiser;
  const ask = (state: tf.Tensor, level: tf.Tensor): tf.Tensor =>
    denoiser.predict(weights, crops, state, level);
  const waveformOf = (estimated: tf.Tensor): tf.Tensor =>
    prior && sigma ? colour(prior.transform, estimated, sigma) : estimated;
  const z = once(() => diffused(clean, noise, logSnr));
  const predicted = once(() => answer ?? ask(z(), logSnr));
  const prediction = once(() => ({ predicted: predicted(), predicts, z: z(), logSnr }));
  const predictedNoise = once(() => asNoise(prediction()));
  const estimate = once(() => asEstimate(prediction()));
  const waveform = once(() => waveformOf(estimate()));
  const cleanWaveform = once(() => crops.waveform());
  return {
    ...{ logSnr, mel, sigma, clean, noise, heard, levelWeight, waveformOf },
    get cleanWaveform() {
      return cleanWaveform();
    },
    get z() {
      return z();
    },
    get predicted() {
      return predicted();
    },
    get predictedNoise() {
      return predictedNoise();
    },
    get estimate() {
      return estimate();
    },
    get waveform() {
      return waveform();
    },
    estimateOf: (state, level) =>
      asEstimate({ predicted: ask(state, level), predicts, z: state, logSnr: level }),
  };
}

/** A function that computes its value at the first call, and keeps it. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
