// The excitation model learns to read smoothed mels from itself: its own answers on the mel of a recording are the targets
// for the same crop smoothed, so that no labels are needed (self-distillation, Xie et al. 2020). Half the crops stay as
// they are, that what it knew stays too.
import * as tf from "@tensorflow/tfjs-core";
import type { TensorFunction, TensorValue } from "../../engine/engine.js";
import { excitationLogits } from "../../models/excitation/graph.js";
import { excitationWeights, PITCH_CLASSES, voicingBands } from "../../models/excitation/shape.js";
import { weightsOf, type Weights, type WeightValue } from "../../models/weights.js";
import { fillNormals } from "../../diffusion/noise.js";
import { smoothed } from "../../mel/smoothing.js";
import { longestCrop, utterancesToTrainOn } from "../batches.js";
import type { TrainConfig } from "../config.js";
import { melWithGain } from "../crops.js";
import { CropDraw, type CropSource, drawSmoothing, StepRandom, type Utterance } from "../draws.js";
import { computeMel } from "../../mel/analysis.js";
import { predictedCount } from "./batches.js";
import {
  binaryCrossEntropy,
  crossEntropy,
  excitationOptimiserAt,
  fittedExcitationWeights,
  PITCH_SHARE,
} from "../excitation.js";
import { CROP_FRAMES } from "../excitation-data.js";
import { startState, withPrefix } from "../optimiser/optimiser.js";
import { Meter, REPORT_EVERY, type TrainingOptions } from "../progress.js";
import { whereThereIsRoom } from "../run.js";
import { scheduleSpecs, type StepProgram, trainOn } from "../step.js";

const RATE = 5e-4;
const CROPS = 8;
const BANDS = voicingBands.length;
const NOISE_STEPS = 2 ** 45;
const TEACHER = "teacher/";
const optimiser = excitationOptimiserAt(RATE);

/**
 * The excitation model of a run that finishes a voice: the one that it has, else `teacher` after its steps on smoothed
 * mels.
 *
 * @returns undefined where the signal ended the training
 */
export async function finishedExcitation(
  options: TrainingOptions,
  teacher: Readonly<Record<string, WeightValue>>,
): Promise<Readonly<Record<string, WeightValue>> | undefined> {
  const { runtime, source, config, run, onProgress, beforeStep, signal } = options;
  const total = config.finishExcitationSteps;
  if (total === 0) return teacher;
  const stored = await run.readExcitation("finished");
  if (stored) return stored;
  const draw = new SmoothedCrops(source, config, options.predicted);
  const program = distillationStep(source.format, [CROPS, draw.frames], teacher);
  const secondsAStep = (CROPS * draw.frames * source.format.hopLength) / source.format.sampleRate;
  const meter = new Meter(secondsAStep);
  const weights = await fittedExcitationWeights(runtime, program, {
    ...{ total, beforeStep, signal },
    inputs: (step) => draw.inputs(step),
    onLoss: (step, loss) => {
      meter.add(loss);
      if (step % REPORT_EVERY === 0) {
        onProgress?.({ phase: "excitation", step, total, ...meter.take(), secondsAStep });
      }
    },
  });
  if (weights) await whereThereIsRoom(() => run.saveExcitation(weights, "finished"), options);
  return weights;
}

/** One step: the student sees `heard`, the teacher `mel`. */
function distillationStep(
  format: CropSource["format"],
  sizes: readonly [crops: number, frames: number],
  teacher: Readonly<Record<string, WeightValue>>,
): StepProgram {
  const specs = excitationWeights(format.bands);
  const step: TensorFunction = (inputs, held) => {
    const { mel, heard, gain } = inputs;
    const fixed = weightsOf(Object.fromEntries(specs.map(({ name }) => [name, held[TEACHER + name]])));
    const targets = excitationLogits(fixed, melWithGain(mel, gain, format.floor));
    const given = melWithGain(heard, gain, format.floor);
    const loss = (weights: Weights): tf.Tensor => distance(excitationLogits(weights, given), targets);
    return trainOn(loss, { specs, inputs, held, settings: optimiser });
  };
  const mel = { shape: [...sizes, format.bands] };
  return {
    step,
    signature: {
      inputs: { mel, heard: mel, gain: { shape: [sizes[0]] }, ...scheduleSpecs },
      weights: withPrefix<TensorValue>(TEACHER, teacher),
      state: startState(specs, teacher, optimiser.usesMuon),
    },
  };
}

/**
 * How far answers are from others: the cross-entropy of the pitch where there is a voice, and the binary ones of voice and
 * bands.
 *
 * @param answers logits [batch, frames, 206]
 * @param targets logits of the same shape, taken as probabilities
 */
function distance(answers: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  const sizes = [PITCH_CLASSES, 1, BANDS];
  const [classes, voice, bands] = tf.split(answers, sizes, 2);
  const [wantedClasses, wantedVoice, wantedBands] = tf.split(targets, sizes, 2);
  const voiced = tf.sigmoid(wantedVoice);
  const raised = tf.exp(tf.sub(wantedClasses, tf.max(wantedClasses, 2, true)));
  const probability = tf.div(raised, tf.sum(raised, 2, true));
  const ofPitch = tf.mean(tf.mul(tf.expandDims(crossEntropy(classes, probability), 2), voiced));
  const ofVoice = tf.mean(binaryCrossEntropy(voice, voiced));
  const ofBands = tf.mean(tf.mul(binaryCrossEntropy(bands, tf.sigmoid(wantedBands)), voiced));
  return tf.addN([tf.mul(ofPitch, PITCH_SHARE), ofVoice, ofBands]);
}

/** Draws crops as they are, smoothed, and with predicted mels, as a function of the run's seed and the step. */
class SmoothedCrops {
  readonly #source: CropSource;
  readonly #config: TrainConfig;
  readonly #draw: CropDraw;
  readonly #predicted:
    { readonly source: CropSource; readonly draw: CropDraw; readonly count: number } | undefined;
  readonly frames: number;

  /** @param predicted recordings with mels that a model predicted */
  constructor(source: CropSource, config: TrainConfig, predicted: CropSource | undefined) {
    this.#source = source;
    this.#config = config;
    const longest = longestCrop(source.utterances, CROP_FRAMES);
    this.frames = predicted ? longestCrop(predicted.utterances, longest) : longest;
    const drawOf = (from: CropSource): CropDraw =>
      new CropDraw(utterancesToTrainOn(from, { cropFrames: this.frames }), this.frames);
    this.#draw = drawOf(source);
    const count = predictedCount({ ...config, batch: CROPS });
    this.#predicted = predicted && { source: predicted, draw: drawOf(predicted), count };
  }

  inputs(step: number): Record<string, TensorValue> {
    const { seed, gainLow, gainHigh, smoothShare } = this.#config;
    const { bands } = this.#source.format;
    const random = new StepRandom(seed, "excitation", 2 ** 31 - 1 - step);
    const size = this.frames * bands;
    const mel = new Float32Array(CROPS * size);
    const normals = fillNormals(new Float32Array(mel.length), { seed, step: NOISE_STEPS + step });
    const gains = new Float32Array(CROPS);
    const heard = new Float32Array(CROPS * size);
    const firstPredicted = CROPS - (this.#predicted?.count ?? 0);
    for (let item = 0; item < CROPS; item++) {
      const [sharp, other] = [mel, heard].map((all) => all.subarray(item * size, (item + 1) * size));
      const from = item < firstPredicted ? undefined : this.#predicted;
      const { utterance, frame } = (from?.draw ?? this.#draw).next(random);
      gains[item] = random.between(gainLow, gainHigh);
      if (from) {
        from.source.readMel(utterance, frame, this.frames, other, 0);
        sharp.set(melOfCrop(from.source, utterance, frame, this.frames));
        continue;
      }
      this.#source.readMel(utterance, frame, this.frames, sharp, 0);
      const strength = drawSmoothing(this.#config, random);
      const isSmoothed = item >= Math.round(CROPS * (1 - smoothShare));
      other.set(isSmoothed ? smoothed(sharp, bands, strength, normals.subarray(item * size)) : sharp);
    }
    const shape = [CROPS, this.frames, bands];
    return {
      mel: { data: mel, shape },
      heard: { data: heard, shape },
      gain: { data: gains, shape: [CROPS] },
    };
  }
}

/** Frames at each side of a crop, so that the transforms of its first and last frames see what is there. */
const BESIDE = 2;

/** The mel of a crop's samples: frame j lies around the middle of hop j, whatever the format pads. [frames·bands] */
function melOfCrop(source: CropSource, utterance: Utterance, frame: number, frames: number): Float32Array {
  const { hopLength, bands } = source.format;
  const count = frames + 2 * BESIDE;
  const samples = new Float32Array(count * hopLength);
  source.readSamples(utterance, (frame - BESIDE) * hopLength, samples.length, samples, 0);
  const { values } = computeMel(samples, { ...source.format, log: "ln", padding: "same" });
  return values.subarray(BESIDE * bands, (BESIDE + frames) * bands);
}
