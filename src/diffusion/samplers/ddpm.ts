// The ancestral sampler (Ho et al. 2020, "Denoising Diffusion Probabilistic Models", Algorithm 2): undo one forward
// step at a time by drawing from the posterior q(z_s | z_t, x₀) of forward-process.ts, from level t to the cleaner s,
// with the estimate x̂₀ in the place of x₀.
//
// Its variance β̃ = β·(1−ᾱ_s)/(1−ᾱ_t) is right if x₀ is a single point; β is right if x₀ is white noise of unit power. Data
// of at most that power lie between the two (section 3.2). The last step's β̃ is 0: it returns x̂₀ without noise.
import { posterior } from "../forward-process.js";
import { betaBetween } from "../levels.js";
import type { NoiseSchedule } from "../schedules/build-schedule.js";
import { stepsBetween, type PlanStep } from "./sampling-plan.js";

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
