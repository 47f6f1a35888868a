// One optimiser step over all weights of a model: Muon for the matrices that say so, AdamW for everything else, after
// the gradient as a whole was limited to a norm; and the moving average of the weights that is used in the end.
import * as tf from "@tensorflow/tfjs-core";
import type { WeightSpec, WeightValue } from "../../models/weights.js";
import type { TensorValue } from "../../engine/engine.js";
import { type AdamWSettings, adamWStep } from "./adamw.js";
import { type MuonSettings, muonStep } from "./muon.js";

// Tensors of a program's state as the files of a run hold them.

/** Tensors by name, as weights: all that training holds is float32. */
export function floats(values: Readonly<Record<string, TensorValue>>): Record<string, WeightValue> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, shape }]) => [name, { data: data as Float32Array, shape }]),
  );
}

/** The tensors whose names have a prefix, as weights without it. */
export function partOf(
  tensors: Readonly<Record<string, TensorValue>>,
  prefix: string,
): Record<string, WeightValue> {
  return floats(withoutPrefix(prefix, tensors));
}

/** What has a prefix before its name, without it. */
export function withoutPrefix<T>(prefix: string, tensors: Readonly<Record<string, T>>): Record<string, T> {
  const entries = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Tensors with a prefix before their names. */
export function withPrefix<T>(prefix: string, tensors: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [prefix + name, value]));
}

/** All tensors of several records, whose names differ. */
export function merged<T>(records: readonly Readonly<Record<string, T>>[]): Record<string, T> {
  return Object.fromEntries(records.flatMap((record) => Object.entries(record)));
}

// How the learning rate and the weights' average run over a training of a fixed number of steps.

/** The shape of the learning rate after its warm-up. */
export type RateShape =
  /** A cosine from 1 to 0.02. */
  | "cosine"
  /** 1 for the first half, then linear to 0.01. */
  | "constant-linear"
  /** Linear from 1 to 0, without warm-up. */
  | "linear";

const WARM_UP = 100;
const COSINE_END = 0.02;
const LINEAR_END = 0.01;
const LONGEST_AVERAGE = 0.999;

/** The factor of the learning rate at step i = 0, 1 … of `total`. */
export function rateFactor(shape: RateShape, step: number, total: number): number {
  const progress = step / total;
  if (shape === "linear") return 1 - progress;
  const warmUp = Math.min(1, (step + 1) / WARM_UP);
  if (shape === "cosine") {
    return warmUp * (COSINE_END + (1 - COSINE_END) * 0.5 * (1 + Math.cos(Math.PI * progress)));
  }
  return warmUp * Math.min(1, 1 - (1 - LINEAR_END) * (2 * progress - 1));
}

/** How much of the moving average stays at step i: short at first, so that it forgets the start. */
export function averageDecay(step: number): number {
  return Math.min(LONGEST_AVERAGE, (1 + step) / (10 + step));
}

/** Settings of the whole optimiser. */
export interface OptimiserSettings {
  readonly adamW: AdamWSettings;
  readonly muon: MuonSettings;
  /** Before the factor of the schedule. */
  readonly adamWRate: number;
  readonly muonRate: number;
  /** The gradient's norm over all weights is limited to it. */
  readonly gradientNorm: number;
  /** Which weights Muon trains. */
  readonly usesMuon: (name: string) => boolean;
}

/** An optimiser that trains all weights with AdamW. */
export function adamWOnly(adamW: AdamWSettings, adamWRate: number, gradientNorm: number): OptimiserSettings {
  const muon = { momentum: 0, weightDecay: 0 };
  return { adamW, muon, adamWRate, muonRate: 0, gradientNorm, usesMuon: () => false };
}

/** What the schedule says about a step, as scalars. */
export interface StepSchedule {
  /** Multiplies both learning rates. */
  readonly rateFactor: tf.Tensor;
  /** 1 − βᵗ of AdamW's two moments. */
  readonly correction1: tf.Tensor;
  readonly correction2: tf.Tensor;
  /** How much of the moving average stays. */
  readonly averageDecay: tf.Tensor;
}

/** Prefixes of the state's names. */
export const statePrefix = {
  weight: "weight/",
  average: "average/",
  mean: "mean/",
  square: "square/",
  momentum: "momentum/",
} as const;

/** The optimiser's state before the first step: weights, their average, and moments of zero. */
export function startState(
  specs: readonly WeightSpec[],
  values: Readonly<Record<string, TensorValue>>,
  usesMuon: (name: string) => boolean,
): Record<string, TensorValue> {
  const state: Record<string, TensorValue> = {};
  for (const { name } of specs) {
    const { data, shape } = values[name];
    const zeros = (): TensorValue => ({ data: new Float32Array(data.length), shape });
    state[statePrefix.weight + name] = values[name];
    state[statePrefix.average + name] = { data: data.slice(), shape };
    if (usesMuon(name)) {
      state[statePrefix.momentum + name] = zeros();
    } else {
      state[statePrefix.mean + name] = zeros();
      state[statePrefix.square + name] = zeros();
    }
  }
  return state;
}

/**
 * The state after a step, and the gradient's norm before it was limited.
 *
 * @param names of the weights, in the gradients' order
 * @param held the state's tensors by their prefixed names
 */
export function optimiserStep(
  names: readonly string[],
  gradients: readonly tf.Tensor[],
  held: Readonly<Record<string, tf.Tensor>>,
  settings: OptimiserSettings,
  schedule: StepSchedule,
): { state: Record<string, tf.Tensor>; norm: tf.Tensor } {
  const norm = tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))));
  const limit = tf.minimum(tf.div(settings.gradientNorm, tf.add(norm, 1e-12)), 1);
  const adamRate = tf.mul(schedule.rateFactor, settings.adamWRate);
  const muonRate = tf.mul(schedule.rateFactor, settings.muonRate);
  const state: Record<string, tf.Tensor> = {};
  names.forEach((name, index) => {
    const weight = held[statePrefix.weight + name];
    const gradient = tf.mul(gradients[index], limit);
    let next: tf.Tensor;
    if (settings.usesMuon(name)) {
      const key = statePrefix.momentum + name;
      const result = muonStep(weight, gradient, held[key], settings.muon, muonRate);
      state[key] = result.momentum;
      next = result.weight;
    } else {
      const [meanKey, squareKey] = [statePrefix.mean + name, statePrefix.square + name];
      const moments = { mean: held[meanKey], square: held[squareKey] };
      const result = adamWStep(weight, gradient, moments, settings.adamW, {
        learningRate: adamRate,
        correction1: schedule.correction1,
        correction2: schedule.correction2,
      });
      state[meanKey] = result.mean;
      state[squareKey] = result.square;
      next = result.weight;
    }
    state[statePrefix.weight + name] = next;
    const average = held[statePrefix.average + name];
    state[statePrefix.average + name] = tf.add(next, tf.mul(tf.sub(average, next), schedule.averageDecay));
  });
  return { state, norm };
}
