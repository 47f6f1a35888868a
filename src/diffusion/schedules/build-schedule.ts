// Schedules from numbers: betas as papers print them, or levels as λ, ᾱ or √ᾱ. All become the one internal form, a
// list of λ from noise to data, and all pass the same checks, which name the entry that is wrong.
import { InputError } from "../../errors.js";
import {
  alphaBarFromLogSnr,
  alphaBetween,
  betaBetween,
  logSnrFromAlphaBar,
  logSnrFromSqrtAlphaBar,
  logSnrsFromBetas,
  noiseScaleFromLogSnr,
  posteriorVarianceBetween,
  snrFromLogSnr,
  sqrtAlphaBarFromLogSnr,
} from "../levels.js";

// What a noise schedule is to everything that samples: a list of levels from noise to data. One number names a level,
// the log-SNR λ = ln(ᾱ/(1−ᾱ)) (Kingma et al. 2021, "Variational Diffusion Models"); betas and levels convert to it.

/** A noise schedule of N levels; each level costs one denoiser call, and the result is x̂₀ at the last level. */
export interface NoiseSchedule {
  readonly name: string;
  /** Where the numbers come from: a paper, a file, a formula. */
  readonly source: string;
  /** λ of each level, from noise to data: strictly increasing, [N]. */
  readonly logSnrs: Float64Array;
  /** Whether the first level is so noisy that white noise may stand for it (λ ≤ −5); else a sampler starts with a wrong level. */
  readonly startsFromNoise: boolean;
}

/** The first level counts as pure noise up to this λ: √ᾱ ≤ 0.082, the signal is below 0.7 % of the power. */
export const PURE_NOISE_LOG_SNR = -5;

/** The most levels a schedule may have. */
export const MAX_STEPS = 1000;

/** Beyond |λ| = 80 the signal-to-noise ratio and its inverse no longer fit comfortably into float32. */
const LOG_SNR_LIMIT = 80;

/** A schedule that cannot be: `entry` is the wrong entry's number, counted from 1, `value` what it holds. */
export class ScheduleError extends InputError {
  constructor(
    message: string,
    readonly entry?: number,
    readonly value?: unknown,
  ) {
    super(message);
  }
}

/**
 * Refuses a number of steps that is not a whole number from 1 to 1000.
 *
 * @param what the schedule that would have them, for the message
 * @throws ScheduleError
 */
export function checkSteps(steps: number, what: string): void {
  if (!Number.isInteger(steps) || steps < 1 || steps > MAX_STEPS) {
    throw new ScheduleError(
      `${what} would have ${steps} steps; the number of steps goes from 1 to ${MAX_STEPS}.`,
    );
  }
}

/** What a schedule is called and where its numbers come from. */
export interface ScheduleOrigin {
  readonly name: string;
  readonly source: string;
}

/** The ways to write a schedule down; each is also the name of the list in a schedule file. */
export type ScheduleNotation = "betas" | "logSnrs" | "alphaBars" | "sqrtAlphaBars";

interface Notation {
  readonly symbol: string;
  readonly range: string;
  /** Whether a finite number is in range. */
  readonly allows: (value: number) => boolean;
  /** λ of every entry, in the list's order. */
  readonly toLogSnrs: (values: Float64Array) => Float64Array;
}

const insideUnitInterval = (value: number): boolean => value > 0 && value < 1;

const notations: Record<ScheduleNotation, Notation> = {
  betas: {
    symbol: "β",
    range: "between 0 and 1, both excluded",
    allows: insideUnitInterval,
    toLogSnrs: logSnrsFromBetas,
  },
  logSnrs: {
    symbol: "λ",
    range: `from −${LOG_SNR_LIMIT} to ${LOG_SNR_LIMIT}`,
    allows: (value) => Math.abs(value) <= LOG_SNR_LIMIT,
    toLogSnrs: (values) => values,
  },
  alphaBars: {
    symbol: "ᾱ",
    range: "between 0 and 1, both excluded",
    allows: insideUnitInterval,
    toLogSnrs: (values) => values.map(logSnrFromAlphaBar),
  },
  sqrtAlphaBars: {
    symbol: "√ᾱ",
    range: "between 0 and 1, both excluded",
    allows: insideUnitInterval,
    toLogSnrs: (values) => values.map(logSnrFromSqrtAlphaBar),
  },
};

/**
 * A schedule from the betas of its forward process, in the papers' order.
 *
 * @param betas β₁ … β_N, from data to noise, each in (0, 1), [N], N from 1 to 1000
 * @throws ScheduleError naming the wrong entry
 */
export function scheduleFromBetas(origin: ScheduleOrigin, betas: ArrayLike<number>): NoiseSchedule {
  return buildSchedule(origin, "betas", betas);
}

/**
 * A schedule from its levels λ.
 *
 * @param logSnrs from noise to data: strictly increasing, each within ±80, [N], N from 1 to 1000
 * @throws ScheduleError naming the wrong entry
 */
export function scheduleFromLogSnrs(origin: ScheduleOrigin, logSnrs: ArrayLike<number>): NoiseSchedule {
  return buildSchedule(origin, "logSnrs", logSnrs);
}

/**
 * A schedule from a list in any notation. Betas run from data to noise, as in the papers; levels from noise to data,
 * as a sampler meets them.
 *
 * @param values the list, not trusted: each entry is checked to be a number in range, [N], N from 1 to 1000
 * @throws ScheduleError naming the wrong entry, the reason and the allowed range
 */
export function buildSchedule(
  { name, source }: ScheduleOrigin,
  notation: ScheduleNotation,
  values: ArrayLike<unknown>,
): NoiseSchedule {
  const count = values.length;
  if (count < 1 || count > MAX_STEPS) {
    throw new ScheduleError(`The schedule '${name}' has ${count} ${notation}; it needs 1 to ${MAX_STEPS}.`);
  }
  const { symbol, range, allows, toLogSnrs } = notations[notation];
  const fail = (index: number, problem: string): never => {
    const entry = `Entry ${index + 1} of the ${count} ${notation} of the schedule '${name}'`;
    throw new ScheduleError(`${entry} ${problem}`, index + 1, values[index]);
  };
  const numbers = Float64Array.from(values, (value, index) => {
    if (typeof value !== "number") fail(index, `is ${JSON.stringify(value)}, not a number.`);
    if (!Number.isFinite(value) || !allows(value as number)) {
      fail(index, `is ${String(value)}; a ${symbol} lies ${range}.`);
    }
    return value as number;
  });
  const logSnrs = toLogSnrs(numbers);
  logSnrs.forEach((logSnr, index) => {
    if (!(Math.abs(logSnr) <= LOG_SNR_LIMIT)) {
      const allowed = `every level has to stay within ±${LOG_SNR_LIMIT}.`;
      fail(index, `brings the log-SNR λ to ${logSnr.toFixed(1)}; ${allowed}`);
    }
    if (index === 0) return;
    const previous = logSnrs[index - 1];
    if (notation === "betas") {
      if (logSnr >= previous) fail(index, "is too small to change the level: use a larger β.");
    } else if (logSnr <= previous) {
      fail(
        index,
        `is ${numbers[index]}, not above the ${numbers[index - 1]} before it; levels run from noise to data, so ` +
          `${symbol} increases strictly. Reverse or sort the list.`,
      );
    }
  });
  if (notation === "betas") logSnrs.reverse();
  return { name, source, logSnrs, startsFromNoise: logSnrs[0] <= PURE_NOISE_LOG_SNR };
}

// Respacing: a denoiser knows every level it was trained on, so a sampler may visit only some of them, in larger steps
// (Song et al. 2021, "Denoising Diffusion Implicit Models", section 4.2; Nichol & Dhariwal 2021, section 4).

/**
 * A subsequence of a schedule, evenly spaced over its steps. Both ends are kept, so that a schedule that starts from
 * pure noise still does; a single step is the noise end.
 *
 * @param schedule the long schedule, [N]
 * @param steps how many of its levels to visit, 1 … N
 * @returns the schedule `name:steps`, [steps]
 * @throws ScheduleError for more steps than the schedule has
 */
export function respace(schedule: NoiseSchedule, steps: number): NoiseSchedule {
  const levels = schedule.logSnrs.length;
  checkSteps(steps, `The subsequence of '${schedule.name}'`);
  if (steps > levels) {
    throw new ScheduleError(
      `'${schedule.name}' has ${levels} levels, too few for a subsequence of ${steps}. Ask for at most ${levels}.`,
    );
  }
  const stride = steps > 1 ? (levels - 1) / (steps - 1) : 0;
  const origin = {
    name: `${schedule.name}:${steps}`,
    source: `${steps} of the ${levels} levels of ${schedule.name} (${schedule.source}), evenly spaced as in DDIM`,
  };
  return scheduleFromLogSnrs(
    origin,
    Float64Array.from({ length: steps }, (_, i) => schedule.logSnrs[Math.round(i * stride)]),
  );
}

// The table of a schedule: for each of its steps every quantity that a paper would name.

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
