// A mixture of Gaussians: the one kind of data whose denoiser needs no network. Noise added to a Gaussian gives a
// Gaussian, so at every level the noisy data are again a mixture, and everything about them can be written down:
//
//   x₀ ~ Σ π_k·N(m_k, s_k²)   ⇒   z ~ p_λ = Σ π_k·N(√ᾱ·m_k, ᾱ·s_k² + 1−ᾱ)
//
// Points have D dimensions, independent within a mode; arrays of points are [points, D] in row-major order.
import { InputError } from "../../errors.js";
import { alphaBarFromLogSnr, noisePowerFromLogSnr, sqrtAlphaBarFromLogSnr } from "../levels.js";
import type { NoiseSource } from "../samplers/sampling-plan.js";

/** One Gaussian of a mixture. */
export interface GaussianMode {
  /** π, its share; the shares of a mixture sum to 1. */
  readonly weight: number;
  /** m, [D] */
  readonly mean: readonly number[];
  /** s², the variance of each coordinate, [D] */
  readonly variance: readonly number[];
}

/** A mixture of Gaussians in D dimensions, one mode or more. */
export type GaussianMixture = readonly GaussianMode[];

/** A mixture that is none: no modes, weights that are no shares, variances not above 0, or unequal dimensions. */
export class MixtureError extends InputError {
  constructor(
    message: string,
    /** Index of the mode at fault; −1 where it is the whole mixture. */
    readonly mode: number,
  ) {
    super(message);
  }
}

/**
 * A mixture from its modes, the weights divided by their sum.
 *
 * @throws MixtureError
 */
export function gaussianMixture(modes: readonly GaussianMode[]): GaussianMixture {
  if (modes.length === 0) throw new MixtureError("A mixture needs at least one mode.", -1);
  const dimensions = modes[0].mean.length;
  modes.forEach(({ weight, mean, variance }, index) => {
    const fail = (problem: string): never => {
      throw new MixtureError(`Mode ${index + 1} of the mixture ${problem}.`, index);
    };
    if (!(weight > 0 && Number.isFinite(weight))) {
      fail(`has the weight ${weight}; it has to be a number above 0`);
    }
    if (mean.length !== dimensions || variance.length !== dimensions || dimensions === 0) {
      fail(
        `has ${mean.length} means and ${variance.length} variances; the first mode has ${dimensions} means`,
      );
    }
    if (!mean.every(Number.isFinite)) fail(`has a mean that is not a finite number`);
    const bad = variance.find((value) => !(value > 0 && Number.isFinite(value)));
    if (bad !== undefined) fail(`has the variance ${bad}; it has to be a number above 0`);
  });
  const total = modes.reduce((sum, { weight }) => sum + weight, 0);
  return modes.map((mode) => ({ ...mode, weight: mode.weight / total }));
}

/** The distribution of z at a level, which is again a mixture. */
export function marginalAt(mixture: GaussianMixture, logSnr: number): GaussianMixture {
  const signal = sqrtAlphaBarFromLogSnr(logSnr);
  const signalPower = alphaBarFromLogSnr(logSnr);
  const noisePower = noisePowerFromLogSnr(logSnr);
  return mixture.map(({ weight, mean, variance }) => ({
    weight,
    mean: mean.map((value) => signal * value),
    variance: variance.map((value) => signalPower * value + noisePower),
  }));
}

/** The mean of a mixture, [D]. */
export function meanOf(mixture: GaussianMixture): number[] {
  return mixture[0].mean.map((_, d) => mixture.reduce((sum, { weight, mean }) => sum + weight * mean[d], 0));
}

/** The variance of each coordinate of a mixture: within the modes and between them, [D]. */
export function varianceOf(mixture: GaussianMixture): number[] {
  return meanOf(mixture).map((centre, d) =>
    mixture.reduce(
      (sum, { weight, mean, variance }) => sum + weight * (variance[d] + (mean[d] - centre) ** 2),
      0,
    ),
  );
}

/**
 * Draws points from a mixture.
 *
 * @param points how many
 * @param noise read at the draw `draw`: per point D normals that place it within its mode, and two that choose the mode
 *   (the angle of two normals is uniform)
 * @returns [points, D]
 */
export function drawFrom(
  mixture: GaussianMixture,
  points: number,
  noise: NoiseSource,
  draw: number,
): Float32Array {
  const dimensions = mixture[0].mean.length;
  const normals = new Float32Array(points * (dimensions + 2));
  noise(normals, draw);
  const out = new Float32Array(points * dimensions);
  for (let point = 0; point < points; point++) {
    const [x, y, ...places] = normals.subarray(point * (dimensions + 2), (point + 1) * (dimensions + 2));
    const { mean, variance } = mixture[modeAt(mixture, 0.5 + Math.atan2(y, x) / (2 * Math.PI))];
    places.forEach((place, d) => {
      out[point * dimensions + d] = mean[d] + Math.sqrt(variance[d]) * place;
    });
  }
  return out;
}

/** The mode in which a number in [0, 1] falls when the modes' weights are laid end to end. */
function modeAt(mixture: GaussianMixture, quantile: number): number {
  let cumulated = 0;
  const index = mixture.findIndex(({ weight }) => (cumulated += weight) > quantile);
  return index < 0 ? mixture.length - 1 : index;
}
