// One step of the excitation model's training as a graph: how well a mel's frames tell pitch, voice and band voicing.
import * as tf from "@tensorflow/tfjs-core";
import {
  excitationLogits,
  excitationWeights,
  PITCH_CLASSES,
  PITCH_STEP_CENTS,
  voicingBands,
} from "../models/excitation-model.js";
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import { weightsOf } from "../models/weights.js";
import type { TensorFunction, Tensors, TensorValue } from "../runtime/runtime.js";
import { melWithGain } from "./crops.js";
import { type OptimiserSettings, startState } from "./optimiser/optimiser.js";
import { scheduleSpecs, type StepProgram, trainOn } from "./train-step.js";

const RATE = 2e-3;
const WEIGHT_DECAY = 0.01;
const GRADIENT_NORM = 1;
/** How much the pitch counts beside the voicing. */
const PITCH_SHARE = 0.3;
/** Standard deviation around the label, over which the classes share it. */
const LABEL_CENTS = 25;
const BANDS = voicingBands.length;

/** AdamW for all weights. */
export const excitationOptimiser: OptimiserSettings = {
  adamW: { beta1: 0.9, beta2: 0.99, weightDecay: WEIGHT_DECAY },
  muon: { momentum: 0, weightDecay: 0 },
  adamWRate: RATE,
  muonRate: 0,
  gradientNorm: GRADIENT_NORM,
  usesMuon: () => false,
};

/**
 * A step's function and signature.
 *
 * @param sizes how many crops, of how many frames
 * @param values the weights to start from
 */
export function excitationStep(
  format: MelFormat,
  sizes: readonly [crops: number, frames: number],
  values: Readonly<Record<string, TensorValue>>,
): StepProgram {
  const specs = excitationWeights(format.bands);
  const names = specs.map(({ name }) => name);
  const step: TensorFunction = (inputs, held) => {
    const mel = melWithGain(inputs["mel"], inputs["gain"], format.floor);
    const loss = (...tensors: tf.Tensor[]): tf.Tensor => {
      const weights = weightsOf(Object.fromEntries(names.map((name, index) => [name, tensors[index]])));
      return excitationLoss(excitationLogits(weights, mel), inputs);
    };
    return trainOn(loss, names, inputs, held, excitationOptimiser);
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
  const shifted = tf.sub(logits, tf.max(logits, 2, true));
  const logSum = tf.log(tf.sum(tf.exp(shifted), 2, true));
  return tf.neg(tf.sum(tf.mul(target, tf.sub(shifted, logSum)), 2));
}

/** −(y·ln σ(x) + (1−y)·ln(1−σ(x))) = ln(1 + eˣ) − y·x. */
function binaryCrossEntropy(logits: tf.Tensor, target: tf.Tensor): tf.Tensor {
  return tf.sub(tf.softplus(logits), tf.mul(target, logits));
}

/** The mean of the values where the mask is 1; 0 where it is nowhere. */
function meanWhere(values: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  return tf.div(tf.sum(tf.mul(values, mask)), tf.maximum(tf.sum(mask), 1));
}
