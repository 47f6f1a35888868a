// Parameterisations: a denoiser may predict the noise ε, the data x₀, the velocity v or the score; at a known level
// each of them, together with z, gives all the others.
//
// One picture holds them all. In the plane with axes x₀ and ε, every quantity is a fixed direction:
//   z = √ᾱ·x₀ + √(1−ᾱ)·ε     v = √ᾱ·ε − √(1−ᾱ)·x₀ (z turned by 90°)     score = ∇ ln p(z | x₀) = −ε/√(1−ᾱ)
// z and a prediction span the plane, so any target is p·z + q·prediction, and Cramer's rule gives p and q.
// v is from Salimans & Ho 2022, "Progressive Distillation"; the score from Song et al. 2021.
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "./levels.js";

/** What a denoiser can predict: the noise ε, the clean data x₀, the velocity v, or the score of q(z | x₀). */
export type Parameterisation = "epsilon" | "x0" | "v" | "score";

/** Samples in memory; conversions and the forward process accept both widths and compute in float64. */
export type Samples = Float32Array | Float64Array;

/** Factors of a conversion: target = fromZ·z + fromValue·value. */
interface Conversion {
  readonly fromZ: number;
  readonly fromValue: number;
}

/** The direction of a parameterisation in the (x₀, ε) plane. */
function direction(
  parameterisation: Parameterisation,
  signal: number,
  noise: number,
): readonly [number, number] {
  switch (parameterisation) {
    case "epsilon":
      return [0, 1];
    case "x0":
      return [1, 0];
    case "v":
      return [-noise, signal];
    case "score":
      return [0, -1 / noise];
  }
}

/**
 * The factors that turn one parameterisation into another at a level: constants of the level, so that a sampler can
 * fold them into its plan.
 *
 * @param from what is known besides z
 * @param to what is wanted
 * @param logSnr λ of z, finite
 */
export function conversion(from: Parameterisation, to: Parameterisation, logSnr: number): Conversion {
  if (from === to) return { fromZ: 0, fromValue: 1 };
  const signal = sqrtAlphaBarFromLogSnr(logSnr);
  const noise = noiseScaleFromLogSnr(logSnr);
  const [valueX0, valueEpsilon] = direction(from, signal, noise);
  const [targetX0, targetEpsilon] = direction(to, signal, noise);
  const determinant = signal * valueEpsilon - noise * valueX0;
  return {
    fromZ: (targetX0 * valueEpsilon - targetEpsilon * valueX0) / determinant,
    fromValue: (signal * targetEpsilon - noise * targetX0) / determinant,
  };
}

/**
 * The factors between two estimates x̂₀ of the same z: from the one at a level that a denoiser was told to the one at
 * another level, with ε̂ kept. Outside of what it was trained for a denoiser is told the nearest trained level, and the
 * noise that it finds is what still means something at the level of z.
 *
 * @param told λ of the known x̂₀
 * @param logSnr λ of the wanted one
 */
export function withSameNoise(told: number, logSnr: number): Conversion {
  const noise = conversion("x0", "epsilon", told);
  const x0 = conversion("epsilon", "x0", logSnr);
  return {
    fromZ: x0.fromZ + x0.fromValue * noise.fromZ,
    fromValue: x0.fromValue * noise.fromValue,
  };
}

/**
 * Converts a prediction at one level.
 *
 * Near an end of the range a conversion amplifies: x₀ from ε by √((1−ᾱ)/ᾱ), 148 at λ = −10, and ε from x₀ by as much
 * at λ = 10. There and back is the identity to 1e−12 in float64 for |λ| ≤ 10, relative to the largest value; arrays in
 * float32 keep 1e−6 for |λ| ≤ 6 and lose 6e−6 at |λ| = 10, because z itself is rounded and that error is amplified.
 *
 * @param z the noisy samples at the level, [T]
 * @param value what is known, in the parameterisation `from`, [T]
 * @param out receives the result and may be `value` or `z`; without it a new array of z's type, [T]
 */
export function convert<S extends Samples>(
  from: Parameterisation,
  to: Parameterisation,
  logSnr: number,
  z: S,
  value: Samples,
  out: S = z.slice() as S,
): S {
  const { fromZ, fromValue } = conversion(from, to, logSnr);
  for (let i = 0; i < out.length; i++) out[i] = fromZ * z[i] + fromValue * value[i];
  return out;
}

// Σ factor·signal: the one operation of the forward process and of every sampler's step. Signals are arrays in memory
// [T], or whatever an engine computes with: what they are is said by a space of signals.

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
