// Training schedules: the forward processes that denoisers are trained under, hundreds of small steps from data to
// noise. Sampling takes a subsequence of one, or a schedule of its own.
import { checkSteps } from "./build-schedule.js";

/**
 * Betas on a straight line (Ho et al. 2020, "Denoising Diffusion Probabilistic Models", section 4).
 *
 * @param first β₁, the step next to the data
 * @param last β_N
 * @param steps N
 * @returns β₁ … β_N, both ends included, [N]
 */
export function linearBetas(first: number, last: number, steps: number): Float64Array {
  checkSteps(steps, "A linear schedule");
  const slope = steps > 1 ? (last - first) / (steps - 1) : 0;
  return Float64Array.from({ length: steps }, (_, i) => first + slope * i);
}

/**
 * Betas of a squared-cosine ᾱ (Nichol & Dhariwal 2021, "Improved Denoising Diffusion Probabilistic Models", eq. 17):
 * ᾱ(t) = f(t)/f(0), f(t) = cos²(π/2·(t/N + s)/(1 + s)), s = 0.008, and β_t = 1 − ᾱ(t)/ᾱ(t−1), at most 0.999.
 * It loses the signal evenly over the steps, where linear betas have lost it long before the last one.
 *
 * @param steps N
 * @returns β₁ … β_N, [N]
 */
export function cosineBetas(steps: number): Float64Array {
  checkSteps(steps, "A cosine schedule");
  const offset = 0.008;
  const maxBeta = 0.999;
  const cosine = (t: number): number => Math.cos(((t / steps + offset) / (1 + offset)) * (Math.PI / 2));
  return Float64Array.from({ length: steps }, (_, i) => {
    const ratio = cosine(i + 1) / cosine(i);
    return Math.min((1 - ratio) * (1 + ratio), maxBeta);
  });
}
