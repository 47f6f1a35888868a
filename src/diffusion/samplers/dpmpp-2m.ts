// DPM-Solver++ 2M (Lu et al. 2022, "DPM-Solver++", Algorithm 2), a second-order multistep solver of the probability-flow
// ODE. The ODE's linear part is solved exactly, which leaves an integral over x̂₀ alone,
//
//   z_s = (σ_s/σ_t)·z_t + σ_s·∫ e^ℓ·x̂₀(ℓ) dℓ   over the half-log-SNR ℓ = λ/2, with σ = √(1−ᾱ)
//
// and x̂₀ is continued through the step as the straight line through its last two values: for h the step in ℓ, h₋ the
// step before, D = x̂₀ + h/(2h₋)·(x̂₀ − x̂₀ before) and z_s = (σ_s/σ_t)·z_t + √ᾱ_s·(1−e^−h)·D.
// The first step knows one value only and takes D = x̂₀, which is DDIM.
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "../levels.js";
import type { NoiseSchedule } from "../schedules/build-schedule.js";
import { stepsBetween, type PlanStep } from "./sampling-plan.js";

/** The steps of DPM-Solver++ 2M: second order at N denoiser calls for N levels. */
export function dpmpp2mSteps(schedule: NoiseSchedule): PlanStep[] {
  const { logSnrs } = schedule;
  return stepsBetween(schedule, (from, to, index) => {
    const stepRatio = index > 0 ? (to - from) / (from - logSnrs[index - 1]) : 0;
    const weight = -sqrtAlphaBarFromLogSnr(to) * Math.expm1((from - to) / 2);
    const extrapolation = (weight * stepRatio) / 2;
    return {
      z: noiseScaleFromLogSnr(to) / noiseScaleFromLogSnr(from),
      x0: weight + extrapolation,
      previousX0: 0 - extrapolation,
      noise: 0,
    };
  });
}
