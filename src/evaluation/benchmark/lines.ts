// What a benchmark compares and measures, and the lines of its results: one for what is measured, then one for each
// measurement.
import * as v from "valibot";
import { InputError } from "../../errors.js";
import {
  choice,
  fields,
  figure,
  number,
  object,
  parseFields,
  parseJson,
  PLACE,
  type Refusal,
  type Schema,
  text,
  value,
} from "../../formats/json-fields.js";
import { type MetricName, metricNames } from "../metrics/clip-metrics.js";
import { type SamplerName, samplerNames } from "../../diffusion/samplers/plan-for.js";
import { type TunedStart, tunedStarts } from "../../checkpoint/tunings.js";
import type { SynthesisOptions } from "../../synthesis/settings.js";
import { addsNoise } from "../../synthesis/start.js";
import { type EngineName, engineNames, type Precision, precisionNames } from "../../engine/engine.js";

// What a benchmark compares: every combination of the values of a grid, each a setting with a key of its own.

/** One way to synthesise. */
export interface BenchmarkSetting {
  readonly engine: EngineName | "auto";
  readonly precision: Precision;
  readonly start: TunedStart;
  readonly sampler: SamplerName;
  /** "default" is what synthesis takes where nothing is said; -N at the end of a name stands for the steps. */
  readonly schedule: string;
  readonly steps: number;
  /** K, or what synthesis takes where nothing is said. */
  readonly refine: number | "default";
}

/** The values that are combined. */
export type BenchmarkGrid = { readonly [Name in keyof BenchmarkSetting]: readonly BenchmarkSetting[Name][] };

/** A grid of which nothing can be run. */
export class EmptyGridError extends InputError {
  constructor() {
    super("These values leave nothing to compare: no combination of them is possible.");
  }
}

/**
 * The settings of a grid, the number of steps changing fastest. A schedule with a number of its own takes part for that
 * number of steps only, and a harmonic start with samplers that add no noise and levels of its own.
 *
 * @throws EmptyGridError
 */
export function settingsOf(grid: BenchmarkGrid): BenchmarkSetting[] {
  const settings = grid.engine.flatMap((engine) =>
    grid.precision.flatMap((precision) =>
      grid.start.flatMap((start) =>
        grid.sampler.flatMap((sampler) =>
          grid.schedule.flatMap((schedule) =>
            grid.refine.flatMap((refine) =>
              grid.steps.map((steps) => ({ engine, precision, start, sampler, schedule, steps, refine })),
            ),
          ),
        ),
      ),
    ),
  );
  const possible = settings.filter(({ start, sampler, schedule, steps }) => {
    if (start === "harmonic" && (addsNoise(sampler) || schedule !== "default")) return false;
    const own = /-(\d+)$/.exec(schedule);
    return own === null || Number(own[1]) === steps;
  });
  if (possible.length === 0) throw new EmptyGridError();
  return possible;
}

/** The schedule's name for a setting's steps; undefined for the default one. */
export function scheduleName({ schedule, steps }: BenchmarkSetting): string | undefined {
  return schedule === "default" ? undefined : schedule.replace(/-N$/, `-${steps}`);
}

/** What a setting asks of a synthesis. */
export function requestOf(
  setting: BenchmarkSetting,
): Pick<SynthesisOptions, "start" | "sampler" | "schedule" | "refine"> & { readonly steps: number } {
  const { start, steps, sampler, refine } = setting;
  const schedule = scheduleName(setting);
  return {
    start,
    steps,
    sampler,
    ...(refine !== "default" && { refine }),
    ...(schedule !== undefined && { schedule }),
  };
}

/** A setting as one word, the same for the same setting in every run. */
export function settingKey(setting: BenchmarkSetting): string {
  const { engine, precision, start, sampler, schedule, steps, refine } = setting;
  return [engine, precision, start, sampler, schedule, steps, refine].join("/");
}

/** What figures depend on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly platform: string;
  readonly architecture: string;
  readonly versions: { readonly vocode: string; readonly node: string; readonly v8: string };
}

/** What is measured, on what: measurements under different heads do not belong together. */
export interface BenchmarkHead {
  readonly kind: "benchmark";
  /** Of the checkpoint's files. */
  readonly checkpoint: { readonly name: string; readonly sha256: string };
  readonly clips: { readonly names: readonly string[]; readonly seconds: number; readonly sha256: string };
  /** Seconds of audio that speed is measured on. */
  readonly timedSeconds: number;
  readonly threads: number | null;
  readonly seed: number;
  readonly machine: Machine;
}

/** How a setting was carried out, as the synthesis reports it. */
export interface CarriedOut {
  readonly schedule: string;
  readonly steps: number;
  readonly refine: number;
  readonly engine: string;
  readonly device: string;
}

/** The quality of a setting: means over the clips. */
export interface QualityLine extends CarriedOut {
  readonly kind: "quality";
  readonly setting: BenchmarkSetting;
  readonly metrics: Readonly<Partial<Record<MetricName, number>>>;
}

/** One timed synthesis. */
export interface SpeedLine {
  readonly kind: "speed";
  readonly setting: BenchmarkSetting;
  readonly round: number;
  readonly realTimeFactor: number;
  /** From the start of a stream, its whole mel at hand, to its first samples. */
  readonly firstSoundSeconds?: number;
  /** The share of the machine that others took meanwhile. */
  readonly others: number;
}

/** The peak memory of a process that does nothing else. */
export interface MemoryLine {
  readonly kind: "memory";
  readonly setting: BenchmarkSetting;
  readonly peakMegabytes: number;
}

/** One measurement. */
export type BenchmarkLine = QualityLine | SpeedLine | MemoryLine;

const settingSchema: Schema<BenchmarkSetting> = fields({
  engine: choice(["auto", ...engineNames]),
  precision: choice(precisionNames),
  start: choice(tunedStarts),
  sampler: choice(samplerNames),
  schedule: text(),
  steps: number(),
  refine: value<number | "default">(
    (given) => given === "default" || Number.isFinite(given),
    'a number or "default"',
  ),
});

const lineSchemas: { readonly [Kind in BenchmarkLine["kind"]]: Schema<BenchmarkLine & { kind: Kind }> } = {
  quality: fields({
    kind: v.literal("quality"),
    setting: settingSchema,
    schedule: text(),
    steps: number(),
    refine: number(),
    engine: text(),
    device: text(),
    metrics: v.pipe(object(), v.record(v.picklist(metricNames, `has the unknown metric ${PLACE}`), figure())),
  }),
  speed: fields({
    kind: v.literal("speed"),
    setting: settingSchema,
    round: number(),
    realTimeFactor: number(),
    firstSoundSeconds: v.exactOptional(number()),
    others: figure(),
  }),
  memory: fields({ kind: v.literal("memory"), setting: settingSchema, peakMegabytes: number() }),
};
/** The rest of a head is not read, but compared. */
export const headSchema = v.looseObject({ kind: v.literal("benchmark") });
const kindSchema = fields({ kind: choice(Object.keys(lineSchemas) as BenchmarkLine["kind"][]) });

/** Reads a line of a results file. @throws what `refusal` makes of its fault */
export function parseLine(line: string, refusal: Refusal): BenchmarkLine {
  const json = parseJson(line, refusal);
  const { kind } = parseFields(kindSchema, json, "it", refusal);
  return parseFields<BenchmarkLine>(lineSchemas[kind], json, "it", refusal);
}
