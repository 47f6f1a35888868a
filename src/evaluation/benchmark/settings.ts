// What a benchmark compares: every combination of the values of a grid, each a setting with a key of its own.
import type { SamplerName } from "../../diffusion/samplers/plan-for.js";
import type { TunedStart } from "../../checkpoint/tunings.js";
import { InputError } from "../../errors.js";
import { addsNoise } from "../../synthesis/start-choice.js";
import type { EngineName } from "../../runtime/runtime.js";
import type { Precision } from "../../synthesis/precision.js";

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

/** A setting as one word, the same for the same setting in every run. */
export function settingKey(setting: BenchmarkSetting): string {
  const { engine, precision, start, sampler, schedule, steps, refine } = setting;
  return [engine, precision, start, sampler, schedule, steps, refine].join("/");
}
