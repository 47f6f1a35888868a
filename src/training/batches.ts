// The inputs of a training step, as a function of the run's seed and the step: crops drawn with probability
// proportional to the recordings' lengths, a gain for each, its noise level and its noise.
import { fillNormals } from "../diffusion/noise.js";
import { lossWeight } from "../diffusion/noise-prediction.js";
import type { TensorValue } from "../engine/engine.js";
import { type Crop, CropDraw, type CropSource, StepRandom, type Utterance } from "./draws.js";
import { MARGIN } from "./crops.js";
import type { WeightedLoss } from "./losses/loss.js";
import {
  type AdamWSettings,
  averageDecay,
  biasCorrection,
  merged,
  rateFactor,
  type RateShape,
  withPrefix,
} from "./optimiser/optimiser.js";
import { NothingToTrainOnError } from "../errors.js";
import type { TrainConfig } from "./config.js";
import { lossPrefix, priorAdam } from "./step.js";
import type { DenoiserTraining } from "./model.js";

type Inputs = Record<string, TensorValue>;

/** The noise's step numbers begin here, far from those of synthesis. */
const NOISE_STEPS = 2 ** 40;

/** What batches follow of the network that is trained. */
type TrainedDenoiser = Pick<DenoiserTraining, "logSnrs" | "optimiser" | "norm">;

/** Draws the batches of a run. */
export class BatchSource {
  readonly #source: CropSource;
  readonly #config: TrainConfig;
  readonly #denoiser: TrainedDenoiser;
  readonly #losses: readonly WeightedLoss[];
  readonly #draw: CropDraw;
  readonly #known: number;
  readonly #before: number;
  readonly #predicted: PredictedCrops | undefined;

  /**
   * @param losses those whose networks learn too
   * @param part crops whose noise is predicted, all where nobody says; steps of the run before this phase; and where the
   *   last crops are of mels that a model predicted, those
   * @throws NothingToTrainOnError where no recording is as long as a crop
   */
  constructor(
    source: CropSource,
    config: TrainConfig,
    denoiser: TrainedDenoiser,
    losses: readonly WeightedLoss[] = [],
    part: {
      readonly known?: number;
      readonly before?: number;
      readonly predicted?: PredictedCrops | undefined;
    } = {},
  ) {
    this.#source = source;
    this.#config = config;
    this.#denoiser = denoiser;
    this.#losses = losses;
    this.#known = part.known ?? config.batch;
    this.#before = part.before ?? 0;
    this.#predicted = part.predicted;
    const usable = utterancesToTrainOn(source, config);
    // what is judged as a waveform has to have its treble, and a slowed copy lacks it
    const whole = part.known === undefined ? usable : usable.filter(({ speed }) => speed >= 1);
    this.#draw = new CropDraw(whole.length > 0 ? whole : usable, config.cropFrames);
  }

  /** How many of the last crops have mels that a model predicted. */
  get predictedCount(): number {
    return this.#predicted?.count ?? 0;
  }

  /** Inputs of a step of the prior's fit. */
  priorInputs(step: number): Inputs {
    const schedule = scheduleInputs("linear", step, this.#config.priorSteps, priorAdam);
    return { ...this.#crops(-1 - step), ...schedule };
  }

  /** Inputs of a step of the network, counted from the phase's first. */
  networkInputs(step: number): Inputs {
    const { cropFrames, seed, steps, rateShape, lossWeighting } = this.#config;
    const { norm, optimiser } = this.#denoiser;
    const known = this.#known;
    const drawn = this.#before + step;
    const samples = cropFrames * this.#source.format.hopLength;
    const noise = fillNormals(new Float32Array(known * samples), { seed, step: NOISE_STEPS + drawn });
    const logSnrs = this.#denoiser.logSnrs(drawn, known);
    const levelWeights = logSnrs.map((logSnr) => lossWeight(lossWeighting, logSnr, norm));
    return {
      ...this.#crops(drawn),
      noise: { data: noise, shape: [known, samples] },
      logSnr: { data: logSnrs, shape: [known] },
      ...(lossWeighting !== "simple" && { levelWeight: { data: levelWeights, shape: [known] } }),
      ...scheduleInputs(rateShape, step, steps, optimiser.adamW),
      ...merged(this.#losses.map((each) => lossNetworkInputs(each, step))),
    };
  }

  /** Steps of the prior are numbered from −1 downwards. */
  #crops(step: number): Inputs {
    const { batch, cropFrames, seed, gainLow, gainHigh } = this.#config;
    const random = new StepRandom(seed, "crops", step >= 0 ? step : 2 ** 31 - step);
    const gains = new StepRandom(seed, "gains", step >= 0 ? step : 2 ** 31 - step);
    const crops = Array.from({ length: batch }, () => this.#draw.next(random));
    const read = readCrops(this.#source, crops, cropFrames);
    this.#predicted?.replaceLast(read, random);
    return {
      ...read,
      heard: heardBins(
        crops.slice(0, this.#known).map(({ utterance }) => utterance.speed),
        this.#source.format,
      ),
      gain: { data: Float32Array.from(crops, () => gains.between(gainLow, gainHigh)), shape: [batch] },
    };
  }
}

/** Samples and mels of crops, with a margin of frames at both sides. */
interface ReadCrops {
  readonly samples: TensorValue;
  readonly mel: TensorValue;
}

/** Crops whose mels a model predicted, which take the place of the last ones of a batch. */
export class PredictedCrops {
  readonly #source: CropSource;
  readonly #cropFrames: number;
  readonly #draw: CropDraw;
  readonly count: number;

  /**
   * @param source whose mels are predicted ones
   * @param count of a batch
   */
  constructor(source: CropSource, cropFrames: number, count: number) {
    this.#source = source;
    this.#cropFrames = cropFrames;
    this.#draw = new CropDraw(utterancesToTrainOn(source, { cropFrames }), cropFrames);
    this.count = count;
  }

  /** Puts others in the place of the last crops. */
  replaceLast({ samples, mel }: ReadCrops, random: StepRandom): void {
    const crops = Array.from({ length: this.count }, () => this.#draw.next(random));
    const read = readCrops(this.#source, crops, this.#cropFrames);
    for (const [all, own] of [
      [samples, read.samples],
      [mel, read.mel],
    ]) {
      (all.data as Float32Array).set(own.data, all.data.length - own.data.length);
    }
  }
}

/**
 * The utterances that are as long as a crop and not held out.
 *
 * @throws NothingToTrainOnError where there are none
 */
export function utterancesToTrainOn(
  { utterances }: Pick<CropSource, "utterances">,
  { cropFrames }: Pick<TrainConfig, "cropFrames">,
): readonly Utterance[] {
  const usable = utterances.filter(({ heldOut, frames }) => !heldOut && frames >= cropFrames);
  if (usable.length === 0) throw new NothingToTrainOnError(cropFrames);
  return usable;
}

/** Frames of a crop: so many, or as many as the longest utterance to train on has. */
export function longestCrop(utterances: readonly Utterance[], most: number): number {
  const longest = Math.max(1, ...utterances.filter(({ heldOut }) => !heldOut).map(({ frames }) => frames));
  return Math.min(longest, most);
}

/** Reads crops. */
export function readCrops(source: CropSource, crops: readonly Crop[], cropFrames: number): ReadCrops {
  const { hopLength, bands } = source.format;
  const frames = cropFrames + 2 * MARGIN;
  const samples = new Float32Array(crops.length * frames * hopLength);
  const mel = new Float32Array(crops.length * frames * bands);
  crops.forEach(({ utterance, frame }, item) => {
    const first = frame - MARGIN;
    source.readSamples(utterance, first * hopLength, frames * hopLength, samples, item * frames * hopLength);
    const rows = mel.subarray(item * frames * bands, (item + 1) * frames * bands);
    source.readMel(utterance, first, frames, rows, 0);
    repeatEnds(rows, bands, -first, utterance.frames - first);
  });
  return {
    samples: { data: samples, shape: [crops.length, frames * hopLength] },
    mel: { data: mel, shape: [crops.length, frames, bands] },
  };
}

/** Share of the band that a resampled copy holds up to the resampler's transition. */
const WHOLE_BAND = 0.95;

/**
 * Which MDCT bins a copy can hold: one that was slowed down has nothing in its top, and a network that learned from it
 * would take the treble from every voice. 1 or 0 for each, [batch, 1, bins].
 */
export function heardBins(speeds: readonly number[], { hopLength: bins }: CropSource["format"]): TensorValue {
  const data = new Float32Array(speeds.length * bins);
  speeds.forEach((speed, item) => {
    const limit = speed < 1 ? Math.floor(WHOLE_BAND * speed * bins) : bins;
    data.fill(1, item * bins, item * bins + limit);
  });
  return { data, shape: [speeds.length, 1, bins] };
}

/**
 * Frames before `begin` and from `end` on are outside the recording: they take the nearest frame's mel, since with
 * silence there the prior would blow up what the transform's overlap carries into them.
 */
function repeatEnds(rows: Float32Array, bands: number, begin: number, end: number): void {
  const count = rows.length / bands;
  for (let frame = 0; frame < count; frame++) {
    const nearest = Math.min(Math.max(frame, begin), end - 1);
    if (nearest !== frame) rows.copyWithin(frame * bands, nearest * bands, (nearest + 1) * bands);
  }
}

/** What the schedule says about a step of `total`. */
export function scheduleInputs(shape: RateShape, step: number, total: number, adamW: AdamWSettings): Inputs {
  return {
    rateFactor: scalar(rateFactor(shape, step, total)),
    ...corrections(adamW, step),
    averageDecay: scalar(averageDecay(step)),
  };
}

/** What a step is told of AdamW's moments. */
function corrections({ beta1, beta2 }: AdamWSettings, step: number): Inputs {
  return {
    correction1: scalar(biasCorrection(beta1, step + 1)),
    correction2: scalar(biasCorrection(beta2, step + 1)),
  };
}

/** What the network of a loss is told of a step; nothing where it has none. */
function lossNetworkInputs(each: WeightedLoss, step: number): Inputs {
  const { network } = each.loss;
  return network ? withPrefix(lossPrefix(each), corrections(network.optimiser.adamW, step)) : {};
}

function scalar(value: number): TensorValue {
  return { data: Float32Array.of(value), shape: [] };
}
