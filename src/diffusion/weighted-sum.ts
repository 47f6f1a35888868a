// Σ factor·signal: the one operation of the forward process and of every sampler's step. Signals are arrays in memory
// [T], or whatever an engine computes with: what they are is said by a space of signals.
import type { Samples } from "./parameterisation.js";

/** A signal and what it is multiplied by. */
export type Term<S> = readonly [factor: number, signal: S];

/** Where signals live and how they are added up: arrays, or an engine's tensors. */
export interface SignalSpace<S> {
  /** Σ factor·signal of one to four terms, added from the first to the last. */
  weightedSum(terms: readonly Term<S>[]): S;
}

/** Arrays in memory. */
export const arraySpace: SignalSpace<Float32Array> = { weightedSum };

/**
 * Σ factor·signal in float64, rounded once.
 *
 * @param terms one to four, of one length
 * @param out receives the sum, and is none of the others; without it a new array, [T]
 */
export function weightedSum(
  terms: readonly Term<Samples>[],
  out: Float32Array = new Float32Array(terms[0][1].length),
): Float32Array {
  // plain loops: with a callback they take several times as long, as much as a tenth of a fast denoiser
  const [[a, w], [b, x] = NONE, [c, y] = NONE, [d, z] = NONE] = terms;
  const { length } = out;
  if (terms.length === 1) for (let i = 0; i < length; i++) out[i] = a * w[i];
  else if (terms.length === 2) for (let i = 0; i < length; i++) out[i] = a * w[i] + b * x[i];
  else if (terms.length === 3) for (let i = 0; i < length; i++) out[i] = a * w[i] + b * x[i] + c * y[i];
  else for (let i = 0; i < length; i++) out[i] = a * w[i] + b * x[i] + c * y[i] + d * z[i];
  return out;
}

/** Stands for a term that is not there. */
const NONE: Term<Samples> = [0, new Float32Array(0)];
