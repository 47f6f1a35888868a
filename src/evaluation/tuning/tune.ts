// The tuning of several numbers of steps one after the other, fewest first: what was found for one is a start for the
// next, beside the process's own default.
import type { NamedTuning } from "../../checkpoint/checkpoint.js";
import type { TunedStart } from "../../checkpoint/tunings.js";
import type { SamplerName } from "../../diffusion/samplers/plan-for.js";
import { PURE_NOISE_LOG_SNR, scheduleFromLogSnrs } from "../../diffusion/schedules/build-schedule.js";
import { type CurveLimits, objective } from "./level-search.js";
import {
  type ClipSet,
  type TunableSettings,
  type TunedSteps,
  type TuneProgress,
  tuneSteps,
  type TuningProcess,
} from "./tune-steps.js";
import { refine } from "../../synthesis/thread.js";
import type { Vocoder } from "../../vocoder.js";
import { type Clip, secondsOf } from "../clips.js";
import { measureClip } from "../metrics/clip-metrics.js";

// A loaded vocoder as something to tune: the same seed for every schedule (common random numbers), so that two
// schedules differ by themselves and not by their noise; another seed for the check at the end.

/** The metrics that the objective needs. */
const METRICS = ["mel", "mstft", "hnr1", "hnr2", "hnr3", "peak2", "peak3"] as const;

/** What is tuned with what. */
export interface ProcessOptions {
  readonly start: TunedStart;
  readonly sampler: SamplerName;
  /** Of the search; the check takes the next one. */
  readonly seed: number;
  readonly clips: Readonly<Record<ClipSet, readonly Clip[]>>;
}

/** The process of a vocoder. */
export function vocoderProcess(vocoder: Vocoder, options: ProcessOptions): TuningProcess {
  const { start, sampler, seed, clips } = options;
  const seeds: Record<ClipSet, number> = { pieces: seed, clips: seed + 1 };
  return {
    counts: { pieces: clips.pieces.length, clips: clips.clips.length },
    seconds: { pieces: secondsOf(clips.pieces), clips: secondsOf(clips.clips) },
    denoise: async (set, clip, logSnrs) => {
      const schedule = scheduleFromLogSnrs({ name: "candidate", source: "a search" }, logSnrs);
      const { samples } = await vocoder.synthesize(clips[set][clip].mel, {
        start,
        schedule,
        sampler,
        seed: seeds[set],
        refine: 0,
      });
      return samples;
    },
    judge: async (set, clip, denoised, refinement) => {
      const { samples, mel } = clips[set][clip];
      const refined = refinement.iterations > 0 ? await refine(denoised, mel, refinement) : denoised;
      const rate = mel.format.sampleRate;
      return objective(await measureClip(samples, refined, rate, { only: METRICS }), refinement.iterations);
    },
  };
}

/** How to tune. */
export interface TuneOptions {
  /** The numbers of steps. */
  readonly steps: readonly number[];
  /** What each of them begins from and may not fall behind. */
  readonly startOf: (steps: number) => TunableSettings;
  readonly limits: CurveLimits;
  readonly mostIterations: number;
  /** Seconds for all of them. */
  readonly budget: number;
  readonly seed: number;
  readonly onProgress?: (progress: TuneProgress) => void;
  /** Told of each that is done. */
  readonly onTuned?: (tuned: TunedSteps) => Promise<void>;
}

/** The levels where a curve may begin and end; white noise has to be told to be (nearly) pure noise. */
export function curveLimits(start: TunedStart, [lowest, highest]: readonly [number, number]): CurveLimits {
  const first =
    start === "noise"
      ? ([Math.min(lowest, PURE_NOISE_LOG_SNR), PURE_NOISE_LOG_SNR] as const)
      : ([Math.max(lowest, -6), 3] as const);
  return { first, last: [Math.min(1, highest), highest] };
}

/**
 * Tunes.
 *
 * @returns one result for each number of steps, fewest first
 */
export async function tune(process: TuningProcess, options: TuneOptions): Promise<TunedSteps[]> {
  const { steps: all, startOf, budget, onTuned, ...shared } = options;
  const ordered = [...new Set(all)].sort((a, b) => a - b);
  const begun = performance.now();
  const results: TunedSteps[] = [];
  for (const [index, steps] of ordered.entries()) {
    const spent = (performance.now() - begun) / 1000;
    const rest = ordered.slice(index).reduce((sum, each) => sum + shareOf(each), 0);
    const previous = results.at(-1);
    const result = await tuneSteps(process, {
      ...shared,
      steps,
      start: startOf(steps),
      ...(previous && { otherStart: previous.settings }),
      budget: Math.max(0, ((budget - spent) * shareOf(steps)) / rest),
    });
    results.push(result);
    await onTuned?.(result);
  }
  return results;
}

/** A trial takes as long as its steps and its metrics, and long schedules have less to gain: hence the root. */
function shareOf(steps: number): number {
  return Math.sqrt(steps + 4);
}

/** A result as a checkpoint stores it. */
export function namedTuning(
  name: string,
  { settings, objective }: TunedSteps,
  { start, sampler }: { readonly start: TunedStart; readonly sampler: SamplerName },
): NamedTuning {
  const { logSnrs, refinement } = settings;
  const { iterations: refine, exponent, momentum } = refinement;
  return {
    name,
    logSnrs: Array.from(logSnrs, (logSnr) => Math.round(logSnr * 1e4) / 1e4),
    tuning: { start, sampler, refine, exponent, momentum, objective },
  };
}
