// What `vocode tune` found for a number of steps: the levels lie in the config's `schedules` under the same name, what
// belongs to them (the start, the sampler, the mel corrections) here in its `tunings`.
import { isSamplerName, type SamplerName, samplerNames } from "../diffusion/samplers/plan-for.js";
import { scheduleFromLogSnrs } from "../diffusion/schedules/build-schedule.js";
import { CheckpointError, VocodeError } from "../errors.js";

/** What the first state of a process is made of: white noise, or the excitation diffused to the first level. */
export const tunedStarts = ["noise", "harmonic"] as const;

/** A start's name. */
export type TunedStart = (typeof tunedStarts)[number];

/** What goes with tuned levels; the first of them is the start level. */
export interface Tuning {
  readonly start: TunedStart;
  readonly sampler: SamplerName;
  /** K, the number of mel corrections. */
  readonly refine: number;
  /** p of each correction's gain. */
  readonly exponent: number;
  /** Of the corrections. */
  readonly momentum: number;
  /** The tuning's objective on its clips with these settings and with those it began from. For people. */
  readonly objective?: { readonly tuned: number; readonly before: number };
}

/** The refinement diverges beyond these (method of the mel consistency). */
const LARGEST = { refine: 1000, exponent: 1.6, momentum: 1.2 } as const;

/** The name of the tuning for a number of steps; that of a start that is not the checkpoint's own holds its name. */
export function tuningName(steps: number, start?: TunedStart): string {
  return start === undefined ? `tuned-${steps}` : `tuned-${start}-${steps}`;
}

/**
 * Reads the config's `tunings`.
 *
 * @param schedules the config's, which hold the levels
 * @throws CheckpointError for a tuning without levels, or a field that is missing or out of range
 */
export function parseTunings(
  entries: Readonly<Record<string, unknown>>,
  schedules: Readonly<Record<string, readonly number[]>>,
  path: string,
): Record<string, Tuning> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, value]) => [name, tuningOf(value, name, schedules[name], path)]),
  );
}

function tuningOf(value: unknown, name: string, levels: readonly number[] | undefined, path: string): Tuning {
  const field = `tunings.${name}`;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CheckpointError(path, `has no object where it should be one: '${field}'`);
  }
  if (levels === undefined) {
    throw new CheckpointError(path, `has '${field}' without its levels in 'schedules.${name}'`);
  }
  try {
    scheduleFromLogSnrs({ name, source: path }, levels);
  } catch (error) {
    if (!(error instanceof VocodeError)) throw error;
    throw new CheckpointError(path, `has unusable levels in 'schedules.${name}': ${error.message}`);
  }
  const { start, sampler, refine, exponent, momentum, objective } = value as Record<string, unknown>;
  const fail = (key: string, given: unknown, wanted: string): never => {
    throw new CheckpointError(
      path,
      `has ${JSON.stringify(given)} for '${field}.${key}', which should be ${wanted}`,
    );
  };
  if (!isStart(start)) return fail("start", start, tunedStarts.join(" or "));
  if (typeof sampler !== "string" || !isSamplerName(sampler)) {
    return fail("sampler", sampler, `one of ${samplerNames.join(", ")}`);
  }
  const numberOf = (key: "refine" | "exponent" | "momentum", given: unknown): number => {
    const inRange = typeof given === "number" && given >= 0 && given <= LARGEST[key];
    return inRange ? given : fail(key, given, `a number from 0 to ${LARGEST[key]}`);
  };
  if (!Number.isInteger(refine)) return fail("refine", refine, "a whole number");
  return {
    start,
    sampler,
    refine: numberOf("refine", refine),
    exponent: numberOf("exponent", exponent),
    momentum: numberOf("momentum", momentum),
    ...(isObjective(objective) && { objective }),
  };
}

function isStart(value: unknown): value is TunedStart {
  return tunedStarts.some((start) => start === value);
}

function isObjective(value: unknown): value is { tuned: number; before: number } {
  const { tuned, before } = (value ?? {}) as Record<string, unknown>;
  return typeof tuned === "number" && typeof before === "number";
}
