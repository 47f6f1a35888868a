// What a caller can choose of a synthesis, whole or as a stream, and what is used where nothing is said.
import type { Mel } from "../audio/mel-format/mel-format.js";
import type { TunedStart } from "../checkpoint/tunings.js";
import type { Seed } from "../diffusion/noise.js";
import type { NoiseSchedule } from "../diffusion/noise-schedule.js";
import type { SamplerName } from "../diffusion/samplers/plan-for.js";
import { DEFAULT_REFINE } from "./tuned-settings.js";

/** How to synthesise. What is left out is as in `defaultSynthesis`. */
export interface SynthesisOptions {
  /** Denoiser calls of the default schedule. */
  readonly steps?: number;
  /** Without it dpmpp-2m for a mask-net, and ddpm for a WaveGrad, over the published schedule of so many steps. */
  readonly sampler?: SamplerName;
  /** A schedule or the name of one, in place of the tuned or else the default one for `steps`. */
  readonly schedule?: string | NoiseSchedule;
  /**
   * What the process starts from: an excitation with the pitch of the mel, or white noise. Without it harmonic where the
   * checkpoint has an excitation model, the sampler adds no noise and no schedule is given, else noise. With a schedule
   * of one's own and "harmonic" the first level is the start's.
   */
  readonly start?: TunedStart;
  /** λ₀ of a harmonic start, in place of what was tuned; 0 without it. */
  readonly startLevel?: number;
  readonly seed?: Seed;
  /** K, mel corrections of the waveform after the last step; without it what was tuned with the schedule, or 16. */
  readonly refine?: number;
  /** p: the gain of each correction is raised to it; as `usualRefinement` says, or as tuned. */
  readonly refineExponent?: number;
  /** Share of the last change that each correction goes beyond; as `usualRefinement` says, or as tuned. */
  readonly refineMomentum?: number;
  /** Mel frames that are computed at once, about; more take more memory, and fewer more time. The result is the same. */
  readonly tile?: number;
  /**
   * Where a mel that was cut out of a longer one begins in it: its noise is then the noise of that place. So are the pulses
   * of a harmonic start if the longer mel is given too, and begin with the piece if not.
   */
  readonly firstFrame?: number;
  /**
   * The longer mel, whole: the phase of a pulse depends on the pitch of all that was before it. The pitch is then read off
   * this mel; nothing else is.
   */
  readonly within?: Mel;
  /** Ends the synthesis with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called as the work goes on, which is counted in frames; a stream does not know its total, and says 0. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** How to synthesise a stream. */
export interface StreamOptions extends SynthesisOptions {
  /**
   * Waits with each tile for the frames behind it: then the end is known with the last tile, which is faster where frames
   * do not make one wait, as from a file.
   */
  readonly patient?: boolean;
  /** How many frames are expected, for `onProgress`. */
  readonly expectedFrames?: number;
}

/** What is used where an option is left out; sampler and schedule depend on the denoiser. */
export const defaultSynthesis = { steps: 6, seed: 1, refine: DEFAULT_REFINE } as const;
