// The forward process: data turns into noise, a little at a time or in one jump (Ho et al. 2020, "Denoising Diffusion
// Probabilistic Models", eq. 2, 4, 6, 7).
//   one step     q(x_t | x_{t−1}) = N(√(1−β_t)·x_{t−1}, β_t)
//   closed form  q(x_t | x₀)      = N(√ᾱ_t·x₀, 1−ᾱ_t)
//   posterior    q(x_{t−1} | x_t, x₀), which the reverse step imitates with the network's x̂₀ in place of x₀ (levels.ts)
// The closed form holds because a sum of Gaussians is Gaussian; it is why training may draw any level directly.
// Each function that adds noise returns it: it is what the network learns to predict. Arrays are [T].
import { noiseScaleFromLogSnr, type Posterior, sqrtAlphaBarFromLogSnr } from "./levels.js";
import { fillNormals, type NoiseAddress } from "./noise.js";
import { type Samples, weightedSum } from "./parameterisation.js";

/** Noisy samples and the unit noise that made them noisy, both [T]. */
export interface Diffused {
  readonly z: Float32Array;
  readonly noise: Float32Array;
}

/**
 * z = √ᾱ·x₀ + √(1−ᾱ)·ε for noise that is at hand.
 *
 * @param x0 clean data, [T]
 * @param noise unit noise ε, [T]
 * @param logSnr λ of the level
 */
export function mixWithNoise(x0: Samples, noise: Samples, logSnr: number): Float32Array {
  return weightedSum([
    [sqrtAlphaBarFromLogSnr(logSnr), x0],
    [noiseScaleFromLogSnr(logSnr), noise],
  ]);
}

/**
 * The closed form: data at any level of noise in one jump.
 *
 * @param x0 clean data, [T]
 * @param logSnr λ of the level
 * @param address which noise to add
 */
export function diffuse(x0: Samples, logSnr: number, address: NoiseAddress): Diffused {
  const noise = fillNormals(new Float32Array(x0.length), address);
  return { z: mixWithNoise(x0, noise, logSnr), noise };
}

/**
 * One forward step: a little of the signal is exchanged for noise, so that the variance of unit data stays 1.
 *
 * @param previous x_{t−1}, [T]
 * @param beta β_t in (0, 1), the variance of the noise added
 * @param address which noise to add
 */
export function diffuseStep(previous: Samples, beta: number, address: NoiseAddress): Diffused {
  const noise = fillNormals(new Float32Array(previous.length), address);
  const z = weightedSum([
    [Math.sqrt(1 - beta), previous],
    [Math.sqrt(beta), noise],
  ]);
  return { z, noise };
}

/** The mean of q(x_{t−1} | x_t, x₀), [T]; `x0` may be a network's estimate x̂₀. */
export function posteriorMean(x0: Samples, z: Samples, { fromX0, fromZ }: Posterior): Float32Array {
  return weightedSum([
    [fromX0, x0],
    [fromZ, z],
  ]);
}
