// Tuned settings for any number of steps: those that are stored with a checkpoint, and between two of them their
// mixture. A schedule is taken as a curve λ(u), u = 0 at its noise end and 1 at its data end, so that schedules of
// different lengths can be mixed; numbers of steps lie apart by their ratio.
import type { CheckpointConfig } from "../checkpoint/config.js";
import type { TunedStart, Tuning } from "../checkpoint/tunings.js";
import type { SamplerName } from "../diffusion/samplers/plan-for.js";
import { type NoiseSchedule, scheduleFromLogSnrs } from "../diffusion/schedules/build-schedule.js";
import { scheduleByName } from "../diffusion/schedules/named-schedules.js";
import { InputError } from "../errors.js";
import { architectureOf } from "../models/registry.js";
import { checkRefinement, refinementFor, type RefinementOptions } from "../mel/consistency.js";
import { chosenStart, harmonicSchedule } from "./start.js";
import type { Mel } from "../mel/format.js";
import type { Seed } from "../diffusion/noise.js";
import { checkPitch, MOST_SHIFT, type PitchChoice } from "./given-pitch.js";

/** Everything that a tuning decides. */
export interface TunedSettings extends Omit<Tuning, "objective"> {
  readonly schedule: NoiseSchedule;
}

/** The part of a checkpoint's configuration that is read here. */
export type TunedConfig = Pick<CheckpointConfig, "schedules" | "tunings" | "defaultSteps">;

/** A schedule `tuned-N` was asked for, and the checkpoint's tunings do not reach N. */
export class NotTunedError extends InputError {
  constructor(name: string, known: readonly string[]) {
    const way = "'vocode tune' finds schedules and stores them with a checkpoint.";
    super(
      known.length === 0
        ? `There is no schedule '${name}': this checkpoint was not tuned. ${way}`
        : `There is no schedule '${name}': this checkpoint was tuned as ${known.join(", ")}, and other numbers of steps can lie between those only. ${way}`,
    );
  }
}

/** A level curve at evenly spaced places: [N] → [count], both ends kept. */
export function resampledLevels(logSnrs: ArrayLike<number>, count: number): Float64Array {
  const last = logSnrs.length - 1;
  return Float64Array.from({ length: count }, (_, i) => {
    const place = count > 1 ? (i * last) / (count - 1) : 0;
    const below = Math.min(Math.floor(place), Math.max(0, last - 1));
    const above = Math.min(below + 1, last);
    const share = place - below;
    // so, both ends are kept to the last bit
    return (1 - share) * logSnrs[below] + share * logSnrs[above];
  });
}

/**
 * The tuned settings for a number of steps, or undefined where none of the checkpoint's tunings has that number and
 * not one lies on each side of it: a curve that was found for 12 steps says little about 100.
 */
export function tunedSettings(
  { schedules, tunings = {} }: TunedConfig,
  wanted: { readonly steps: number; readonly start: TunedStart; readonly sampler: string },
): TunedSettings | undefined {
  const { steps, start, sampler } = wanted;
  const known = Object.entries(tunings)
    .filter(([, tuning]) => tuning.start === start && tuning.sampler === sampler)
    .map(([name, tuning]) => ({ name, tuning, levels: schedules[name] }))
    .sort((a, b) => a.levels.length - b.levels.length);
  const exact = known.find(({ levels }) => levels.length === steps);
  if (exact) return settingsOf(exact.name, exact.levels, exact.tuning, "tuned on clips with 'vocode tune'");
  const lower = known.findLast(({ levels }) => levels.length < steps);
  const upper = known.find(({ levels }) => levels.length > steps);
  if (!lower || !upper) return undefined;
  const [few, many] = [lower.levels.length, upper.levels.length];
  const share = Math.log(steps / few) / Math.log(many / few);
  const mixed = (below: number, above: number): number => below + share * (above - below);
  const aboves = resampledLevels(upper.levels, steps);
  const levels = resampledLevels(lower.levels, steps).map((below, i) => mixed(below, aboves[i]));
  const name = lower.name.replace(/\d+$/, String(steps));
  const tuning = {
    ...lower.tuning,
    refine: Math.round(mixed(lower.tuning.refine, upper.tuning.refine)),
    exponent: mixed(lower.tuning.exponent, upper.tuning.exponent),
    momentum: mixed(lower.tuning.momentum, upper.tuning.momentum),
  };
  return settingsOf(name, levels, tuning, `between ${lower.name} and ${upper.name}`);
}

/** Whether a schedule's name is that of a tuning. */
export function isTunedName(name: string): boolean {
  return /^tuned-(.+-)?\d+$/.test(name);
}

/**
 * The tuned settings of a schedule's name, such as "tuned-6" or "tuned-noise-12".
 *
 * @throws NotTunedError where the checkpoint has none of the kind, or N lies beyond them
 */
export function tunedByName(config: TunedConfig, name: string): TunedSettings {
  const { tunings = {} } = config;
  const steps = Number(/\d+$/.exec(name)?.[0]);
  const family = name.replace(/\d+$/, "");
  const member = Object.entries(tunings).find(([each]) => each.replace(/\d+$/, "") === family)?.[1];
  const found = member && tunedSettings(config, { steps, start: member.start, sampler: member.sampler });
  if (!found) throw new NotTunedError(name, Object.keys(tunings));
  return found;
}

/** What somebody asks for; the rest is tuned or else the default. */
export interface SettingsRequest extends PitchChoice {
  /** Without it the checkpoint's own default with its own start and sampler, else 6. */
  readonly steps?: number;
  readonly sampler?: SamplerName;
  readonly start?: TunedStart;
  /** λ₀ of a harmonic start, in place of the tuned levels. */
  readonly startLevel?: number;
  /** In place of the tuned or else the default one for `steps`. */
  readonly schedule?: string | NoiseSchedule;
  /** K. */
  readonly refine?: number;
  /** p of each correction. */
  readonly refineExponent?: number;
  /** Of the corrections. */
  readonly refineMomentum?: number;
}

/** What a process runs with. */
export interface ChosenSettings {
  readonly start: TunedStart;
  readonly sampler: SamplerName;
  readonly schedule: NoiseSchedule;
  readonly refinement: RefinementOptions;
}

/** K where neither somebody nor a tuning says another. */
export const DEFAULT_REFINE = 16;

/**
 * The start, sampler, levels and mel corrections for a request: what it names, else what was tuned, else the defaults.
 * Tuned exponents and momenta belong to the K that they were found with.
 *
 * @throws ScheduleError, NotTunedError for a name that is not known; StartError for a start that cannot be had;
 *   RefinementError for corrections that diverge
 */
export function chosenSettings(
  config: TunedConfig & { readonly denoiser: { readonly kind: string }; readonly excitation?: unknown },
  request: SettingsRequest,
): ChosenSettings {
  const { defaults } = architectureOf(config.denoiser.kind);
  const { startLevel, schedule: named } = request;
  const byName = typeof named === "string" && isTunedName(named) ? tunedByName(config, named) : undefined;
  const sampler = request.sampler ?? byName?.sampler ?? defaults.sampler;
  const start = chosenStart(config.excitation !== undefined, {
    ...{ start: request.start, startLevel, sampler, schedule: named },
    hasPitch: request.pitch !== undefined || request.pitchShift !== undefined,
    tunedFor: byName?.start,
  });
  const isTuned = named === undefined && startLevel === undefined;
  // the checkpoint's own number belongs to what it was tuned with, and not to another start or sampler
  const ownSteps = isTuned && request.steps === undefined ? config.defaultSteps : undefined;
  const own = ownSteps === undefined ? undefined : tunedSettings(config, { steps: ownSteps, start, sampler });
  const steps = request.steps ?? defaultSynthesis.steps;
  const tuned = own ?? (isTuned ? tunedSettings(config, { steps, start, sampler }) : byName);
  const plain = (): NoiseSchedule => {
    if (typeof named === "object") return named;
    if (named === undefined && start === "harmonic") return harmonicSchedule(steps, startLevel);
    return scheduleByName(named ?? defaults.schedule(sampler, steps));
  };
  const refine = request.refine ?? tuned?.refine ?? DEFAULT_REFINE;
  const usual = tuned && refine === tuned.refine ? tuned : refinementFor(refine);
  const refinement = checkRefinement({
    iterations: refine,
    exponent: request.refineExponent ?? usual.exponent,
    momentum: request.refineMomentum ?? usual.momentum,
  });
  return { start, sampler, schedule: tuned?.schedule ?? plain(), refinement };
}

function settingsOf(
  name: string,
  levels: ArrayLike<number>,
  { start, sampler, refine, exponent, momentum }: Tuning,
  source: string,
): TunedSettings {
  return {
    schedule: scheduleFromLogSnrs({ name, source }, levels),
    start,
    sampler,
    refine,
    exponent,
    momentum,
  };
}

// What a caller can choose of a synthesis, whole or as a stream, and what is used where nothing is said.

/**
 * How to synthesise. What is left out is as in `defaultSynthesis`. With a `pitch` or a `pitchShift` the start is harmonic.
 */
export interface SynthesisOptions extends PitchChoice {
  /** Denoiser calls of the default schedule; without it as many as the checkpoint says, or 6. */
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
  /** Is shown each step of the process as it is computed, piece by piece; what it is given is its own. */
  readonly onStep?: (view: StepView) => void;
}

/** A piece of what a step of the process works on, as a waveform. */
export interface StepView {
  /** From 0 on. */
  readonly step: number;
  /** λ of the signal that the step is given. */
  readonly logSnr: number;
  /** Whether it is the noisy signal that the step is given, or its estimate of the clean one. */
  readonly signal: "noisy" | "estimate";
  /** Where the piece begins. */
  readonly firstSample: number;
  readonly samples: Float32Array<ArrayBuffer>;
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

/**
 * What is used where an option is left out, and the checkpoint says nothing; sampler and schedule depend on the denoiser.
 */
export const defaultSynthesis = { steps: 6, seed: 1, refine: DEFAULT_REFINE } as const;

/** The least of the options that are whole numbers. */
const leastOf = { steps: 1, refine: 0, tile: 1, firstFrame: 0, expectedFrames: 0 } as const;

/** An option of a synthesis has a value that it cannot take. */
export class SynthesisOptionError extends InputError {
  constructor(
    readonly option: keyof StreamOptions,
    readonly value: unknown,
    allowed: string,
  ) {
    super(`The option '${option}' is ${String(value)}; it takes ${allowed}.`);
  }
}

/**
 * Refuses options that no type kept out: callers in plain JavaScript have none.
 *
 * @throws SynthesisOptionError
 */
export function checkSynthesisOptions(options: StreamOptions): void {
  for (const [name, least] of Object.entries(leastOf)) {
    const option = name as keyof typeof leastOf;
    const value: unknown = options[option];
    if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= least)) continue;
    throw new SynthesisOptionError(option, value, `a whole number from ${least} on`);
  }
  const { start, pitch, pitchShift } = options;
  if (pitch !== undefined) checkPitch(pitch);
  if (pitchShift !== undefined && !(Math.abs(pitchShift) <= MOST_SHIFT))
    throw new SynthesisOptionError("pitchShift", pitchShift, `cents from -${MOST_SHIFT} to ${MOST_SHIFT}`);
  if (start !== undefined && !["harmonic", "noise"].includes(start))
    throw new SynthesisOptionError("start", start, "'harmonic' or 'noise'");
}
