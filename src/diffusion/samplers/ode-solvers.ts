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
import { finalStep, type PlanStep, type StepCoefficients, stepsBetween } from "./sampling-plan.js";
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "../levels.js";

// DPM-Solver++ 2M (Lu et al. 2022, "DPM-Solver++", Algorithm 2), a second-order multistep solver of the probability-flow
// ODE. The ODE's linear part is solved exactly, which leaves an integral over x̂₀ alone,
//
//   z_s = (σ_s/σ_t)·z_t + σ_s·∫ e^ℓ·x̂₀(ℓ) dℓ   over the half-log-SNR ℓ = λ/2, with σ = √(1−ᾱ)
//
// and x̂₀ is continued through the step as the straight line through its last two values: for h the step in ℓ, h₋ the
// step before, D = x̂₀ + h/(2h₋)·(x̂₀ − x̂₀ before) and z_s = (σ_s/σ_t)·z_t + √ᾱ_s·(1−e^−h)·D.
// The first step knows one value only and takes D = x̂₀, which is DDIM.

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

/** φ = arctan √((1−ᾱ)/ᾱ) of a level, in (0, π/2): 0 is clean data. */
export function angleFromLogSnr(logSnr: number): number {
  return Math.atan(Math.exp(-logSnr / 2));
}

/** One Euler step from level `from` to the cleaner level `to`: z′ = z + Δφ·v̂. */
function eulerStep(from: number, to: number): StepCoefficients {
  const turn = angleFromLogSnr(to) - angleFromLogSnr(from);
  const velocity = conversion("x0", "v", from);
  return { z: 1 + turn * velocity.fromZ, x0: turn * velocity.fromValue, previousX0: 0, noise: 0 };
}

/** The steps of Euler's method: N denoiser calls for N levels. */
export function eulerSteps(schedule: NoiseSchedule): PlanStep[] {
  return stepsBetween(schedule, eulerStep);
}

// Heun's method for the probability-flow ODE (Karras et al. 2022, "Elucidating the Design Space", Algorithm 1; in the
// angle φ above): an Euler step predicts z at the next level, a second call there gives the slope at the far end,
// and the corrector goes from the old z along the mean of both slopes:
//
//   ẑ  = z + Δφ·v̂(z)                          predictor, = p·z + q·x̂₀
//   z′ = z + Δφ·(v̂(z) + v̂(ẑ))/2 = (z + ẑ)/2 + Δφ/2·v̂(ẑ)      corrector
//
// The corrector needs the old z, which is gone by then; but z = (ẑ − q·x̂₀)/p, where x̂₀ is the estimate before, so that
// it fits the one line of every plan without a saved state. Dividing by p costs no accuracy worth mentioning: Euler's step
// shrinks z at most by φ′/φ, so p is small only where a step takes nearly all of the noise away and leaves little of z.

/** The steps of Heun's method: second order at 2N−1 denoiser calls for N levels. */
export function heunSteps({ logSnrs }: NoiseSchedule): PlanStep[] {
  const steps: PlanStep[] = [];
  for (let index = 0; index + 1 < logSnrs.length; index++) {
    const from = logSnrs[index];
    const to = logSnrs[index + 1];
    const predictor = eulerStep(from, to);
    const halfTurn = (angleFromLogSnr(to) - angleFromLogSnr(from)) / 2;
    const velocity = conversion("x0", "v", to);
    steps.push(
      { logSnr: from, ...predictor },
      {
        logSnr: to,
        z: 0.5 + 0.5 / predictor.z + halfTurn * velocity.fromZ,
        x0: halfTurn * velocity.fromValue,
        previousX0: (-0.5 * predictor.x0) / predictor.z,
        noise: 0,
      },
    );
  }
  steps.push(finalStep(logSnrs[logSnrs.length - 1]));
  return steps;
}
