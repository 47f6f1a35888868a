// The driver: runs any plan over samples in memory, one denoiser call a step, and shows every state on the way.
//
// It is one asynchronous generator and no synchronous twin. Engines that run a network answer with promises; a plain
// function that computes its answer at once is awaited just the same, and a microtask a step costs nothing beside it.
import { VocodeError } from "../../errors.js";
import { fillNormals, type Seed } from "../noise.js";
import { convert } from "../parameterisation.js";
import type { SamplingPlan, StepCoefficients } from "./sampling-plan.js";

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
  let z: Float32Array = z0.slice();
  let previousX0: Float32Array | undefined;
  for (const [step, coefficients] of plan.steps.entries()) {
    const { logSnr } = coefficients;
    const epsilon = await denoiser(z, logSnr);
    if (epsilon.length !== z.length) throw new DenoiserOutputError(step, z.length, epsilon.length);
    const x0 = convert("epsilon", "x0", logSnr, z, epsilon);
    yield { step, logSnr, z, x0 };
    if (step + 1 === plan.steps.length) return;
    const fresh = new Float32Array(coefficients.noise === 0 ? 0 : z.length);
    if (coefficients.noise !== 0) noise(fresh, step + 1);
    z = combine(coefficients, z, x0, previousX0 ?? x0, fresh);
    previousX0 = x0;
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
  next: Float32Array = new Float32Array(z.length),
): Float32Array {
  const { z: a, x0: b, previousX0: c, noise: d } = coefficients;
  // plain loops: with a callback they take several times as long, as much as a tenth of a fast denoiser
  if (d === 0) {
    for (let i = 0; i < z.length; i++) next[i] = a * z[i] + b * x0[i] + c * previousX0[i];
  } else {
    for (let i = 0; i < z.length; i++) next[i] = a * z[i] + b * x0[i] + c * previousX0[i] + d * noise[i];
  }
  return next;
}
