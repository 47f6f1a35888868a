// What a loss sees of a step: everything that is known of a batch of crops, and everything that the network makes of them.
// Shapes: T = frames·hop samples of a crop. While a voice is finished, batch counts all crops and known those of them that
// come first, whose mel is that of their recording: what the prediction of the noise is judged on.
import * as tf from "@tensorflow/tfjs-core";
import { asEstimate, asNoise } from "../../models/layers/prediction.js";
import { colour } from "../../models/prior/graph.js";
import type { Weights } from "../../models/weights.js";
import { TrainConfigError } from "../../errors.js";
import { diffused, type PreparedCrops } from "../crops.js";
import type { Conditioning, TrainingModel } from "../model.js";
import { sampledEstimate, type SamplerInputs } from "../finishing/sampler.js";

/** A step as a loss sees it. What costs something is made when it is asked for, and once. */
export interface LossView {
  /** λ of each crop [known]. */
  readonly logSnr: tf.Tensor;
  /** Natural-log mel that the network is given [batch, frames, bands]. */
  readonly mel: tf.Tensor;
  /** σ of each MDCT coefficient [batch, frames, hop]; undefined without a prior. */
  readonly sigma: tf.Tensor | undefined;
  /** x₀, what is diffused: the whitened waveform, or without a prior the waveform itself [known, T]. */
  readonly clean: tf.Tensor;
  /** The recording itself, as loud as the mel says [batch, T]. */
  readonly cleanWaveform: tf.Tensor;
  /** ε, the unit noise that was added [known, T]. */
  readonly noise: tf.Tensor;
  /** The noisy crops that the network was given [known, T]. */
  readonly z: tf.Tensor;
  /** What the network said: x̂₀ or ε̂, as its training says that it predicts [known, T]. */
  readonly predicted: tf.Tensor;
  /** ε̂ [known, T]. */
  readonly predictedNoise: tf.Tensor;
  /** x̂₀ [known, T]. */
  readonly estimate: tf.Tensor;
  /** The waveform of x̂₀: MDCT⁻¹(σ·MDCT(x̂₀)), or without a prior x̂₀ itself [known, T]. */
  readonly waveform: tf.Tensor;
  /** 1 for the MDCT bins that a crop's recording can hold, else 0: a slowed copy lacks the treble [known, 1, hop]. */
  readonly heard: tf.Tensor;
  /** What each crop's level counts in the error of ε [known]; undefined where all count alike. */
  readonly levelWeight: tf.Tensor | undefined;
  /**
   * The waveform that the sampler's steps make from a harmonic start [batch, T].
   *
   * @throws NotFinishingError where no voice is finished
   */
  sampled(): tf.Tensor;
  /** x̂₀ of other noisy states of the known crops, such as those that a sampler comes to; λ [known]. */
  estimateOf(z: tf.Tensor, logSnr: tf.Tensor): tf.Tensor;
  /** The waveform of any x̂₀ of the known crops. */
  waveformOf(estimate: tf.Tensor): tf.Tensor;
}

/** What a view is made of besides the crops. */
interface ViewInputs {
  readonly noise: tf.Tensor;
  readonly logSnr: tf.Tensor;
  readonly heard: tf.Tensor;
  readonly levelWeight?: tf.Tensor | undefined;
  /** What the sampler's steps are made with, where a voice is finished. */
  readonly sampler?: SamplerInputs | undefined;
}

/** What the denoiser said of crops: what a second view of them need not compute again. */
interface Answers {
  readonly predicted?: tf.Tensor | undefined;
  readonly sampled?: tf.Tensor | undefined;
}

/**
 * What losses see of a step.
 *
 * @param weights the denoiser's
 * @param answers what the denoiser said of these crops, where it was asked before
 */
export function lossView(
  { denoiser, prior }: Pick<TrainingModel, "denoiser" | "prior">,
  weights: Weights,
  crops: PreparedCrops,
  { noise, logSnr, heard, levelWeight, sampler }: ViewInputs,
  answers: Answers = {},
): LossView {
  const { mel, sigma } = crops;
  const [known] = noise.shape;
  const clean = firstItems(crops.signal, known);
  const { predicts } = denoiser;
  const conditioning = once(() => denoiser.condition(weights, crops));
  const knownConditioning = once(() => firstConditioning(conditioning(), known));
  const ask = (state: tf.Tensor, level: tf.Tensor): tf.Tensor =>
    denoiser.predict(weights, knownConditioning(), state, level);
  const coloured = (estimated: tf.Tensor, deviation: tf.Tensor | undefined): tf.Tensor =>
    prior && deviation ? colour(prior.transform, estimated, deviation) : estimated;
  const waveformOf = (estimated: tf.Tensor): tf.Tensor =>
    coloured(estimated, sigma && firstItems(sigma, known));
  const z = once(() => diffused(clean, noise, logSnr));
  const predicted = once(() => answers.predicted ?? ask(z(), logSnr));
  const prediction = once(() => ({ predicted: predicted(), predicts, z: z(), logSnr }));
  const predictedNoise = once(() => asNoise(prediction()));
  const estimate = once(() => asEstimate(prediction()));
  const waveform = once(() => waveformOf(estimate()));
  const cleanWaveform = once(() => crops.waveform());
  const sampled = once(() => {
    if (answers.sampled) return answers.sampled;
    if (!sampler || !prior) throw new NotFinishingError();
    const estimateAt = (state: tf.Tensor, level: tf.Tensor): tf.Tensor => {
      const said = denoiser.predict(weights, conditioning(), state, level);
      return asEstimate({ predicted: said, predicts, z: state, logSnr: level });
    };
    return coloured(sampledEstimate(prior.transform, sampler, estimateAt), sigma);
  });
  return {
    ...{ logSnr, mel, sigma, clean, noise, heard, levelWeight, waveformOf, sampled },
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

/** A loss judges what the sampler makes, and the run has no sampler in this phase. */
export class NotFinishingError extends TrainConfigError {
  constructor() {
    super(
      "One of the losses judges what the sampler's steps make, which only the finishing phase has. Name it in " +
        "'finishLosses' in place of 'losses'.",
    );
  }
}

/** The first items of a batch. */
function firstItems(x: tf.Tensor, count: number): tf.Tensor {
  const [batch, ...rest] = x.shape;
  return batch === count ? x : tf.slice(x, [0, ...rest.map(() => 0)], [count, ...rest]);
}

function firstConditioning({ mel, sigma, encoded }: Conditioning, count: number): Conditioning {
  return {
    mel: firstItems(mel, count),
    sigma: sigma && firstItems(sigma, count),
    encoded: encoded && firstItems(encoded, count),
  };
}

/** A function that computes its value at the first call, and keeps it. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

// What losses of the waveform compare: the sampler's waveform and the recording without their outermost hop, where a crop
// lacks what overlaps into it, both by the gain that brings the recording to one loudness. Signals [batch, T].

/** Root mean square of the recordings, −20 dB of full scale. */
const LOUDNESS = 0.1;
const LEAST_LOUDNESS = 1e-3;
/** Lengths are multiples of it, so that every transform of a loss has whole hops. */
const STEP = 512;

/** What was made, and what it should have been. */
interface Compared {
  readonly made: tf.Tensor;
  readonly recorded: tf.Tensor;
}

/** Both signals of a step. */
export function compared(
  { sampled, cleanWaveform }: Pick<LossView, "sampled" | "cleanWaveform">,
  hopLength: number,
): Compared {
  const [batch, samples] = cleanWaveform.shape;
  const length = Math.floor((samples - 2 * hopLength) / STEP) * STEP;
  const inside = (signal: tf.Tensor): tf.Tensor => tf.slice(signal, [0, hopLength], [batch, length]);
  const recorded = inside(cleanWaveform);
  const loudness = tf.sqrt(tf.mean(tf.square(recorded), 1, true));
  const gain = tf.div(LOUDNESS, tf.add(loudness, LEAST_LOUDNESS));
  return { made: tf.mul(inside(sampled()), gain), recorded: tf.mul(recorded, gain) };
}
