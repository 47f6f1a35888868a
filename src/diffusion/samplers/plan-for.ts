// Samplers by name: checks the options and returns the plan.
import { InputError } from "../../errors.js";
import type { NoiseSchedule } from "../schedules/build-schedule.js";
import { ddimSteps, ddpmSteps, langevinSteps, type ReverseVariance } from "./ddim.js";
import { dpmpp2mSteps, eulerSteps, heunSteps } from "./ode-solvers.js";
import type { PlanStep, SamplingPlan } from "./sampling-plan.js";

/** Every sampler that planFor knows. */
export const samplerNames = ["ddpm", "ddim", "dpmpp-2m", "euler", "heun", "langevin"] as const;

export type SamplerName = (typeof samplerNames)[number];

/** What can be chosen about a sampler; each option belongs to one of them. */
export interface SamplerOptions {
  /** ddpm: the variance of the reverse steps, β̃ ("posterior", the default) or β. */
  readonly variance?: ReverseVariance;
  /** ddim: the share of fresh noise, from 0 (none, the default) to 1 (as much as DDPM). */
  readonly eta?: number;
  /** langevin: corrector steps at each level, from 0; 1 without it. */
  readonly correctorSteps?: number;
  /** langevin: δ in (0, 1]; 0.05 without it. */
  readonly correctorStepSize?: number;
}

/** An unknown sampler, an option out of its range, or an option of another sampler. */
export class SamplerError extends InputError {
  constructor(
    message: string,
    /** "sampler", or the option's name. */
    readonly field: "sampler" | keyof SamplerOptions,
    readonly value: unknown,
  ) {
    super(message);
  }
}

interface Recipe {
  readonly options: readonly (keyof SamplerOptions)[];
  readonly steps: (schedule: NoiseSchedule, options: Required<SamplerOptions>) => PlanStep[];
}

const defaults: Required<SamplerOptions> = {
  variance: "posterior",
  eta: 0,
  correctorSteps: 1,
  correctorStepSize: 0.05,
};

const recipes: Record<SamplerName, Recipe> = {
  ddpm: { options: ["variance"], steps: (schedule, { variance }) => ddpmSteps(schedule, variance) },
  ddim: { options: ["eta"], steps: (schedule, { eta }) => ddimSteps(schedule, eta) },
  "dpmpp-2m": { options: [], steps: dpmpp2mSteps },
  euler: { options: [], steps: eulerSteps },
  heun: { options: [], steps: heunSteps },
  langevin: {
    options: ["correctorSteps", "correctorStepSize"],
    steps: (schedule, { correctorSteps, correctorStepSize }) =>
      langevinSteps(schedule, { steps: correctorSteps, stepSize: correctorStepSize }),
  },
};

const ranges: { [Name in keyof SamplerOptions]-?: { isValid: (value: unknown) => boolean; range: string } } =
  {
    variance: {
      isValid: (value) => value === "posterior" || value === "beta",
      range: "'posterior' or 'beta'",
    },
    eta: { isValid: (value) => isWithin(value, 0, 1), range: "a number from 0 to 1" },
    correctorSteps: {
      isValid: (value) => isWithin(value, 0, 1000) && Number.isInteger(value),
      range: "a whole number from 0 to 1000",
    },
    correctorStepSize: {
      isValid: (value) => isWithin(value, 0, 1) && value !== 0,
      range: "a number above 0, at most 1",
    },
  };

/**
 * The plan of a sampler for a schedule.
 *
 * @param name one of samplerNames
 * @param schedule N levels; the plan makes N denoiser calls, Heun 2N−1, Langevin N·(correctorSteps+1)
 * @param options the sampler's own options
 * @throws SamplerError for an unknown sampler, an option out of range or an option of another sampler
 */
export function planFor(name: string, schedule: NoiseSchedule, options: SamplerOptions = {}): SamplingPlan {
  if (!isSamplerName(name)) {
    throw new SamplerError(
      `There is no sampler '${name}'. Known are: ${samplerNames.join(", ")}.`,
      "sampler",
      name,
    );
  }
  const recipe = recipes[name];
  const given = (Object.keys(ranges) as (keyof SamplerOptions)[]).filter((key) => options[key] !== undefined);
  for (const key of given) checkOption(name, key, options[key]);
  const settled = given.map((key) => ` ${key} ${options[key]!}`).join(",");
  return {
    sampler: settled === "" ? name : `${name} (${settled.trim()})`,
    schedule: schedule.name,
    startsFromNoise: schedule.startsFromNoise,
    steps: recipe.steps(schedule, { ...defaults, ...options }),
  };
}

/** Whether a text names a sampler. */
function isSamplerName(name: string): name is SamplerName {
  return samplerNames.some((known) => known === name);
}

function checkOption(name: SamplerName, key: keyof SamplerOptions, value: unknown): void {
  if (!recipes[name].options.includes(key)) {
    const owners = samplerNames.filter((other) => recipes[other].options.includes(key)).join(", ");
    throw new SamplerError(
      `The sampler '${name}' has no option ${key}; it belongs to ${owners}. Leave it out or change the sampler.`,
      key,
      value,
    );
  }
  if (!ranges[key].isValid(value)) {
    throw new SamplerError(
      `The sampler's option ${key} is ${String(value)}; it has to be ${ranges[key].range}.`,
      key,
      value,
    );
  }
}

function isWithin(value: unknown, low: number, high: number): boolean {
  return typeof value === "number" && value >= low && value <= high;
}
