// Schedules by name: the published ones, and the families whose names end in a number of steps.
// `name:M` is a subsequence of M levels of any of them.
import {
  checkSteps,
  MAX_STEPS,
  type NoiseSchedule,
  respace,
  ScheduleError,
  scheduleFromBetas,
  scheduleFromLogSnrs,
  type ScheduleOrigin,
} from "./build-schedule.js";

// Training schedules: the forward processes that denoisers are trained under, hundreds of small steps from data to
// noise. Sampling takes a subsequence of one, or a schedule of its own.

/**
 * Betas on a straight line (Ho et al. 2020, "Denoising Diffusion Probabilistic Models", section 4).
 *
 * @param first β₁, the step next to the data
 * @param last β_N
 * @param steps N
 * @returns β₁ … β_N, both ends included, [N]
 */
export function linearBetas(first: number, last: number, steps: number): Float64Array {
  checkSteps(steps, "A linear schedule");
  const slope = steps > 1 ? (last - first) / (steps - 1) : 0;
  return Float64Array.from({ length: steps }, (_, i) => first + slope * i);
}

/**
 * Betas of a squared-cosine ᾱ (Nichol & Dhariwal 2021, "Improved Denoising Diffusion Probabilistic Models", eq. 17):
 * ᾱ(t) = f(t)/f(0), f(t) = cos²(π/2·(t/N + s)/(1 + s)), s = 0.008, and β_t = 1 − ᾱ(t)/ᾱ(t−1), at most 0.999.
 * It loses the signal evenly over the steps, where linear betas have lost it long before the last one.
 *
 * @param steps N
 * @returns β₁ … β_N, [N]
 */
export function cosineBetas(steps: number): Float64Array {
  checkSteps(steps, "A cosine schedule");
  const offset = 0.008;
  const maxBeta = 0.999;
  const cosine = (t: number): number => Math.cos(((t / steps + offset) / (1 + offset)) * (Math.PI / 2));
  return Float64Array.from({ length: steps }, (_, i) => {
    const ratio = cosine(i + 1) / cosine(i);
    return Math.min((1 - ratio) * (1 + ratio), maxBeta);
  });
}

// Sampling schedules: a few steps chosen for inference. The published ones are lists of betas; those from 3 to 50 steps
// end at √ᾱ = 0.3 … 0.96, which is not pure noise, though the samplers they were made for start from it.

/** Six steps, known as WG-6 in the code of diffusion vocoders, β₁ … β₆. */
const waveGrad6Betas = [7e-6, 1.4e-4, 2.1e-3, 2.8e-2, 0.35, 0.7] as const;

/** Three steps, known there as WG-3, β₁ … β₃. */
const waveGrad3Betas = [3e-4, 6e-2, 0.9] as const;

/** Seven steps said to come from BDDM's learned search, β₁ … β₇. */
const bddm7Betas = [1.356e-4, 1.01e-3, 8.778e-3, 0.136, 0.2776, 0.2893, 0.3] as const;

/**
 * The Fibonacci numbers 1, 2, 3, 5, 8 … in millionths, as betas.
 *
 * @param steps N
 * @returns β₁ … β_N, [N]
 */
function fibonacciBetas(steps: number): Float64Array {
  const betas = new Float64Array(steps);
  let [previous, current] = [1, 1];
  for (let i = 0; i < steps; i++) {
    betas[i] = current / 1e6;
    [previous, current] = [current, previous + current];
  }
  return betas;
}

/**
 * Levels at equal distances of log-SNR: each step removes the same share of the noise that is left.
 *
 * @param first λ at the noise end
 * @param last λ at the data end
 * @param steps N; a single level is the first
 * @returns λ from noise to data, [N]
 */
export function uniformLogSnrs(first: number, last: number, steps: number): Float64Array {
  const distance = steps > 1 ? (last - first) / (steps - 1) : 0;
  return Float64Array.from({ length: steps }, (_, i) => first + distance * i);
}

/** A schedule with a fixed list, or, where `name` ends in -N, a family with a member for each number of steps. */
interface NamedSchedule {
  readonly name: string;
  readonly source: string;
  readonly purpose: "training" | "sampling";
}

interface Recipe extends NamedSchedule {
  /** Makes the schedule; only a family looks at the number of steps. */
  readonly build: (origin: ScheduleOrigin, steps: number) => NoiseSchedule;
}

const recipes: readonly Recipe[] = [
  {
    name: "training-1000",
    purpose: "training",
    source: "linear betas 1e-6 … 0.01 over 1000 steps, WaveGrad (Chen et al. 2020, arXiv 2009.00713)",
    build: (origin) => scheduleFromBetas(origin, linearBetas(1e-6, 0.01, 1000)),
  },
  {
    name: "ddpm-1000",
    purpose: "training",
    source: "linear betas 1e-4 … 0.02, Ho et al. 2020 (arXiv 2006.11239, section 4)",
    build: (origin) => scheduleFromBetas(origin, linearBetas(1e-4, 0.02, 1000)),
  },
  {
    name: "cosine-N",
    purpose: "training",
    source:
      "squared-cosine ᾱ over N steps, s = 0.008, β ≤ 0.999, Nichol & Dhariwal 2021 (arXiv 2102.09672, eq. 17)",
    build: (origin, steps) => scheduleFromBetas(origin, cosineBetas(steps)),
  },
  {
    name: "wg-6",
    purpose: "sampling",
    source:
      "7e-6, 1.4e-4, 2.1e-3, 2.8e-2, 0.35, 0.7: the betas known as WG-6 in the code of diffusion vocoders",
    build: (origin) => scheduleFromBetas(origin, waveGrad6Betas),
  },
  {
    name: "wg-3",
    purpose: "sampling",
    source: "3e-4, 6e-2, 0.9: the betas known as WG-3 in the code of diffusion vocoders",
    build: (origin) => scheduleFromBetas(origin, waveGrad3Betas),
  },
  {
    name: "fibonacci-25",
    purpose: "sampling",
    source:
      "Fibonacci numbers in millionths as betas, 1e-6, 2e-6, 3e-6, 5e-6 … 0.121393; said to be WaveGrad's 25 steps, not checked against the paper",
    build: (origin) => scheduleFromBetas(origin, fibonacciBetas(25)),
  },
  {
    name: "linear-50",
    purpose: "sampling",
    source: "linear betas 1e-4 … 0.05, known as WG-50 in the code of diffusion vocoders",
    build: (origin) => scheduleFromBetas(origin, linearBetas(1e-4, 0.05, 50)),
  },
  {
    name: "bddm-7",
    purpose: "sampling",
    source:
      "7 betas said to come from BDDM's learned search (Lam et al. 2022, arXiv 2203.13508), not checked against the paper",
    build: (origin) => scheduleFromBetas(origin, bddm7Betas),
  },
  {
    name: "logsnr-N",
    purpose: "sampling",
    source: "N levels uniform in log-SNR, −5 … 6 for N ≤ 8 and −6 … 7 above",
    build: (origin, steps) =>
      scheduleFromLogSnrs(origin, steps <= 8 ? uniformLogSnrs(-5, 6, steps) : uniformLogSnrs(-6, 7, steps)),
  },
];

/** Every name that scheduleByName knows, with its source; -N stands for a number of steps from 1 to 1000. */
export function namedSchedules(): NamedSchedule[] {
  return recipes.map(({ name, source, purpose }) => ({ name, source, purpose }));
}

/**
 * A schedule by its name: `wg-6`, `cosine-25`, or `training-1000:50` for a subsequence of 50 levels.
 *
 * @throws ScheduleError for a name that does not exist (listing those that do) or steps outside 1 … 1000
 */
export function scheduleByName(name: string): NoiseSchedule {
  const subsequence = /^(.*):(\d+)$/.exec(name);
  if (subsequence) return respace(scheduleByName(subsequence[1]), Number(subsequence[2]));
  const exact = recipes.find((recipe) => recipe.name === name && !name.endsWith("-N"));
  if (exact) return exact.build({ name, source: exact.source }, 0);
  const member = /^(.*-)(\d+)$/.exec(name);
  const family = member && recipes.find((recipe) => recipe.name === `${member[1]}N`);
  if (family) {
    const steps = Number(member[2]);
    checkSteps(steps, `The schedule '${name}'`);
    return family.build({ name: `${member[1]}${steps}`, source: family.source }, steps);
  }
  const known = recipes.map((recipe) => recipe.name).join(", ");
  throw new ScheduleError(
    `There is no schedule '${name}'. Known are: ${known} (N from 1 to ${MAX_STEPS}), and NAME:M for M of the levels of one.`,
  );
}
