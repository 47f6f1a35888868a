// The table of a schedule: for each of its steps every quantity that a paper would name.
import {
  alphaBarFromLogSnr,
  alphaBetween,
  betaBetween,
  noiseScaleFromLogSnr,
  posteriorVarianceBetween,
  snrFromLogSnr,
  sqrtAlphaBarFromLogSnr,
} from "../levels.js";
import type { NoiseSchedule } from "./build-schedule.js";

/** One step t of a schedule: the level z_t, and the forward step from z_{t−1} to it. */
export interface ScheduleStep {
  /** The step's number in the forward process: N is the noise end, 1 the step next to the data. */
  readonly t: number;
  /** β_t, the variance of the noise that the forward step adds. */
  readonly beta: number;
  /** α_t = 1 − β_t. */
  readonly alpha: number;
  /** ᾱ_t, the signal's share of the power. */
  readonly alphaBar: number;
  /** √ᾱ_t, the signal's factor. */
  readonly sqrtAlphaBar: number;
  /** √(1−ᾱ_t), the noise's factor. */
  readonly noiseScale: number;
  /** ᾱ_t/(1−ᾱ_t). */
  readonly snr: number;
  /** λ_t = ln SNR. */
  readonly logSnr: number;
  /** β̃_t, the variance of q(z_{t−1} | z_t, x₀); 0 at t = 1. */
  readonly posteriorVariance: number;
}

/** The steps of a schedule in the order of sampling, from noise (t = N) to data (t = 1), [N]. */
export function scheduleSteps({ logSnrs }: NoiseSchedule): ScheduleStep[] {
  return Array.from(logSnrs, (logSnr, index) => {
    const cleaner = index + 1 < logSnrs.length ? logSnrs[index + 1] : Infinity;
    return {
      t: logSnrs.length - index,
      beta: betaBetween(cleaner, logSnr),
      alpha: alphaBetween(cleaner, logSnr),
      alphaBar: alphaBarFromLogSnr(logSnr),
      sqrtAlphaBar: sqrtAlphaBarFromLogSnr(logSnr),
      noiseScale: noiseScaleFromLogSnr(logSnr),
      snr: snrFromLogSnr(logSnr),
      logSnr,
      posteriorVariance: posteriorVarianceBetween(cleaner, logSnr),
    };
  });
}
