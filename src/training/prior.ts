// The fit of the spectral prior (models/prior/graph.ts), before the network's steps: a minute that is not saved on the way,
// since a run that was killed fits the same prior again.
import * as tf from "@tensorflow/tfjs-core";
import type { TensorFunction, TensorValue } from "../engine/engine.js";
import type { MelFormat } from "../mel/format.js";
import { mdct } from "../models/layers/mdct.js";
import { logSigma } from "../models/prior/graph.js";
import type { Weights, WeightValue } from "../models/weights.js";
import type { BatchSource } from "./batches.js";
import type { TrainConfig } from "./config.js";
import { melWithGain, withoutMargin } from "./crops.js";
import type { PriorTraining, TrainingModel } from "./model.js";
import { adamWOnly, partOf, startState, statePrefix } from "./optimiser/optimiser.js";
import { audioSecondsAStep, Meter, REPORT_EVERY, type TrainingOptions } from "./progress.js";
import { whereThereIsRoom } from "./run.js";
import { initialise } from "./start-weights.js";
import { cropInputs, cropTensors, priorAdam, scheduleSpecs, type StepProgram, trainOn } from "./step.js";

/** Added to squared coefficients, so that silence does not ask for σ = 0. */
const SILENCE = 1e-9;

/**
 * The prior's weights: those of the run, else those that it begins with, else fitted ones.
 *
 * @param batches made where there is something to fit
 * @returns undefined where the signal ended the fit; no weights where the model has no prior
 */
export async function fittedPrior(
  options: TrainingOptions,
  batches: () => BatchSource,
  { prior, format }: TrainingModel,
): Promise<Record<string, WeightValue> | undefined> {
  if (!prior) return {};
  const { runtime, config, run, onProgress, beforeStep, signal } = options;
  const start = await run.readStart();
  const stored = (await run.readPrior()) ?? (start && partOf(start, "prior."));
  if (stored) return stored;
  const values = initialise(prior.weights, config.seed);
  const { step: fn, signature } = priorStep(prior, format, config, values);
  const program = await runtime.compile(fn, signature);
  try {
    const total = config.priorSteps;
    const meter = new Meter(audioSecondsAStep(config, format));
    for (let step = 0; step < total; step++) {
      await beforeStep?.();
      if (signal?.aborted) return undefined;
      meter.add((await program.run(batches().priorInputs(step)))["loss"].data[0]);
      if ((step + 1) % REPORT_EVERY === 0) {
        onProgress?.({ phase: "prior", step: step + 1, total, ...meter.take() });
      }
    }
    const fitted = partOf(await program.readState(), statePrefix.weight);
    await whereThereIsRoom(() => run.savePrior(fitted), options);
    return fitted;
  } finally {
    await program.dispose();
  }
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
