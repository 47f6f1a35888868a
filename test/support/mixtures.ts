// Mixtures whose sampling is easy to get wrong, levels to sample them over, and a measure of how well it went.
import { type NoiseSchedule, scheduleFromLogSnrs } from "../../src/diffusion/schedules/build-schedule.js";
import { uniformLogSnrs } from "../../src/diffusion/schedules/named-schedules.js";
import { responsibilities } from "../../src/diffusion/toy/exact-score.js";
import {
  gaussianMixture,
  type GaussianMixture,
  meanOf,
  varianceOf,
} from "../../src/diffusion/toy/gaussian-mixture.js";

/** Three modes of unequal weight and width. */
export const threeModes = gaussianMixture([
  { weight: 0.3, mean: [-1.2], variance: [0.09] },
  { weight: 0.5, mean: [0.4], variance: [0.04] },
  { weight: 0.2, mean: [1.6], variance: [0.16] },
]);

/** Three modes in 64 dimensions, each coordinate with a mean and a variance of its own. */
export const threeModesIn64 = gaussianMixture(
  threeModes.map(({ weight, mean, variance }) => ({
    weight,
    mean: Array.from({ length: 64 }, (_, d) => 0.4 * mean[0] * Math.cos(d)),
    variance: Array.from({ length: 64 }, (_, d) => variance[0] * (1 + d / 64)),
  })),
);

/** N levels uniform in λ. */
export function uniformSchedule(first: number, last: number, levels: number): NoiseSchedule {
  const origin = { name: `uniform-${levels}`, source: "test" };
  return scheduleFromLogSnrs(origin, uniformLogSnrs(first, last, levels));
}

/** A statistic of a sample, how far it is from its exact value, in standard errors. */
export interface Deviation {
  readonly what: string;
  readonly standardErrors: number;
}

/**
 * Compares points with the mixture they should come from: weight of each mode, mean and variance of each coordinate
 * in each mode and in the whole.
 *
 * With r_k(x) the probability that mode k made x, any f obeys E[r_k·f(x)] = π_k·E[f(x) | mode k] exactly, whether the
 * modes overlap or not. So each statistic is the average of n independent terms with mean 0 and, since r_k ≤ 1, with a
 * variance of at most π_k·E[f(x)² | mode k]:
 *
 *   weights r_k − π_k: π_k(1−π_k)   means r_k·(x − m_k): π_k·s_k²   variances r_k·((x − m_k)² − s_k²): 2π_k·s_k⁴
 *   mean of the whole x − m: s²     variance of the whole (x − m)² − s²: Σ π_k(3s_k⁴ + 6s_k²d_k² + d_k⁴) − s⁴, d_k = m_k − m
 *
 * The standard error is the root of that over n. With 5 of them allowed, a true statement fails with probability 6e−7
 * where the average is normal, and up to 1e−4 for the variance of a mode with only 60 points (χ² is skewed).
 *
 * @param points [points, D]
 * @returns the statistics, the worst first
 */
export function deviations(mixture: GaussianMixture, points: Float32Array): Deviation[] {
  const dimensions = mixture[0].mean.length;
  const count = points.length / dimensions;
  const shares = responsibilities(mixture, points);
  const result: Deviation[] = [];
  const check = (what: string, variance: number, term: (point: number) => number): void => {
    let sum = 0;
    for (let point = 0; point < count; point++) sum += term(point);
    result.push({ what, standardErrors: sum / count / Math.sqrt(variance / count) });
  };
  mixture.forEach(({ weight, mean, variance }, k) => {
    const share = (point: number): number => shares[point * mixture.length + k];
    check(`weight of mode ${k}`, weight * (1 - weight), (point) => share(point) - weight);
    variance.forEach((power, d) => {
      const distance = (point: number): number => points[point * dimensions + d] - mean[d];
      check(`mean ${d} of mode ${k}`, weight * power, (point) => share(point) * distance(point));
      check(
        `variance ${d} of mode ${k}`,
        2 * weight * power ** 2,
        (point) => share(point) * (distance(point) ** 2 - power),
      );
    });
  });
  const centre = meanOf(mixture);
  varianceOf(mixture).forEach((power, d) => {
    const distance = (point: number): number => points[point * dimensions + d] - centre[d];
    const fourthMoment = mixture.reduce((sum, { weight, mean, variance }) => {
      const offset = (mean[d] - centre[d]) ** 2;
      return sum + weight * (3 * variance[d] ** 2 + 6 * variance[d] * offset + offset ** 2);
    }, 0);
    check(`mean ${d}`, power, distance);
    check(`variance ${d}`, fourthMoment - power ** 2, (point) => distance(point) ** 2 - power);
  });
  return result.sort((a, b) => Math.abs(b.standardErrors) - Math.abs(a.standardErrors));
}
