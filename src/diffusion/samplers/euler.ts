// Euler's method for the probability-flow ODE (Song et al. 2021, "Score-Based Generative Modeling through SDEs", eq. 13)
// in the angle φ between signal and noise, ᾱ = cos²φ. There the ODE has its simplest form (Salimans & Ho 2022, appendix D):
//
//   z = cos φ·x₀ + sin φ·ε,   dz/dφ = v̂ = cos φ·ε̂ − sin φ·x̂₀
//
// from φ near π/2 (noise) down to 0 (data). Unlike the slope in β-time or in λ, v̂ stays of unit size at both ends, so
// the explicit step is stable for any schedule. DDIM is also an Euler step, but of y = z/√ᾱ over tan φ: a step of the
// same order along another tangent.
import { conversion } from "../parameterisation.js";
import type { NoiseSchedule } from "../schedules/build-schedule.js";
import { stepsBetween, type PlanStep, type StepCoefficients } from "./sampling-plan.js";

/** φ = arctan √((1−ᾱ)/ᾱ) of a level, in (0, π/2): 0 is clean data. */
export function angleFromLogSnr(logSnr: number): number {
  return Math.atan(Math.exp(-logSnr / 2));
}

/** One Euler step from level `from` to the cleaner level `to`: z′ = z + Δφ·v̂. */
export function eulerStep(from: number, to: number): StepCoefficients {
  const turn = angleFromLogSnr(to) - angleFromLogSnr(from);
  const velocity = conversion("x0", "v", from);
  return { z: 1 + turn * velocity.fromZ, x0: turn * velocity.fromValue, previousX0: 0, noise: 0 };
}

/** The steps of Euler's method: N denoiser calls for N levels. */
export function eulerSteps(schedule: NoiseSchedule): PlanStep[] {
  return stepsBetween(schedule, eulerStep);
}
