// The graphs of training: one step of the prior's fit, one step of the network. Weights, moments and averages are state
// that stays in the engine; a run's inputs are the crops and what was drawn for them.
import * as tf from "@tensorflow/tfjs-core";
import type { MelFormat } from "../mel/format.js";
import { logSigma } from "../models/prior/graph.js";
import { mdct } from "../models/layers/mdct.js";
import { weightsOf } from "../models/weights.js";
import type { Signature, TensorFunction, Tensors, TensorSpec, TensorValue } from "../engine/engine.js";
import { MARGIN, melWithGain, noiseError, prepareCrops, withoutMargin } from "./crops.js";
import {
  type OptimiserSettings,
  optimiserStep,
  startState,
  statePrefix,
  type StepSchedule,
} from "./optimiser/optimiser.js";
import type { TrainConfig } from "./config.js";
import type { PriorTraining, TrainingModel } from "./model.js";

// The gradients of tfjs's kernels. In Node only the whole package brings them, and it takes a second to load: so only
// training loads it, and only when it begins.

/** Makes gradients of all kernels available. */
export async function registerGradients(): Promise<void> {
  await import("@tensorflow/tfjs");
}

/** A function and the signature to compile it with. */
export interface StepProgram {
  readonly step: TensorFunction;
  readonly signature: Signature;
}

/** Added to squared coefficients, so that silence does not ask for σ = 0. */
const SILENCE = 1e-9;

/** Adam, for the prior. */
export const priorOptimiser = {
  adamW: { beta1: 0.9, beta2: 0.999, weightDecay: 0 },
  muon: { momentum: 0, weightDecay: 0 },
  muonRate: 0,
  usesMuon: () => false,
} as const;

/** One step of the network's training. */
export function networkStep(
  model: TrainingModel,
  config: TrainConfig,
  values: { network: Readonly<Record<string, TensorValue>>; prior: Readonly<Record<string, TensorValue>> },
): StepProgram {
  const { denoiser, format } = model;
  const names = denoiser.weights.map(({ name }) => name);
  const step: TensorFunction = (inputs, held) => {
    const crops = prepareCrops(model, weightsOf(held), cropTensors(inputs));
    const loss = (...tensors: tf.Tensor[]): tf.Tensor => {
      const weights = weightsOf(Object.fromEntries(names.map((name, index) => [name, tensors[index]])));
      const { noise, logSnr, heard } = inputs;
      return denoiser.loss(noiseError(model, weights, crops, { noise, logSnr }), heard);
    };
    return trainOn(loss, names, inputs, held, denoiser.optimiser);
  };
  const { batch, cropFrames } = config;
  return {
    step,
    signature: {
      inputs: {
        ...cropInputs(format, batch, cropFrames),
        noise: { shape: [batch, cropFrames * format.hopLength] },
        logSnr: { shape: [batch] },
        ...scheduleSpecs,
      },
      weights: values.prior,
      state: startState(denoiser.weights, values.network, denoiser.optimiser.usesMuon),
    },
  };
}

/** One step of the prior's fit: the Gaussian likelihood of the MDCT coefficients. */
export function priorStep(
  { constants, transform, weights: specs }: PriorTraining,
  format: MelFormat,
  config: TrainConfig,
  values: Readonly<Record<string, TensorValue>>,
): StepProgram {
  const names = specs.map(({ name }) => name);
  const { priorRate: adamWRate, gradientNorm } = config;
  const settings: OptimiserSettings = { ...priorOptimiser, adamWRate, gradientNorm };
  const step: TensorFunction = (inputs, held) => {
    const { samples, mel, gain } = cropTensors(inputs);
    const amplitude = tf.reshape(tf.exp(gain), [-1, 1]);
    const coefficients = withoutMargin(mdct(transform, tf.mul(samples, amplitude)));
    const changed = melWithGain(mel, gain, format.floor);
    const loss = (...tensors: tf.Tensor[]): tf.Tensor => {
      const weights = weightsOf(Object.fromEntries(names.map((name, index) => [name, tensors[index]])));
      const logDeviation = withoutMargin(logSigma(constants, weights, changed));
      const power = tf.mul(tf.add(tf.square(coefficients), SILENCE), tf.exp(tf.mul(logDeviation, -2)));
      return tf.mean(tf.mul(tf.add(tf.mul(power, 0.5), logDeviation), inputs["heard"]));
    };
    return trainOn(loss, names, inputs, held, settings);
  };
  return {
    step,
    signature: {
      inputs: { ...cropInputs(format, config.batch, config.cropFrames), ...scheduleSpecs },
      state: startState(specs, values, settings.usesMuon),
    },
  };
}

/** What a step is told of the schedule. */
export const scheduleSpecs: Readonly<Record<string, TensorSpec>> = {
  rateFactor: { shape: [] },
  correction1: { shape: [] },
  correction2: { shape: [] },
  averageDecay: { shape: [] },
};

function cropInputs(format: MelFormat, batch: number, cropFrames: number): Record<string, TensorSpec> {
  const frames = cropFrames + 2 * MARGIN;
  return {
    samples: { shape: [batch, frames * format.hopLength] },
    mel: { shape: [batch, frames, format.bands] },
    gain: { shape: [batch] },
    heard: { shape: [batch, 1, format.hopLength] },
  };
}

function cropTensors(inputs: Tensors): { samples: tf.Tensor; mel: tf.Tensor; gain: tf.Tensor } {
  return { samples: inputs["samples"], mel: inputs["mel"], gain: inputs["gain"] };
}

/** The loss's gradient and the optimiser's step: the loss, the gradient's norm and the next state. */
export function trainOn(
  loss: (...tensors: tf.Tensor[]) => tf.Tensor,
  names: readonly string[],
  inputs: Tensors,
  held: Tensors,
  settings: OptimiserSettings,
): Record<string, tf.Tensor> {
  const weights = names.map((name) => held[statePrefix.weight + name]);
  const { value, grads } = tf.valueAndGrads((...tensors) => loss(...tensors) as tf.Scalar)(weights);
  const schedule: StepSchedule = {
    rateFactor: inputs["rateFactor"],
    correction1: inputs["correction1"],
    correction2: inputs["correction2"],
    averageDecay: inputs["averageDecay"],
  };
  const { state, norm } = optimiserStep(names, grads, held, settings, schedule);
  return { loss: value, gradientNorm: norm, ...state };
}
