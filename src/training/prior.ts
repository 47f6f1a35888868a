// The fit of the spectral prior (models/prior/graph.ts), before the network's steps: a minute that is not saved on the way,
// since a run that was killed fits the same prior again.
import * as tf from "@tensorflow/tfjs-core";
import type { TensorFunction, TensorValue } from "../engine/engine.js";
import type { MelFormat } from "../mel/format.js";
import { mdct } from "../models/layers/mdct.js";
import { logSigma } from "../models/prior/graph.js";
import type { Weights, WeightValue } from "../models/weights.js";
import { BatchSource } from "./batches.js";
import type { TrainConfig } from "./config.js";
import { melWithGain, withoutMargin } from "./crops.js";
import type { PriorTraining, TrainingModel } from "./model.js";
import { adamWOnly, partOf, startState, statePrefix } from "./optimiser/optimiser.js";
import { audioSecondsAStep, Meter, REPORT_EVERY, type TrainingOptions } from "./progress.js";
import { whereThereIsRoom } from "./run.js";
import { initialise } from "./start-weights.js";
import {
  cropInputs,
  cropTensors,
  fitted,
  priorAdam,
  scheduleSpecs,
  type StepProgram,
  trainOn,
} from "./step.js";

/** Added to squared coefficients, so that silence does not ask for σ = 0. */
const SILENCE = 1e-9;

/**
 * The prior's weights: those of the run, else those that it begins with, else fitted ones.
 *
 * @returns undefined where the signal ended the fit; no weights where the model has no prior
 */
export async function fittedPrior(
  options: TrainingOptions,
  { prior, format, denoiser }: TrainingModel,
): Promise<Record<string, WeightValue> | undefined> {
  if (!prior) return {};
  const { runtime, source, config, run, onProgress, beforeStep, signal } = options;
  const start = await run.readStart();
  const begun = partOf(start ?? {}, "prior.");
  const stored = (await run.readPrior()) ?? (Object.keys(begun).length > 0 ? begun : undefined);
  if (stored) return stored;
  const values = initialise(prior.weights, config.seed);
  const batches = new BatchSource(source, config, denoiser);
  const total = config.priorSteps;
  const meter = new Meter(audioSecondsAStep(config, format));
  const state = await fitted(runtime, priorStep(prior, format, config, values), {
    ...{ total, beforeStep, signal },
    inputs: (step) => batches.priorInputs(step),
    onLoss: (step, loss) => {
      meter.add(loss);
      if (step % REPORT_EVERY === 0) onProgress?.({ phase: "prior", step, total, ...meter.take() });
    },
  });
  if (!state) return undefined;
  const weights = partOf(state, statePrefix.weight);
  await whereThereIsRoom(() => run.savePrior(weights), options);
  return weights;
}

/** One step of the prior's fit: the Gaussian likelihood of the MDCT coefficients. */
function priorStep(
  { constants, transform, weights: specs }: PriorTraining,
  format: MelFormat,
  config: TrainConfig,
  values: Readonly<Record<string, TensorValue>>,
): StepProgram {
  const settings = adamWOnly(priorAdam, config.priorRate, config.gradientNorm);
  const step: TensorFunction = (inputs, held) => {
    const { samples, mel, gain } = cropTensors(inputs);
    const amplitude = tf.reshape(tf.exp(gain), [-1, 1]);
    const coefficients = withoutMargin(mdct(transform, tf.mul(samples, amplitude)));
    const changed = melWithGain(mel, gain, format.floor);
    const loss = (weights: Weights): tf.Tensor => {
      const logDeviation = withoutMargin(logSigma(constants, weights, changed));
      const power = tf.mul(tf.add(tf.square(coefficients), SILENCE), tf.exp(tf.mul(logDeviation, -2)));
      return tf.mean(tf.mul(tf.add(tf.mul(power, 0.5), logDeviation), inputs["heard"]));
    };
    return trainOn(loss, { specs, settings, inputs, held });
  };
  return {
    step,
    signature: {
      inputs: { ...cropInputs(format, config.batch, config.cropFrames), ...scheduleSpecs },
      state: startState(specs, values, settings.usesMuon),
    },
  };
}
