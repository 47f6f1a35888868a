// A loaded vocoder as something to tune: the same seed for every schedule (common random numbers), so that two
// schedules differ by themselves and not by their noise; another seed for the check at the end.
import type { TunedStart } from "../../checkpoint/tunings.js";
import type { SamplerName } from "../../diffusion/samplers/plan-for.js";
import { scheduleFromLogSnrs } from "../../diffusion/schedules/build-schedule.js";
import { refine } from "../../synthesis/mel-consistency.js";
import type { Vocoder } from "../../vocoder.js";
import { type Clip, secondsOf } from "../clips.js";
import { measureClip } from "../metrics/clip-metrics.js";
import { objective } from "./objective.js";
import type { ClipSet, TuningProcess } from "./tune-steps.js";

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
