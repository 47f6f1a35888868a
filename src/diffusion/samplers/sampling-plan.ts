// A sampling plan: everything that a sampler does, worked out beforehand as a list of coefficients. Step by step
//
//   x̂₀ = (z − √(1−ᾱ)·ε̂(z, λ)) / √ᾱ
//   z′ = a·z + b·x̂₀ + c·x̂₀(of the step before) + d·noise
//
// Every sampler of this folder fits that one line, Heun's corrector and Langevin's too, because a level is known before
// the signal is. So a plan is plain data (it survives JSON), and the same plan runs in JavaScript, inside a graph, tile
// by tile, or in somebody else's program; z′ at a sample needs nothing but the values at that sample and ε̂.
import type { NoiseSchedule } from "../schedules/build-schedule.js";

/** The factors of z′: a of z, b of x̂₀, c of the x̂₀ before, d of fresh unit noise. */
export interface StepCoefficients {
  readonly z: number;
  readonly x0: number;
  /** 0 in the first step, which has no estimate before it. */
  readonly previousX0: number;
  readonly noise: number;
}

/** One step of a plan: one denoiser call and one linear combination. */
export interface PlanStep extends StepCoefficients {
  /** λ of z, the level that the denoiser is told. The state that the step leaves has the next step's level. */
  readonly logSnr: number;
}

/** A sampler applied to a schedule. `steps.length` is the number of denoiser calls; the last z′ is the result. */
export interface SamplingPlan {
  /** The sampler with its options, for reports: "ddim (eta 0.5)". */
  readonly sampler: string;
  /** The schedule's name. */
  readonly schedule: string;
  /** Whether white noise may stand for the first state; see NoiseSchedule. */
  readonly startsFromNoise: boolean;
  readonly steps: readonly PlanStep[];
}

/** The last step of every plan: no noise any more, the result is x̂₀ itself. */
export function finalStep(logSnr: number): PlanStep {
  return { logSnr, z: 0, x0: 1, previousX0: 0, noise: 0 };
}

/**
 * The steps of a sampler that calls the denoiser once a level: N−1 transitions and the final step.
 *
 * @param schedule N levels from noise to data
 * @param transition the coefficients that lead from level `index` of the schedule to the next
 * @returns [N]
 */
export function stepsBetween(
  { logSnrs }: NoiseSchedule,
  transition: (from: number, to: number, index: number) => StepCoefficients,
): PlanStep[] {
  return Array.from(logSnrs, (logSnr, index) =>
    index + 1 < logSnrs.length
      ? { logSnr, ...transition(logSnr, logSnrs[index + 1], index) }
      : finalStep(logSnr),
  );
}
