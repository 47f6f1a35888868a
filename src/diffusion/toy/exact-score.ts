// The exact score of a Gaussian mixture, and with it the perfect denoiser:
//
//   score = ∇ln p_λ(z) = Σ r_k·(√ᾱ·m_k − z)/v_k,   r_k the share of mode k in p_λ(z),   v_k = ᾱ·s_k² + 1−ᾱ
//   E[ε | z] = −√(1−ᾱ)·score,   E[x₀ | z] = (z + (1−ᾱ)·score)/√ᾱ     (Tweedie's formula; Efron 2011)
//
// E[ε | z] is the best that a network trained on the noise-prediction loss could learn (Vincent 2011).
import { convert } from "../parameterisation.js";
import type { Denoiser } from "../samplers/sampling-plan.js";
import { marginalAt, type GaussianMixture } from "./gaussian-mixture.js";

/** What ln(π_k·N(x; m_k, s_k²)) is at the mode's own mean: the part that does not depend on x, [modes]. */
function logPeaks(mixture: GaussianMixture): number[] {
  return mixture.map(({ weight, variance }) =>
    variance.reduce((sum, value) => sum - 0.5 * Math.log(2 * Math.PI * value), Math.log(weight)),
  );
}

/**
 * ln(π_k·N(x; m_k, s_k²)) of each mode.
 *
 * @param points [points, D]
 * @param at index of the point's first coordinate
 * @param out receives the logarithms, [modes]
 */
function logTerms(
  mixture: GaussianMixture,
  peaks: readonly number[],
  points: ArrayLike<number>,
  at: number,
  out: Float64Array,
): void {
  for (let k = 0; k < peaks.length; k++) {
    const { mean, variance } = mixture[k];
    let sum = peaks[k];
    for (let d = 0; d < mean.length; d++) sum -= (points[at + d] - mean[d]) ** 2 / (2 * variance[d]);
    out[k] = sum;
  }
}

/** Turns logarithms into shares that sum to 1, in place, and returns ln Σ exp. No exponential overflows. */
function normalise(logs: Float64Array): number {
  let largest = -Infinity;
  for (let k = 0; k < logs.length; k++) if (logs[k] > largest) largest = logs[k];
  let sum = 0;
  for (let k = 0; k < logs.length; k++) sum += logs[k] = Math.exp(logs[k] - largest);
  for (let k = 0; k < logs.length; k++) logs[k] /= sum;
  return largest + Math.log(sum);
}

/** The density of a mixture at one point, [D]. */
export function density(mixture: GaussianMixture, point: ArrayLike<number>): number {
  const logs = new Float64Array(mixture.length);
  logTerms(mixture, logPeaks(mixture), point, 0, logs);
  return Math.exp(normalise(logs));
}

/**
 * r_k: with what probability each mode made each point.
 *
 * @param points [points, D]
 * @returns [points, modes]
 */
export function responsibilities(mixture: GaussianMixture, points: Float32Array): Float64Array {
  const modes = mixture.length;
  const dimensions = mixture[0].mean.length;
  const peaks = logPeaks(mixture);
  const out = new Float64Array((points.length / dimensions) * modes);
  for (let point = 0; point * dimensions < points.length; point++) {
    const shares = out.subarray(point * modes, (point + 1) * modes);
    logTerms(mixture, peaks, points, point * dimensions, shares);
    normalise(shares);
  }
  return out;
}

/**
 * ∇ln p of a mixture at each point.
 *
 * @param points [points, D]
 * @returns [points, D]
 */
export function score(mixture: GaussianMixture, points: Float32Array): Float64Array {
  const dimensions = mixture[0].mean.length;
  const peaks = logPeaks(mixture);
  const shares = new Float64Array(mixture.length);
  const out = new Float64Array(points.length);
  for (let at = 0; at < points.length; at += dimensions) {
    logTerms(mixture, peaks, points, at, shares);
    normalise(shares);
    for (let k = 0; k < shares.length; k++) {
      const { mean, variance } = mixture[k];
      for (let d = 0; d < dimensions; d++) {
        out[at + d] += (shares[k] * (mean[d] - points[at + d])) / variance[d];
      }
    }
  }
  return out;
}

/**
 * The perfect denoiser of a mixture: ε̂ = E[ε | z], computed from the exact score.
 *
 * @returns a denoiser over points, [points, D]
 */
export function exactDenoiser(mixture: GaussianMixture): Denoiser {
  return (z, logSnr) => {
    const exact = score(marginalAt(mixture, logSnr), z);
    return convert("score", "epsilon", logSnr, z, exact);
  };
}
