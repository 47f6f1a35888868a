// Levels: the names of one and the same point between noise and data, and how to get from one to another.
// A noisy signal is z = √ᾱ·x₀ + √(1−ᾱ)·ε with x₀ and ε of unit variance; ᾱ is the signal's share of the power, and
// the log-SNR λ = ln(ᾱ/(1−ᾱ)) names the level (Kingma et al. 2021, "Variational Diffusion Models").
//
// λ is the form in which nothing is lost. ᾱ = σ(λ) and 1−ᾱ = σ(−λ), σ the logistic function, so each of the two is
// exact where it is tiny; written as 1 − ᾱ, the noise power at λ = 40 would come out as 0. For the same reason the
// formulas below use log1p and expm1 wherever a naive one would subtract two nearly equal numbers.

/** The logistic function σ(x) = 1/(1+e^−x), exact to rounding for any x: neither side overflows. */
function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** softplus(x) = ln(1+e^x), the integral of the logistic function; −ln ᾱ = softplus(−λ). */
function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}

/** ᾱ = σ(λ), the signal's share of the power, in [0, 1]. */
export function alphaBarFromLogSnr(logSnr: number): number {
  return sigmoid(logSnr);
}

/** 1−ᾱ = σ(−λ), the noise's share of the power, in [0, 1]; exact where 1 − ᾱ would cancel. */
export function noisePowerFromLogSnr(logSnr: number): number {
  return sigmoid(-logSnr);
}

/** √ᾱ, the factor of the signal in z. WaveGrad feeds it to its network under the name "noise level". */
export function sqrtAlphaBarFromLogSnr(logSnr: number): number {
  return Math.exp(-softplus(-logSnr) / 2);
}

/** √(1−ᾱ), the factor of the noise in z. */
export function noiseScaleFromLogSnr(logSnr: number): number {
  return Math.exp(-softplus(logSnr) / 2);
}

/** ln ᾱ = −softplus(−λ): products of α become sums, without underflow after a thousand steps. */
export function logAlphaBarFromLogSnr(logSnr: number): number {
  return -softplus(-logSnr);
}

/** The signal-to-noise ratio ᾱ/(1−ᾱ) = e^λ, a ratio of powers. */
export function snrFromLogSnr(logSnr: number): number {
  return Math.exp(logSnr);
}

/** λ of a signal power ᾱ in [0, 1]: −∞ for 0, ∞ for 1. */
export function logSnrFromAlphaBar(alphaBar: number): number {
  return Math.log(alphaBar) - Math.log1p(-alphaBar);
}

/** λ of √ᾱ in [0, 1]; 1−ᾱ is taken as (1−√ᾱ)(1+√ᾱ), since squaring a number near 1 would round it first. */
export function logSnrFromSqrtAlphaBar(sqrtAlphaBar: number): number {
  return 2 * Math.log(sqrtAlphaBar) - Math.log1p(-sqrtAlphaBar) - Math.log1p(sqrtAlphaBar);
}

/** λ of √(1−ᾱ) in [0, 1]: the mirror image of the conversion from √ᾱ. */
export function logSnrFromNoiseScale(noiseScale: number): number {
  return -logSnrFromSqrtAlphaBar(noiseScale);
}

/** λ of ln ᾱ ≤ 0, as a running sum of ln α gives it. */
export function logSnrFromLogAlphaBar(logAlphaBar: number): number {
  return logAlphaBar - Math.log(-Math.expm1(logAlphaBar));
}

/** λ of a signal-to-noise ratio (of powers) in [0, ∞]. */
export function logSnrFromSnr(snr: number): number {
  return Math.log(snr);
}

/**
 * λ after each step of a forward process: ᾱ_t = Π_{s ≤ t} (1−β_s).
 *
 * @param betas β₁ … β_N, from data to noise, each in (0, 1), [N]
 * @returns λ₁ … λ_N, from data to noise, strictly decreasing, [N]
 */
export function logSnrsFromBetas(betas: ArrayLike<number>): Float64Array {
  let logAlphaBar = 0;
  return Float64Array.from(betas, (beta) => {
    logAlphaBar += Math.log1p(-beta);
    return logSnrFromLogAlphaBar(logAlphaBar);
  });
}

/**
 * β of the forward step from a cleaner level to a noisier one: 1 − ᾱ_noisier/ᾱ_cleaner.
 * With σ(a) − σ(b) = σ(a)·σ(−b)·(1−e^(b−a)) it becomes σ(−b)·(1−e^(b−a)), a product in which nothing cancels.
 *
 * @param cleaner λ before the step; Infinity is clean data
 * @param noisier λ after the step
 */
export function betaBetween(cleaner: number, noisier: number): number {
  return -noisePowerFromLogSnr(noisier) * Math.expm1(noisier - cleaner);
}

/** α = 1−β = ᾱ_noisier/ᾱ_cleaner of the same step. */
export function alphaBetween(cleaner: number, noisier: number): number {
  return Math.exp(logAlphaBarFromLogSnr(noisier) - logAlphaBarFromLogSnr(cleaner));
}

/**
 * β̃ = β·(1−ᾱ_cleaner)/(1−ᾱ_noisier), the variance of q(x_cleaner | x_noisier, x₀): what is uncertain about the cleaner
 * state even where x₀ is known (Ho et al. 2020, eq. 7). The noisier power cancels against the one in β; 0 for the step to clean data.
 */
export function posteriorVarianceBetween(cleaner: number, noisier: number): number {
  return -noisePowerFromLogSnr(cleaner) * Math.expm1(noisier - cleaner);
}

/** The Gaussian q(x_{t−1} | x_t, x₀): mean = fromX0·x₀ + fromZ·x_t, and its variance β̃. */
export interface Posterior {
  readonly fromX0: number;
  readonly fromZ: number;
  readonly variance: number;
}

/**
 * Where x_{t−1} lies once x_t and x₀ are known (Ho et al. 2020, eq. 7), between two levels of any distance:
 *   fromX0 = √ᾱ_{t−1}·β_t/(1−ᾱ_t) = √ᾱ_{t−1}·(1 − SNR_t/SNR_{t−1})
 *   fromZ  = √α_t·(1−ᾱ_{t−1})/(1−ᾱ_t)
 *
 * @param cleaner λ_{t−1}; Infinity is clean data, where the posterior is x₀ itself
 * @param noisier λ_t
 */
export function posterior(cleaner: number, noisier: number): Posterior {
  return {
    fromX0: -sqrtAlphaBarFromLogSnr(cleaner) * Math.expm1(noisier - cleaner),
    fromZ:
      (Math.sqrt(alphaBetween(cleaner, noisier)) * noisePowerFromLogSnr(cleaner)) /
      noisePowerFromLogSnr(noisier),
    variance: posteriorVarianceBetween(cleaner, noisier),
  };
}
