// The toy: points of a mixture on the line go through the forward process of a schedule, and white noise comes back
// through the reverse process of a sampler with the exact denoiser. Every state is kept, and measured against what it
// should be, which is known exactly. What is wrong with the result is then the sampler's and the schedule's doing alone.
import { diffuse, diffuseStep } from "../forward-process.js";
import { betaBetween, noiseScaleFromLogSnr } from "../levels.js";
import type { Seed } from "../noise.js";
import type { NoiseSchedule } from "../schedules/build-schedule.js";
import { convert } from "../parameterisation.js";
import { runPlan, type SamplingPlan, seededNoise } from "../samplers/sampling-plan.js";
import { exactDenoiser } from "./exact-score.js";
import { drawFrom, type GaussianMixture, marginalAt, meanOf, varianceOf } from "./gaussian-mixture.js";

// How far points lie from a mixture on the line: the Wasserstein-1 distance, by how much each point would have to move
// on average to make them a perfect sample. On the line it is the area between the two distribution functions,
// W₁ = ∫ |F_points(x) − F(x)| dx, in the unit of x (Villani 2009, "Optimal Transport", remark 2.19).

// the area is wrong by at most a cell's width times the points' share in it: 16 deviations/4096 = 0.4 % of one
const CELLS = 4096;
const STANDARD_DEVIATIONS = 8;

/**
 * W₁ between points and a mixture.
 *
 * A perfect sample of n points is not at distance 0 but about 1/√n: compare with one before calling an error large.
 *
 * @param points [n]
 * @param mixture in one dimension
 */
export function wassersteinDistance(points: Float32Array, mixture: GaussianMixture): number {
  const sorted = points.slice().sort();
  const [centre] = meanOf(mixture);
  const reach = STANDARD_DEVIATIONS * Math.sqrt(varianceOf(mixture)[0]);
  const low = Math.min(centre - reach, sorted[0]);
  const high = Math.max(centre + reach, sorted[sorted.length - 1]);
  const width = (high - low) / CELLS;
  let area = 0;
  let below = 0;
  for (let cell = 0; cell < CELLS; cell++) {
    const middle = low + (cell + 0.5) * width;
    while (below < sorted.length && sorted[below] <= middle) below++;
    area += Math.abs(below / sorted.length - distributionAt(mixture, middle)) * width;
  }
  return area;
}

/** F(x) of a mixture on the line: each mode's share of what lies below x. */
function distributionAt(mixture: GaussianMixture, x: number): number {
  return mixture.reduce(
    (sum, { weight, mean, variance }) =>
      sum + weight * normalDistribution((x - mean[0]) / Math.sqrt(variance[0])),
    0,
  );
}

/** Φ(x), the standard normal distribution function, to 1e−7 (Abramowitz & Stegun 26.2.17). */
function normalDistribution(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
  return x >= 0 ? 1 - tail : tail;
}

/** What the toy runs. */
export interface ToySettings {
  /** The data, in one dimension. */
  readonly mixture: GaussianMixture;
  readonly schedule: NoiseSchedule;
  /** A plan for that schedule. */
  readonly plan: SamplingPlan;
  /** Points in either process. */
  readonly points: number;
  readonly seed: Seed;
  /** What the reverse process starts from: white noise, or true noisy data at the schedule's first level. */
  readonly start: "noise" | "data";
}

/** One state of the reverse process: the points before a denoiser call, and what the call found. */
interface ToyState {
  /** λ that the denoiser was told. */
  readonly logSnr: number;
  /** [points] */
  readonly z: Float32Array;
  /** Mean square of z − √ᾱ·x̂₀: the noise that the denoiser sees in the points. */
  readonly noiseEnergy: number;
  /** The same for true noisy data of that level. */
  readonly expectedNoiseEnergy: number;
  /** W₁ between the points and the exact distribution at that level. */
  readonly error: number;
}

/** Both processes with their measurements. */
export interface ToyRun {
  /** x₀, then x₁ … x_N, one forward step at a time, [N+1] of [points]. */
  readonly forward: readonly Float32Array[];
  /** From the start to the last level, one for each denoiser call. */
  readonly reverse: readonly ToyState[];
  /** x̂₀ of the last call, [points]. */
  readonly result: Float32Array;
  /** W₁ between the result and the data's distribution. */
  readonly error: number;
  /** W₁ of as many points drawn from the data's distribution: no sampler gets below it except by chance. */
  readonly samplingError: number;
}

// draws 0, 1, 2 … belong to the reverse process; the others' lie where no plan reaches
const FORWARD_DRAW = 2 ** 32;
const START_DRAW = 2 ** 33;
const REFERENCE_DRAW = 2 ** 34;

/**
 * Runs both processes; the same settings give the same points.
 *
 * @param afterCall awaited after each denoiser call: nothing else here ever waits, so a program that wants to hear from
 *   its event loop (signals, timers) in the meantime lets it turn there
 */
export async function runToy(settings: ToySettings, afterCall?: () => Promise<unknown>): Promise<ToyRun> {
  const { mixture, schedule, plan, points, seed, start } = settings;
  const noise = seededNoise(seed);
  const forward = forwardStates(settings);
  const data = forward[0];
  const denoiser = exactDenoiser(mixture);

  const z0 = drawFrom(marginalAt(mixture, schedule.logSnrs[0]), points, noise, START_DRAW);
  if (start === "noise") noise(z0, 0);

  const reverse: ToyState[] = [];
  let result: Float32Array = z0;
  for await (const { step, logSnr, z, x0 } of runPlan(plan, denoiser, z0, noise)) {
    const reference = diffuse(data, logSnr, { seed, step: REFERENCE_DRAW + step }).z;
    const epsilon = convert("x0", "epsilon", logSnr, z, x0);
    reverse.push({
      logSnr,
      z,
      noiseEnergy: noiseEnergy(epsilon, logSnr),
      expectedNoiseEnergy: noiseEnergy(await denoiser(reference, logSnr), logSnr),
      error: wassersteinDistance(z, marginalAt(mixture, logSnr)),
    });
    result = x0;
    await afterCall?.();
  }
  return {
    forward,
    reverse,
    result,
    error: wassersteinDistance(result, mixture),
    samplingError: wassersteinDistance(data, mixture),
  };
}

function forwardStates({ mixture, schedule, points, seed }: ToySettings): Float32Array[] {
  const states = [drawFrom(mixture, points, seededNoise(seed), FORWARD_DRAW)];
  let cleaner = Infinity;
  for (const [index, noisier] of [...schedule.logSnrs].reverse().entries()) {
    const address = { seed, step: FORWARD_DRAW + 1 + index };
    states.push(diffuseStep(states[index], betaBetween(cleaner, noisier), address).z);
    cleaner = noisier;
  }
  return states;
}

/** Mean square of √(1−ᾱ)·ε̂. */
function noiseEnergy(epsilon: Float32Array, logSnr: number): number {
  const scale = noiseScaleFromLogSnr(logSnr);
  return epsilon.reduce((sum, value) => sum + (scale * value) ** 2, 0) / epsilon.length;
}
