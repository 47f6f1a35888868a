// The excitation model of a run, before the network's steps: a few minutes that are not saved on the way, since a run that
// was killed trains the same model again.
import { architectureOf } from "../models/registry.js";
import type { Weights, WeightValue } from "../models/weights.js";
import type { CropSource, PitchSource } from "./draws.js";
import { type Run, whereThereIsRoom } from "./run.js";
import { Meter, REPORT_EVERY, type TrainingOptions } from "./progress.js";
import { adamWOnly, type OptimiserSettings, partOf, startState, statePrefix } from "./optimiser/optimiser.js";
import type { TrainConfig } from "./config.js";
import { excitationLogits } from "../models/excitation/graph.js";
import {
  excitationWeights,
  PITCH_CLASSES,
  PITCH_STEP_CENTS,
  voicingBands,
} from "../models/excitation/shape.js";
import type { Engine, TensorFunction, Tensors, TensorValue } from "../engine/engine.js";
import { scheduleInputs } from "./batches.js";
import { ExcitationBatches, measureExcitation, type PitchError } from "./excitation-data.js";
import {
  fitted,
  type FitOptions,
  registerGradients,
  scheduleSpecs,
  type StepProgram,
  trainOn,
} from "./step.js";
import { initialise } from "./start-weights.js";
import * as tf from "@tensorflow/tfjs-core";
import type { MelFormat } from "../mel/format.js";
import { melWithGain } from "./crops.js";

// One step of the excitation model's training as a graph: how well a mel's frames tell pitch, voice and band voicing.

const RATE = 2e-3;
const WEIGHT_DECAY = 0.01;
const GRADIENT_NORM = 1;
/** How much the pitch counts beside the voicing. */
export const PITCH_SHARE = 0.3;
/** Standard deviation around the label, over which the classes share it. */
const LABEL_CENTS = 25;
const BANDS = voicingBands.length;

/** AdamW of an excitation model, whatever it learns from. */
const excitationAdamW = { beta1: 0.9, beta2: 0.99, weightDecay: WEIGHT_DECAY };

/** The optimiser of an excitation model at a rate. */
export function excitationOptimiserAt(rate: number): OptimiserSettings {
  return adamWOnly(excitationAdamW, rate, GRADIENT_NORM);
}

const excitationOptimiser = excitationOptimiserAt(RATE);

/**
 * A step's function and signature.
 *
 * @param sizes how many crops, of how many frames
 * @param values the weights to start from
 */
function excitationStep(
  format: MelFormat,
  sizes: readonly [crops: number, frames: number],
  values: Readonly<Record<string, TensorValue>>,
): StepProgram {
  const specs = excitationWeights(format.bands);
  const step: TensorFunction = (inputs, held) => {
    const mel = melWithGain(inputs["mel"], inputs["gain"], format.floor);
    const loss = (weights: Weights): tf.Tensor => excitationLoss(excitationLogits(weights, mel), inputs);
    return trainOn(loss, { specs, inputs, held, settings: excitationOptimiser });
  };
  const frames = [...sizes];
  return {
    step,
    signature: {
      inputs: {
        mel: { shape: [...frames, format.bands] },
        gain: { shape: [sizes[0]] },
        pitchClass: { shape: frames },
        pitched: { shape: frames },
        voiced: { shape: frames },
        bandVoicing: { shape: [...frames, BANDS] },
        ...scheduleSpecs,
      },
      state: startState(specs, values, excitationOptimiser.usesMuon),
    },
  };
}

/**
 * The loss of a batch, a scalar: 0.3 × the cross-entropy of the pitch classes with a Gaussian around the label, over
 * frames with a pitch, + the binary cross-entropy of the voice + that of the bands' voicing, over frames with a voice.
 *
 * @param logits [batch, frames, 206]
 * @param targets as PitchTargets
 */
export function excitationLoss(logits: tf.Tensor, targets: Tensors): tf.Tensor {
  const { pitchClass, pitched, voiced, bandVoicing } = targets;
  const [classes, voice, bands] = tf.split(logits, [PITCH_CLASSES, 1, BANDS], 2);
  const byFrame = classCrossEntropy(classes, pitchClass);
  const ofPitch = meanWhere(byFrame, pitched);
  const ofVoice = tf.mean(binaryCrossEntropy(tf.reshape(voice, voiced.shape), voiced));
  const ofBands = meanWhere(tf.mean(binaryCrossEntropy(bands, bandVoicing), 2), voiced);
  return tf.addN([tf.mul(ofPitch, PITCH_SHARE), ofVoice, ofBands]);
}

/** −Σ p·ln q over the classes, p a Gaussian around the label. [batch, frames] */
function classCrossEntropy(logits: tf.Tensor, label: tf.Tensor): tf.Tensor {
  const classes = tf.tensor1d(Float32Array.from({ length: PITCH_CLASSES }, (_, index) => index));
  const distance = tf.sub(classes, tf.expandDims(label, 2));
  const density = tf.exp(tf.mul(tf.square(distance), -0.5 * (PITCH_STEP_CENTS / LABEL_CENTS) ** 2));
  const target = tf.div(density, tf.add(tf.sum(density, 2, true), 1e-12));
  return crossEntropy(logits, target);
}

/** −Σ p·ln q over the last of three axes, q given by logits. [batch, frames] */
export function crossEntropy(logits: tf.Tensor, target: tf.Tensor): tf.Tensor {
  const shifted = tf.sub(logits, tf.max(logits, 2, true));
  const logSum = tf.log(tf.sum(tf.exp(shifted), 2, true));
  return tf.neg(tf.sum(tf.mul(target, tf.sub(shifted, logSum)), 2));
}

/** −(y·ln σ(x) + (1−y)·ln(1−σ(x))) = ln(1 + eˣ) − y·x. */
export function binaryCrossEntropy(logits: tf.Tensor, target: tf.Tensor): tf.Tensor {
  return tf.sub(tf.softplus(logits), tf.mul(target, logits));
}

/** The mean of the values where the mask is 1; 0 where it is nowhere. */
function meanWhere(values: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  return tf.div(tf.sum(tf.mul(values, mask)), tf.maximum(tf.sum(mask), 1));
}

// Training of the excitation model: some minutes on mels and the pitch of their recordings, apart from the denoiser.

/** How to train an excitation model. */
interface ExcitationTraining {
  readonly runtime: Engine;
  readonly source: CropSource & PitchSource;
  /** Its seed, batch, gains and `excitationSteps` are used. */
  readonly config: TrainConfig;
  /** Called behind each step with its loss and the audio that it saw. */
  readonly onStep?: (step: number, loss: number, audioSeconds: number) => void;
  readonly beforeStep?: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/** A trained excitation model. */
interface TrainedExcitation {
  /** Averaged over the last steps. */
  readonly weights: Readonly<Record<string, WeightValue>>;
  /** On the held-out recordings; undefined where there are none with a voice. */
  readonly error: PitchError | undefined;
}

/**
 * Trains an excitation model from its start.
 *
 * @returns undefined where the signal ended it
 * @throws NothingToTrainOnError; Error where the loss becomes no number
 */
export async function trainExcitation(options: ExcitationTraining): Promise<TrainedExcitation | undefined> {
  const { runtime, source, config, onStep, beforeStep, signal } = options;
  await registerGradients();
  const { format } = source;
  const batches = new ExcitationBatches(source, config);
  const start = initialise(excitationWeights(format.bands), config.seed);
  const program = excitationStep(format, [config.batch, batches.cropFrames], start);
  const audioSeconds = (config.batch * batches.cropFrames * format.hopLength) / format.sampleRate;
  const weights = await fittedExcitationWeights(runtime, program, {
    ...{ total: config.excitationSteps, beforeStep, signal },
    inputs: (step) => batches.inputs(step),
    onLoss: (step, loss) => onStep?.(step, loss, audioSeconds),
  });
  return weights && { weights, error: await measureExcitation(runtime, source, weights) };
}

/**
 * An excitation model after the steps of a fit: its weights, averaged over the last ones.
 *
 * @param options whose inputs lack the schedule's
 * @returns undefined where the signal ended it
 * @throws Error where the loss becomes no number
 */
export async function fittedExcitationWeights(
  runtime: Engine,
  program: StepProgram,
  options: FitOptions,
): Promise<Record<string, WeightValue> | undefined> {
  const { total, inputs, onLoss } = options;
  const state = await fitted(runtime, program, {
    ...options,
    inputs: (step) => ({ ...inputs(step), ...scheduleInputs("cosine", step, total, excitationAdamW) }),
    onLoss: (step, loss) => {
      if (!Number.isFinite(loss)) throw new Error("The excitation model's loss is no number any more.");
      onLoss(step, loss);
    },
  });
  return state && partOf(state, statePrefix.average);
}

/**
 * The excitation model that a run has already: its own, or that of the checkpoint that it begins with.
 *
 * @param start that checkpoint's weights, where the run does not hold them yet
 */
export async function storedExcitation(
  run: Run,
  start?: Readonly<Record<string, WeightValue>>,
): Promise<Record<string, WeightValue> | undefined> {
  const own = await run.readExcitation();
  if (own) return own;
  const begun = partOf(start ?? (await run.readStart()) ?? {}, "excitation.");
  return Object.keys(begun).length > 0 ? begun : undefined;
}

/** Whether a run is to train an excitation model: the harmonic start needs the domain of the spectral prior. */
export function wantsExcitation({ denoiser, excitationSteps }: TrainConfig): boolean {
  return architectureOf(denoiser).prior === "spectral" && excitationSteps > 0;
}

/**
 * The excitation model of a run: what it has, else a trained one; none where it is not to have one.
 *
 * @returns undefined where the signal ended the training
 */
export async function fittedExcitation(
  options: TrainingOptions,
): Promise<{ readonly excitation?: Record<string, WeightValue> } | undefined> {
  const { runtime, source, config, run, onProgress, onPitchMeasure, beforeStep, signal } = options;
  if (architectureOf(config.denoiser).prior !== "spectral") return {};
  const stored = await storedExcitation(run);
  if (stored) return { excitation: stored };
  if (!wantsExcitation(config)) return {};
  if (!tellsPitch(source)) throw new Error("The recordings are to teach their pitch, and do not tell it.");
  const total = config.excitationSteps;
  let meter: Meter | undefined;
  const trained = await trainExcitation({
    runtime,
    source,
    config,
    onStep: (step, loss, secondsAStep) => {
      meter ??= new Meter(secondsAStep);
      meter.add(loss);
      if (step % REPORT_EVERY === 0) {
        onProgress?.({ phase: "excitation", step, total, ...meter.take(), secondsAStep });
      }
    },
    ...(beforeStep && { beforeStep }),
    ...(signal && { signal }),
  });
  if (!trained) return undefined;
  if (trained.error) onPitchMeasure?.(trained.error);
  await whereThereIsRoom(() => run.saveExcitation(trained.weights), options);
  return { excitation: { ...trained.weights } };
}

function tellsPitch(source: CropSource & Partial<PitchSource>): source is CropSource & PitchSource {
  return source.readPitch !== undefined;
}
