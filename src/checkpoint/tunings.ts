// What `vocode tune` found for a number of steps: the levels lie in the config's `schedules` under the same name, what
// belongs to them (the start, the sampler, the mel corrections) here in its `tunings`.
import * as v from "valibot";
import { isSamplerName, type SamplerName, samplerNames } from "../diffusion/samplers/plan-for.js";
import { scheduleFromLogSnrs } from "../diffusion/schedules/build-schedule.js";
import { CheckpointError, VocodeError } from "../errors.js";
import { fields, record, type Schema, shouldBe, value } from "../formats/json-fields.js";

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

function within(name: "refine" | "exponent" | "momentum", isWhole = false): Schema<number> {
  return v.pipe(
    isWhole ? value<number>(Number.isInteger, "a whole number") : v.unknown(),
    v.check(
      (given) => typeof given === "number" && given >= 0 && given <= LARGEST[name],
      ({ input }) => shouldBe(input, `a number from 0 to ${LARGEST[name]}`),
    ),
    v.transform((given) => given as number),
  );
}

const tuningSchema: Schema<Tuning> = v.pipe(
  fields({
    start: value<TunedStart>(
      (given) => tunedStarts.some((start) => start === given),
      tunedStarts.join(" or "),
    ),
    sampler: value<SamplerName>(
      (given) => typeof given === "string" && isSamplerName(given),
      `one of ${samplerNames.join(", ")}`,
    ),
    refine: within("refine", true),
    exponent: within("exponent"),
    momentum: within("momentum"),
    objective: v.exactOptional(v.unknown()),
  }),
  v.transform(({ objective, ...tuning }) => (isObjective(objective) ? { ...tuning, objective } : tuning)),
);

/** Reads the config's `tunings`. */
export const tuningsSchema: Schema<Record<string, Tuning>> = record(tuningSchema);

/**
 * Checks that tunings have their levels.
 *
 * @param schedules the config's
 * @throws CheckpointError for a tuning without levels, and for levels that are no schedule
 */
export function checkTunedLevels(
  tunings: Readonly<Record<string, Tuning>>,
  schedules: Readonly<Record<string, readonly number[]>>,
  path: string,
): void {
  for (const name of Object.keys(tunings)) {
    if (!Object.hasOwn(schedules, name)) {
      throw new CheckpointError(path, `has 'tunings.${name}' without its levels in 'schedules.${name}'`);
    }
    try {
      scheduleFromLogSnrs({ name, source: path }, schedules[name]);
    } catch (error) {
      if (!(error instanceof VocodeError)) throw error;
      throw new CheckpointError(path, `has unusable levels in 'schedules.${name}': ${error.message}`);
    }
  }
}

function isObjective(value: unknown): value is { tuned: number; before: number } {
  const { tuned, before } = (value ?? {}) as Record<string, unknown>;
  return typeof tuned === "number" && typeof before === "number";
}
