// Sampling schedules: a few steps chosen for inference. The published ones are lists of betas; those from 3 to 50 steps
// end at √ᾱ = 0.3 … 0.96, which is not pure noise, though the samplers they were made for start from it.

/** Six steps, known as WG-6 in the code of diffusion vocoders, β₁ … β₆. */
export const waveGrad6Betas = [7e-6, 1.4e-4, 2.1e-3, 2.8e-2, 0.35, 0.7] as const;

/** Three steps, known there as WG-3, β₁ … β₃. */
export const waveGrad3Betas = [3e-4, 6e-2, 0.9] as const;

/** Seven steps said to come from BDDM's learned search, β₁ … β₇. */
export const bddm7Betas = [1.356e-4, 1.01e-3, 8.778e-3, 0.136, 0.2776, 0.2893, 0.3] as const;

/**
 * The Fibonacci numbers 1, 2, 3, 5, 8 … in millionths, as betas.
 *
 * @param steps N
 * @returns β₁ … β_N, [N]
 */
export function fibonacciBetas(steps: number): Float64Array {
  const betas = new Float64Array(steps);
  let [previous, current] = [1, 1];
  for (let i = 0; i < steps; i++) {
    betas[i] = current / 1e6;
    [previous, current] = [current, previous + current];
  }
  return betas;
}

/**
 * Levels at equal distances of log-SNR: each step removes the same share of the noise that is left.
 *
 * @param first λ at the noise end
 * @param last λ at the data end
 * @param steps N; a single level is the first
 * @returns λ from noise to data, [N]
 */
export function uniformLogSnrs(first: number, last: number, steps: number): Float64Array {
  const distance = steps > 1 ? (last - first) / (steps - 1) : 0;
  return Float64Array.from({ length: steps }, (_, i) => first + distance * i);
}
