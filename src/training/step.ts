// The graph of training: one step of the network. Weights, moments and averages are state
// that stays in the engine; a run's inputs are the crops and what was drawn for them.
import * as tf from "@tensorflow/tfjs-core";
import type { MelFormat } from "../mel/format.js";
import { tensorSpace } from "../models/layers/prediction.js";
import { type Weights, weightsOf, type WeightSpec } from "../models/weights.js";
import type {
  Engine,
  Signature,
  TensorFunction,
  Tensors,
  TensorSpec,
  TensorValue,
} from "../engine/engine.js";
import { MARGIN, prepareCrops } from "./crops.js";
import type { LossValue, WeightedLoss } from "./losses/loss.js";
import { type LossView, lossView } from "./losses/view.js";
import { samplerInputsOf, samplerSpecs } from "./finishing/sampler.js";
import {
  type AdamWSettings,
  merged,
  type OptimiserSettings,
  optimiserStep,
  startState,
  statePrefix,
  type StepSchedule,
  withoutPrefix,
  withPrefix,
} from "./optimiser/optimiser.js";
import type { TrainConfig } from "./config.js";
import type { TrainingModel } from "./model.js";
import { initialise } from "./start-weights.js";

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

/** Adam, for the prior. */
export const priorAdam: AdamWSettings = { beta1: 0.9, beta2: 0.999, weightDecay: 0 };

/** How a fit goes: a training of minutes that is not saved on the way. */
export interface FitOptions {
  readonly total: number;
  /** The inputs of a step, from 0 on. */
  readonly inputs: (step: number) => Readonly<Record<string, TensorValue>>;
  /** Told of each step's loss, from step 1 on. */
  readonly onLoss: (step: number, loss: number) => void;
  readonly beforeStep?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The state after all steps of a fit; undefined where the signal ended it. */
export async function fitted(
  runtime: Engine,
  { step: fn, signature }: StepProgram,
  { total, inputs, onLoss, beforeStep, signal }: FitOptions,
): Promise<Record<string, TensorValue> | undefined> {
  const program = await runtime.compile(fn, signature);
  try {
    for (let step = 0; step < total; step++) {
      await beforeStep?.();
      if (signal?.aborted) return undefined;
      onLoss(step + 1, (await program.run(inputs(step)))["loss"].data[0]);
    }
    return await program.readState();
  } finally {
    await program.dispose();
  }
}

/** Before the names of what a step tells: figures for the log, and the norms of the gradients of losses' networks. */
export const resultPrefix = { figure: "figure/", norm: "norm/" } as const;

/** Before the names of the state and the inputs of a loss's network. */
export function lossPrefix({ name }: Pick<WeightedLoss, "name">): string {
  return `losses/${name}/`;
}

/**
 * One step of the network's training, and of the networks that its losses have.
 *
 * @param known crops whose noise is predicted: all, but while a voice is finished those that keep their own mel, since
 *   the others are for the sampler's steps alone
 */
export function networkStep(
  model: TrainingModel,
  config: TrainConfig,
  values: { network: Readonly<Record<string, TensorValue>>; prior: Readonly<Record<string, TensorValue>> },
  known?: number,
): StepProgram {
  const { denoiser, format, losses } = model;
  const { weights: specs, optimiser: settings } = denoiser;
  const step: TensorFunction = (inputs, held) => {
    const crops = prepareCrops(model, weightsOf(held), cropTensors(inputs));
    const { noise, logSnr, heard, levelWeight } = inputs;
    const given = { noise, logSnr, heard, levelWeight, sampler: samplerInputsOf(inputs) };
    const told = new KeptTensors();
    const loss = (weights: Weights): tf.Tensor => {
      const seen = lossView(model, weights, crops, given);
      const terms = losses.map((each) => {
        const value = each.loss.value(seen, weightsOf(lossWeights(each, held)));
        if (losses.length > 1) told.keep(resultPrefix.figure + each.name, value.loss);
        return [each.weight, told.lossOf(each, value)] as const;
      });
      told.keep("predicted", seen.predicted);
      if (given.sampler) told.keep("sampled", seen.sampled());
      return total(terms);
    };
    const results = trainOn(loss, { specs, settings, inputs, held });
    const { predicted, sampled, ...figures } = told.release();
    // the estimates as constants, and both networks as they were before the step
    const present = weightsOf(withoutPrefix(statePrefix.weight, held));
    const seen = lossView(model, present, crops, given, { predicted, sampled });
    const others = losses.map((each) => lossNetworkStep(each, seen, inputs, held));
    return merged<tf.Tensor>([results, figures, ...others]);
  };
  const { batch, cropFrames } = config;
  const judged = known ?? batch;
  const networks = losses.filter(({ loss }) => loss.network);
  return {
    step,
    signature: {
      inputs: {
        ...cropInputs(format, batch, cropFrames),
        heard: { shape: [judged, 1, format.hopLength] },
        noise: { shape: [judged, cropFrames * format.hopLength] },
        logSnr: { shape: [judged] },
        ...(config.lossWeighting !== "simple" && { levelWeight: { shape: [judged] } }),
        ...(known !== undefined && samplerSpecs(format, batch, cropFrames)),
        ...scheduleSpecs,
        ...merged(networks.map((each) => withPrefix(lossPrefix(each), correctionSpecs))),
      },
      weights: values.prior,
      state: {
        ...startState(specs, values.network, settings.usesMuon),
        ...merged(networks.map((each, index) => lossState(each, config.seed, index))),
      },
    },
  };
}

/** Σ weight·loss, a scalar. */
function total(terms: readonly (readonly [weight: number, loss: tf.Tensor])[]): tf.Tensor {
  const [[weight, loss]] = terms;
  if (terms.length === 1 && weight === 1) return loss;
  return tensorSpace.weightedSum(terms);
}

/** The step of a loss's network: its next state, its own loss as a figure, and its gradient's norm. */
function lossNetworkStep(
  each: WeightedLoss,
  seen: LossView,
  inputs: Tensors,
  held: Tensors,
): Record<string, tf.Tensor> {
  const { network } = each.loss;
  if (!network) return {};
  const prefix = lossPrefix(each);
  const told = new KeptTensors();
  const { loss, gradientNorm, ...state } = trainOn((own) => told.lossOf(each, network.value(seen, own)), {
    specs: network.weights,
    settings: network.optimiser,
    inputs: { ...inputs, ...withoutPrefix(prefix, inputs) },
    held: withoutPrefix(prefix, held),
  });
  return {
    ...withPrefix(prefix, state),
    ...told.release(),
    [`${resultPrefix.figure}${each.name}.network`]: loss,
    [resultPrefix.norm + each.name]: gradientNorm,
  };
}

/** The weights of a loss's network; none where it has no network. */
function lossWeights(each: WeightedLoss, held: Tensors): Tensors {
  return withoutPrefix(lossPrefix(each) + statePrefix.weight, held);
}

/** The start values of the networks of losses lie so far apart, and from the denoiser's. */
const START_DISTANCE = 2 ** 14;

function lossState(each: WeightedLoss, seed: number, index: number): Record<string, TensorValue> {
  const { weights, optimiser } = each.loss.network!;
  const values = initialise(weights, seed, (1 + index) * START_DISTANCE);
  return withPrefix(lossPrefix(each), startState(weights, values, optimiser.usesMuon));
}

/** Tensors that outlive the scope of a gradient, in which tfjs frees everything but the loss. */
class KeptTensors {
  readonly #kept: Record<string, tf.Tensor> = {};

  keep(name: string, tensor: tf.Tensor): void {
    this.#kept[name] = tf.keep(tf.clone(tensor));
  }

  /** The loss of a value whose figures are kept. */
  lossOf({ name }: WeightedLoss, { loss, figures = {} }: LossValue): tf.Tensor {
    for (const [figure, value] of Object.entries(figures)) {
      this.keep(`${resultPrefix.figure}${name}.${figure}`, value);
    }
    return loss;
  }

  /** All of them, which now belong to the caller's scope. */
  release(): Record<string, tf.Tensor> {
    const entries = Object.entries(this.#kept).map(([name, tensor]) => {
      const released = tf.clone(tensor);
      tensor.dispose();
      return [name, released] as const;
    });
    return Object.fromEntries(entries);
  }
}

/** What a step is told of AdamW's moments. */
const correctionSpecs: Readonly<Record<string, TensorSpec>> = {
  correction1: { shape: [] },
  correction2: { shape: [] },
};

/** What a step is told of the schedule. */
export const scheduleSpecs: Readonly<Record<string, TensorSpec>> = {
  rateFactor: { shape: [] },
  ...correctionSpecs,
  averageDecay: { shape: [] },
};

/** The shapes of a batch of crops with their margins. */
export function cropInputs(format: MelFormat, batch: number, cropFrames: number): Record<string, TensorSpec> {
  const frames = cropFrames + 2 * MARGIN;
  return {
    samples: { shape: [batch, frames * format.hopLength] },
    mel: { shape: [batch, frames, format.bands] },
    gain: { shape: [batch] },
    heard: { shape: [batch, 1, format.hopLength] },
  };
}

/** The crops among the inputs of a step. */
export function cropTensors(inputs: Tensors): { samples: tf.Tensor; mel: tf.Tensor; gain: tf.Tensor } {
  return { samples: inputs["samples"], mel: inputs["mel"], gain: inputs["gain"] };
}

/** Weights that are trained, and what a step of theirs is given. */
interface Trainee {
  readonly specs: readonly WeightSpec[];
  readonly settings: OptimiserSettings;
  /** The schedule's among them. */
  readonly inputs: Tensors;
  /** The optimiser's state. */
  readonly held: Tensors;
}

/** The loss's gradient and the optimiser's step: the loss, the gradient's norm and the next state. */
export function trainOn(
  loss: (weights: Weights) => tf.Tensor,
  { specs, settings, inputs, held }: Trainee,
): Record<string, tf.Tensor> & Record<"loss" | "gradientNorm", tf.Tensor> {
  const names = specs.map(({ name }) => name);
  const read = (tensors: readonly tf.Tensor[]): Weights =>
    weightsOf(Object.fromEntries(names.map((name, index) => [name, tensors[index]])));
  const weights = names.map((name) => held[statePrefix.weight + name]);
  const { value, grads } = tf.valueAndGrads((...tensors) => loss(read(tensors)) as tf.Scalar)(weights);
  const schedule: StepSchedule = {
    rateFactor: inputs["rateFactor"],
    correction1: inputs["correction1"],
    correction2: inputs["correction2"],
    averageDecay: inputs["averageDecay"],
  };
  const { state, norm } = optimiserStep(names, grads, held, settings, schedule);
  return { loss: value, gradientNorm: norm, ...state };
}
