// One optimiser step over all weights of a model: Muon for the matrices that say so, AdamW for everything else, after
// the gradient as a whole was limited to a norm; and the moving average of the weights that is used in the end.
import * as tf from "@tensorflow/tfjs-core";
import type { WeightSpec, WeightValue } from "../../models/weights.js";
import type { TensorValue } from "../../engine/engine.js";

// Muon (Jordan et al. 2024): the momentum of a matrix's gradient, made nearly orthogonal by five Newton–Schulz steps,
// so that a step moves all directions of the matrix alike.

/** Settings of Muon. */
interface MuonSettings {
  readonly momentum: number;
  readonly weightDecay: number;
}

const STEPS = 5;
/** The quintic whose iteration takes singular values in (0, 1] to about 1. */
const [A, B, C] = [3.4445, -4.775, 2.0315];

/** A weight [inputs, outputs] and its momentum after one step; `learningRate` is a scalar. */
export function muonStep(
  weight: tf.Tensor,
  gradient: tf.Tensor,
  momentum: tf.Tensor,
  settings: MuonSettings,
  learningRate: tf.Tensor,
): { weight: tf.Tensor; momentum: tf.Tensor } {
  const [inputs, outputs] = weight.shape;
  const kept = tf.add(tf.mul(momentum, settings.momentum), gradient);
  // Nesterov: look one step ahead
  const ahead = tf.add(gradient, tf.mul(kept, settings.momentum));
  const update = tf.mul(orthogonalised(ahead), Math.sqrt(Math.max(1, outputs / inputs)));
  const change = tf.add(update, tf.mul(weight, settings.weightDecay));
  return { weight: tf.sub(weight, tf.mul(change, learningRate)), momentum: kept };
}

/** A matrix of about the same singular vectors whose singular values are all near 1. */
export function orthogonalised(matrix: tf.Tensor): tf.Tensor {
  const [rows, columns] = matrix.shape;
  let x = tf.div(matrix, tf.add(tf.sqrt(tf.sum(tf.square(matrix))), 1e-7));
  // the products are those of the shorter side
  const wide = rows <= columns;
  for (let step = 0; step < STEPS; step++) {
    const gram = tf.matMul(x, x, !wide, wide);
    const factor = tf.add(tf.mul(gram, B), tf.mul(tf.matMul(gram, gram), C));
    x = tf.add(tf.mul(x, A), wide ? tf.matMul(factor, x) : tf.matMul(x, factor));
  }
  return x;
}

// AdamW (Kingma & Ba 2015; Loshchilov & Hutter 2019): steps along the mean gradient, scaled by its size, and weight
// decay apart from both.

/** What AdamW keeps for each weight, both of its shape. */
interface AdamMoments {
  readonly mean: tf.Tensor;
  readonly square: tf.Tensor;
}

/** Settings of AdamW. */
export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
}

const EPSILON = 1e-8;

/** A weight and its moments after one step; `learningRate`, `correction1` and `correction2` are scalars. */
export function adamWStep(
  weight: tf.Tensor,
  gradient: tf.Tensor,
  moments: AdamMoments,
  settings: AdamWSettings,
  schedule: { learningRate: tf.Tensor; correction1: tf.Tensor; correction2: tf.Tensor },
): { weight: tf.Tensor } & AdamMoments {
  const { beta1, beta2, weightDecay } = settings;
  const mean = tf.add(tf.mul(moments.mean, beta1), tf.mul(gradient, 1 - beta1));
  const square = tf.add(tf.mul(moments.square, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const size = tf.add(tf.sqrt(tf.div(square, schedule.correction2)), EPSILON);
  const direction = tf.div(tf.div(mean, schedule.correction1), size);
  const change = weightDecay === 0 ? direction : tf.add(direction, tf.mul(weight, weightDecay));
  return { weight: tf.sub(weight, tf.mul(change, schedule.learningRate)), mean, square };
}

/** 1 − βᵗ for step t = 1, 2 …: what a moment that began at zero is too small by. */
export function biasCorrection(beta: number, step: number): number {
  return 1 - beta ** step;
}

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
