// The objective: predict the noise. The variational bound of the reverse process is a weighted sum over the levels of
// ‖ε̂ − ε‖²; DDPM drops the weights (Ho et al. 2020, eq. 14), WaveGrad takes L1 (Chen et al. 2020, eq. 11).
//
// A loss on x₀ or v is the same loss on ε with a weight that depends on the level only, since at a fixed z the errors
// are proportional: x̂₀ − x₀ = −(ε̂ − ε)/√SNR and v̂ − v = (ε̂ − ε)/√ᾱ. So one loss and a weighting cover them all.
import { logAlphaBarFromLogSnr } from "./levels.js";
import type { Samples } from "./parameterisation.js";

/** Mean absolute error, or mean squared error. */
export type LossNorm = "l1" | "l2";

/**
 * How much each level counts, as a weight on the squared error of ε:
 * - `simple`: 1, DDPM's and WaveGrad's choice
 * - `x0`: 1/SNR, an unweighted loss on x₀
 * - `v`: 1 + 1/SNR, an unweighted loss on v
 * - `truncated-snr`: max(1, 1/SNR), the larger of the losses on ε and on x₀ (Salimans & Ho 2022)
 * - `min-snr`: min(SNR, γ)/SNR, γ = 5; a loss on x₀ weighted by min(SNR, γ) (Hang et al. 2023, arXiv 2303.09556)
 */
export type LossWeighting = (typeof lossWeightings)[number];

/** All weightings. */
export const lossWeightings = ["simple", "x0", "v", "truncated-snr", "min-snr"] as const;

const MIN_SNR_GAMMA = 5;

/**
 * The weight of a level on the error of ε.
 *
 * @param weighting which loss it should amount to
 * @param logSnr λ of the level
 * @param norm errors in L1 are not squared, so they take the root of the weight
 */
export function lossWeight(weighting: LossWeighting, logSnr: number, norm: LossNorm = "l2"): number {
  const power = norm === "l2" ? 1 : 0.5;
  return Math.exp(power * logSquaredWeight(weighting, logSnr));
}

/** ln of the weight on squared errors; 1/SNR = e^−λ and 1 + 1/SNR = 1/ᾱ. */
function logSquaredWeight(weighting: LossWeighting, logSnr: number): number {
  switch (weighting) {
    case "simple":
      return 0;
    case "x0":
      return -logSnr;
    case "v":
      return -logAlphaBarFromLogSnr(logSnr);
    case "truncated-snr":
      return Math.max(0, -logSnr);
    case "min-snr":
      return Math.min(0, Math.log(MIN_SNR_GAMMA) - logSnr);
  }
}

/**
 * The noise-prediction loss at one level.
 *
 * @param predicted the network's ε̂, [T]
 * @param noise the ε that was added, [T]
 * @param norm `l2`: mean of (ε̂−ε)²; `l1`: mean of |ε̂−ε|
 * @param weight of the level, as lossWeight gives it
 */
export function noisePredictionLoss(predicted: Samples, noise: Samples, norm: LossNorm, weight = 1): number {
  let sum = 0;
  for (let i = 0; i < noise.length; i++) {
    const error = predicted[i] - noise[i];
    sum += norm === "l2" ? error * error : Math.abs(error);
  }
  return (weight * sum) / noise.length;
}
