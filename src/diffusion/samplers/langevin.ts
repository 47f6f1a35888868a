// Annealed Langevin dynamics with a predictor (Song & Ermon 2019, "Generative Modeling by Estimating Gradients", Algorithm
// 1; Song et al. 2021, Algorithm 1: predictor–corrector). Langevin dynamics walks uphill along the score and shakes:
//
//   z ← z + τ·∇ln p(z) + √(2τ)·noise,   here with τ = δ·(1−ᾱ): the step follows the width of the noise
//
// Left alone at one level it draws from that level's p whatever it started from, up to a bias of the order of δ. At every
// level some such steps correct the state; then DDIM, which adds no noise, predicts it at the next level.
// With the score (√ᾱ·x̂₀ − z)/(1−ᾱ), a corrector step is z′ = (1−δ)·z + δ·√ᾱ·x̂₀ + √(2δ(1−ᾱ))·noise.
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "../levels.js";
import type { NoiseSchedule } from "../schedules/build-schedule.js";
import { ddimSteps } from "./ddim.js";
import type { PlanStep } from "./sampling-plan.js";

/** How the corrector walks. */
export interface LangevinCorrector {
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
