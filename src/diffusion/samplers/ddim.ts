// DDIM (Song, Meng & Ermon 2021, "Denoising Diffusion Implicit Models", eq. 12): split z into the signal and the noise
// that the denoiser sees in it, and mix the same two again at the next level,
//
//   z_s = √ᾱ_s·x̂₀ + √(1−ᾱ_s−σ²)·ε̂ + σ·noise,   σ² = η²·β̃
//
// η = 0 keeps all of the old noise: the path is then determined by its start, and the step is Euler's for the ODE
// dy/dς = ε̂ of y = z/√ᾱ over ς = √((1−ᾱ)/ᾱ). η = 1 replaces as much of it as DDPM with β̃ does, and is DDPM.
import {
  betaBetween,
  noisePowerFromLogSnr,
  noiseScaleFromLogSnr,
  posterior,
  posteriorVarianceBetween,
  sqrtAlphaBarFromLogSnr,
} from "../levels.js";
import type { NoiseSchedule } from "../schedules/build-schedule.js";
import { type PlanStep, type StepCoefficients, stepsBetween } from "./sampling-plan.js";

// The ancestral sampler (Ho et al. 2020, "Denoising Diffusion Probabilistic Models", Algorithm 2): undo one forward
// step at a time by drawing from the posterior q(z_s | z_t, x₀) of levels.ts, from level t to the cleaner s,
// with the estimate x̂₀ in the place of x₀.
//
// Its variance β̃ = β·(1−ᾱ_s)/(1−ᾱ_t) is right if x₀ is a single point; β is right if x₀ is white noise of unit power. Data
// of at most that power lie between the two (section 3.2). The last step's β̃ is 0: it returns x̂₀ without noise.

/** The variance of a reverse step's noise: β̃ ("posterior", WaveGrad's choice) or β. */
export type ReverseVariance = "posterior" | "beta";

/** The steps of DDPM: N denoiser calls for N levels. */
export function ddpmSteps(schedule: NoiseSchedule, choice: ReverseVariance): PlanStep[] {
  return stepsBetween(schedule, (from, to) => {
    const { fromZ, fromX0, variance } = posterior(to, from);
    const power = choice === "beta" ? betaBetween(to, from) : variance;
    return { z: fromZ, x0: fromX0, previousX0: 0, noise: Math.sqrt(power) };
  });
}

/** One step of DDIM from level `from` to the cleaner level `to`. */
export function ddimStep(from: number, to: number, eta: number): StepCoefficients {
  // 1−ᾱ_s−σ², with 1−ᾱ_s taken out so that nothing cancels for η below 1
  const keptNoise =
    noisePowerFromLogSnr(to) * (1 - (eta * eta * betaBetween(to, from)) / noisePowerFromLogSnr(from));
  const z = Math.sqrt(keptNoise / noisePowerFromLogSnr(from));
  return {
    z,
    x0: sqrtAlphaBarFromLogSnr(to) - z * sqrtAlphaBarFromLogSnr(from),
    previousX0: 0,
    noise: eta * Math.sqrt(posteriorVarianceBetween(to, from)),
  };
}

/** The steps of DDIM: N denoiser calls for N levels. `eta` from 0 (deterministic) to 1 (ancestral). */
export function ddimSteps(schedule: NoiseSchedule, eta: number): PlanStep[] {
  return stepsBetween(schedule, (from, to) => ddimStep(from, to, eta));
}

// Annealed Langevin dynamics with a predictor (Song & Ermon 2019, "Generative Modeling by Estimating Gradients", Algorithm
// 1; Song et al. 2021, Algorithm 1: predictor–corrector). Langevin dynamics walks uphill along the score and shakes:
//
//   z ← z + τ·∇ln p(z) + √(2τ)·noise,   here with τ = δ·(1−ᾱ): the step follows the width of the noise
//
// Left alone at one level it draws from that level's p whatever it started from, up to a bias of the order of δ. At every
// level some such steps correct the state; then DDIM, which adds no noise, predicts it at the next level.
// With the score (√ᾱ·x̂₀ − z)/(1−ᾱ), a corrector step is z′ = (1−δ)·z + δ·√ᾱ·x̂₀ + √(2δ(1−ᾱ))·noise.

/** How the corrector walks. */
interface LangevinCorrector {
  /** Corrector steps at each level, before the predictor's. */
  readonly steps: number;
  /** δ, the step size in units of the noise power. Song et al.'s signal-to-noise ratio r = 0.16 is δ = 2r² = 0.05. */
  readonly stepSize: number;
}

/** The steps of Langevin sampling: N·(M+1) denoiser calls for N levels and M corrector steps at each. */
export function langevinSteps(schedule: NoiseSchedule, corrector: LangevinCorrector): PlanStep[] {
  const { steps, stepSize } = corrector;
  return ddimSteps(schedule, 0).flatMap((predictor) => [
    ...Array.from({ length: steps }, () => ({
      logSnr: predictor.logSnr,
      z: 1 - stepSize,
      x0: stepSize * sqrtAlphaBarFromLogSnr(predictor.logSnr),
      previousX0: 0,
      noise: Math.sqrt(2 * stepSize) * noiseScaleFromLogSnr(predictor.logSnr),
    })),
    predictor,
  ]);
}
