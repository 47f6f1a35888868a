// A sampling plan: everything that a sampler does, worked out beforehand as a list of coefficients. Step by step
//
//   x̂₀ = (z − √(1−ᾱ)·ε̂(z, λ)) / √ᾱ
//   z′ = a·z + b·x̂₀ + c·x̂₀(of the step before) + d·noise
//
// Every sampler of this folder fits that one line, Heun's corrector and Langevin's too, because a level is known before
// the signal is. So a plan is plain data (it survives JSON), and the same plan runs in JavaScript, inside a graph, tile
// by tile, or in somebody else's program; z′ at a sample needs nothing but the values at that sample and ε̂.
import type { NoiseSchedule } from "../schedules/build-schedule.js";
import { VocodeError } from "../../errors.js";
import { fillNormals, type Seed } from "../noise.js";
import { arraySpace, convert, type SignalSpace, type Term, weightedSum } from "../parameterisation.js";

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

// What a plan does, in one place: a walk from state to state that asks its caller for an estimate at each. Whoever has
// the estimate drives it: over samples in memory, where a denoiser may answer with a promise, or at once, as a graph of
// tensors that an export writes and a loss is trained through. Synthesis, which goes tile by tile, takes the same steps.

/**
 * Predicts the unit noise in a noisy signal. It must not change `z`.
 *
 * @param z the noisy samples, [T]
 * @param logSnr the level λ that z is taken to have
 * @returns ε̂, [T]
 */
export type Denoiser = (z: Float32Array, logSnr: number) => Float32Array | Promise<Float32Array>;

/** Fills an array with standard normals. Draw 0 is the start z₀ of a process, draw k+1 the noise of its step k. */
export type NoiseSource = (out: Float32Array, draw: number) => void;

/** What a plan's step saw and concluded; the arrays belong to the reader, who should not change them. */
export interface SamplerState {
  /** Index of the step in the plan, 0 … steps−1; so many denoiser calls plus one were made. */
  readonly step: number;
  /** λ of z. */
  readonly logSnr: number;
  /** The state that the denoiser was given, [T]. */
  readonly z: Float32Array;
  /** The estimate of the data made from it, [T]; that of the last step is the result. */
  readonly x0: Float32Array;
}

/** A denoiser whose answer has another length than its input. */
export class DenoiserOutputError extends VocodeError {
  readonly exitCode = 1;

  constructor(
    readonly step: number,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`The denoiser returned ${actual} samples in step ${step} for the ${expected} that it was given.`);
  }
}

/** Noise of a seed, addressed by draw and absolute sample: the same for a whole signal and for its parts. */
export function seededNoise(seed: Seed, start = 0): NoiseSource {
  return (out, draw) => {
    fillNormals(out, { seed, step: draw, start });
  };
}

/** A state that a walk has come to, and wants an estimate for. */
interface PlanState<S> {
  readonly step: number;
  readonly logSnr: number;
  readonly z: S;
}

/**
 * Walks a plan: yields each state, takes the estimate x̂₀ made from it, and returns the last estimate.
 *
 * @param z0 the start, at the level of the plan's first step
 * @param noise fresh unit noise of a draw: k+1 in step k, asked for only where the step adds some
 */
function* walkPlan<S>(
  { steps }: SamplingPlan,
  space: SignalSpace<S>,
  z0: S,
  noise: (draw: number) => S,
): Generator<PlanState<S>, S, S> {
  let z = z0;
  let previousX0: S | undefined;
  for (const [step, coefficients] of steps.entries()) {
    const x0 = yield { step, logSnr: coefficients.logSnr, z };
    if (step + 1 === steps.length) return x0;
    z = space.weightedSum(stepTerms(coefficients, z, x0, previousX0 ?? x0, () => noise(step + 1)));
    previousX0 = x0;
  }
  return z;
}

/** What adds up to z′ = a·z + b·x̂₀ + c·x̂₀(previous) + d·noise; terms whose factor is 0 are left out. */
function stepTerms<S>(
  { z: a, x0: b, previousX0: c, noise: d }: StepCoefficients,
  z: S,
  x0: S,
  previousX0: S,
  noise: () => S,
): readonly Term<S>[] {
  const terms: Term<S>[] = [
    [a, z],
    [b, x0],
    [c, previousX0],
  ];
  const used = terms.filter(([factor]) => factor !== 0);
  return d === 0 ? used : [...used, [d, noise()]];
}

/**
 * Runs a plan. Leaving the loop early stops the process; its result is the x̂₀ of the last state.
 *
 * @param plan from planFor
 * @param denoiser called once for each of the plan's steps
 * @param z0 the start, at the level of the plan's first step: white noise where plan.startsFromNoise, [T]
 * @param noise fresh noise for the steps that add some
 * @throws DenoiserOutputError
 */
export async function* runPlan(
  plan: SamplingPlan,
  denoiser: Denoiser,
  z0: Float32Array,
  noise: NoiseSource,
): AsyncGenerator<SamplerState, void, void> {
  const walk = walkPlan(plan, arraySpace, z0.slice(), (draw) => {
    const fresh = new Float32Array(z0.length);
    noise(fresh, draw);
    return fresh;
  });
  for (let next = walk.next(); !next.done;) {
    const { step, logSnr, z } = next.value;
    const epsilon = await denoiser(z, logSnr);
    if (epsilon.length !== z.length) throw new DenoiserOutputError(step, z.length, epsilon.length);
    const x0 = convert("epsilon", "x0", logSnr, z, epsilon);
    yield { step, logSnr, z, x0 };
    next = walk.next(x0);
  }
}

/**
 * Runs a plan to its end.
 *
 * @returns the x̂₀ of the last step, [T]
 */
export async function sample(
  plan: SamplingPlan,
  denoiser: Denoiser,
  z0: Float32Array,
  noise: NoiseSource,
): Promise<Float32Array> {
  let result = z0;
  for await (const { x0 } of runPlan(plan, denoiser, z0, noise)) result = x0;
  return result;
}

/**
 * Runs a plan to its end where estimates come at once: in a graph of tensors, through which gradients flow.
 *
 * @param space what the signals are
 * @param estimate x̂₀ of a state z at the level λ
 * @param z0 the start, at the level of the plan's first step
 * @param noise fresh unit noise of a draw: k+1 in step k, asked for only where the step adds some
 * @returns the x̂₀ of the last step
 */
export function sampleIn<S>(
  space: SignalSpace<S>,
  plan: SamplingPlan,
  estimate: (z: S, logSnr: number) => S,
  z0: S,
  noise: (draw: number) => S,
): S {
  const walk = walkPlan(plan, space, z0, noise);
  let next = walk.next();
  while (!next.done) next = walk.next(estimate(next.value.z, next.value.logSnr));
  return next.value;
}

/**
 * One step's linear combination, z′ = a·z + b·x̂₀ + c·x̂₀(previous) + d·noise, in float64.
 *
 * @param previousX0 any array of the length where its coefficient is 0
 * @param noise read only where its coefficient is not 0
 * @param next receives z′, and is none of the others; without it a new array
 * @returns z′, [T]
 */
export function combine(
  coefficients: StepCoefficients,
  z: Float32Array,
  x0: Float32Array,
  previousX0: Float32Array,
  noise: Float32Array,
  next?: Float32Array,
): Float32Array {
  return weightedSum(
    stepTerms(coefficients, z, x0, previousX0, () => noise),
    next,
  );
}
