// The harmonic start: z₀ = √ᾱ₀·h + √(1−ᾱ₀)·ε, h an excitation with the voice's pitch (models/excitation/graph.ts), so
// that a short process need not find the pitch pulses by itself. It is shallow diffusion (Liu et al. 2022, DiffSinger):
// the reverse process begins at a middle level, from a simpler model's answer.
import { fillNormals, type Seed } from "../diffusion/noise.js";
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "../diffusion/levels.js";
import type { MelFormat } from "../mel/format.js";
import { InputError } from "../errors.js";
import { phaseBehind, pulses, UNHEARD_PITCH } from "../models/excitation/pulse-train.js";
import type { Reach } from "../mel/frames.js";
import type { ExcitationSource } from "./excitation.js";
import { alignedFrame, FRAME_ALIGNMENT, noReach } from "./wavefront.js";
import type { MelPart } from "../mel/consistency.js";
import { type Excitation, voicingBands } from "../models/excitation/shape.js";
import type { TunedStart } from "../checkpoint/tunings.js";
import { type NoiseSchedule, scheduleFromLogSnrs } from "../diffusion/schedules/build-schedule.js";
import type { SamplerName } from "../diffusion/samplers/plan-for.js";
import { uniformLogSnrs } from "../diffusion/schedules/named-schedules.js";
import { type PitchChoice, requirePitchFrames, withPitch } from "./given-pitch.js";

// Which start a process takes: the harmonic one wherever a checkpoint and a process can have it, and white noise, the
// published start, elsewhere or where it is asked for.

/** λ₀ of a harmonic start where nobody says another: as much signal as noise. */
const DEFAULT_START_LEVEL = 0;
/** Where λ₀ may lie: below there is nothing left of the start, and above little to do. */
const startLevelRange = [-8, 5] as const;
/** λ of the last step. */
const LAST_LEVEL = 6;

/** A start was asked for that does not go with the rest of what was asked for. */
export class StartError extends InputError {
  constructor(
    message: string,
    readonly start: TunedStart,
  ) {
    super(message);
  }
}

/** What decides on a start. */
interface StartRequest {
  readonly start?: TunedStart | undefined;
  /** λ₀, of a harmonic start. */
  readonly startLevel?: number | undefined;
  /** Whether something is said of the pitch, which only a harmonic start has. */
  readonly hasPitch?: boolean;
  readonly sampler: SamplerName;
  readonly schedule?: string | NoiseSchedule | undefined;
  /** The start that the schedule was tuned for, if it was. */
  readonly tunedFor?: TunedStart | undefined;
}

/**
 * The start for a request.
 *
 * @param hasModel whether the checkpoint has an excitation model, and so a spectral prior
 * @throws StartError for a start, or a start level, that cannot be had
 */
export function chosenStart(hasModel: boolean, request: StartRequest): TunedStart {
  const { startLevel, schedule, tunedFor, hasPitch = false } = request;
  if (startLevel !== undefined) checkStartLevel(startLevel, request);
  if (hasPitch && request.start === "noise")
    throw new StartError(
      "A pitch, or a shift of it, is that of a harmonic start, and noise is asked for. Leave one of them out.",
      "noise",
    );
  const asked = request.start ?? (startLevel === undefined && !hasPitch ? tunedFor : "harmonic");
  if (asked === "noise") return "noise";
  const obstacle = harmonicObstacle(hasModel, request);
  if (obstacle !== undefined) {
    if (asked === "harmonic") throw new StartError(obstacle, "harmonic");
    return "noise";
  }
  // levels of one's own say nothing of the start
  return asked ?? (schedule === undefined ? "harmonic" : "noise");
}

function checkStartLevel(startLevel: number, { start, schedule }: StartRequest): void {
  const [lowest, highest] = startLevelRange;
  if (!(startLevel >= lowest && startLevel <= highest)) {
    throw new StartError(
      `The start level λ is ${startLevel}; it lies from ${lowest} to ${highest}, and ${DEFAULT_START_LEVEL} is usual.`,
      "harmonic",
    );
  }
  if (start === "noise") {
    throw new StartError(
      "The start level is that of a harmonic start, and noise is asked for. Leave one of them out.",
      "noise",
    );
  }
  if (schedule !== undefined) {
    throw new StartError(
      "A schedule has its own first level, and a start level is asked for too. Leave one of them out.",
      "harmonic",
    );
  }
}

/** Why a process cannot start harmonically, with the way out; undefined where it can. */
function harmonicObstacle(
  hasModel: boolean,
  { sampler, schedule, tunedFor }: StartRequest,
): string | undefined {
  if (!hasModel) {
    return (
      "This checkpoint has no excitation model, which a harmonic start reads the pitch with. Start from noise, or train " +
      "one with 'vocode train --excitation-steps 1000'."
    );
  }
  if (addsNoise(sampler)) {
    return (
      `${sampler} adds noise in its steps, in which a harmonic start is lost. Take dpmpp-2m, ddim, euler or heun, or ` +
      "start from noise."
    );
  }
  if (typeof schedule === "string" && tunedFor !== "harmonic") {
    return (
      `The schedule '${schedule}' begins at noise, not at a harmonic start. Say the number of steps and the start level ` +
      "in its place, or start from noise."
    );
  }
  return undefined;
}

/** Whether a sampler adds noise in its steps, in which a harmonic start is lost. */
export function addsNoise(sampler: SamplerName): boolean {
  return sampler === "ddpm" || sampler === "langevin";
}

/**
 * The levels of a process with a harmonic start, uniform in λ.
 *
 * @param steps N
 * @param startLevel λ₀
 */
export function harmonicSchedule(steps: number, startLevel = DEFAULT_START_LEVEL): NoiseSchedule {
  const source = `${steps} levels uniform in log-SNR from the start level ${startLevel} to ${LAST_LEVEL}`;
  return scheduleFromLogSnrs(
    { name: `shallow-${steps}`, source },
    uniformLogSnrs(startLevel, LAST_LEVEL, steps),
  );
}

// What the excitation model said of the frames around a tile, as the frames come: the pitch held over gaps and its phase,
// and the voicing. What is said once stays, so that a signal's phase is the same however it is cut into tiles.

const BANDS = voicingBands.length;

/** The source of a voice in some frames. */
interface SourceFrames {
  /** Hz, held where there is no voice. [frames] */
  readonly pitch: Float64Array;
  /** In cycles, at each frame's first sample. [frames] */
  readonly phases: Float64Array;
  /** Probability of a voice. [frames] */
  readonly voiced: Float32Array;
  /** [frames, 5] */
  readonly bandVoicing: Float32Array;
}

/** The source of a voice, frame by frame; only a band of frames is held. */
export class ExcitationTrack {
  readonly #hop: number;
  readonly #sampleRate: number;
  #first = 0;
  #heard = false;
  #pitch: number[] = [];
  #phases: number[] = [];
  #voiced: number[] = [];
  #bandVoicing: number[] = [];

  constructor(hop: number, sampleRate: number) {
    this.#hop = hop;
    this.#sampleRate = sampleRate;
  }

  /** The frame behind the last that is known. */
  get end(): number {
    return this.#first + this.#pitch.length;
  }

  /** Takes the next frames: those from … to of what the model said of some. */
  append({ pitch, voiced, bandVoicing }: Excitation, from: number, to: number): void {
    for (let frame = from; frame < to; frame++) {
      const isVoiced = voiced[frame] > 0.5;
      if (isVoiced && !this.#heard) this.#begin(pitch[frame]);
      this.#push(isVoiced ? pitch[frame] : (this.#pitch.at(-1) ?? UNHEARD_PITCH));
      this.#voiced.push(voiced[frame]);
      this.#bandVoicing.push(...bandVoicing.subarray(frame * BANDS, (frame + 1) * BANDS));
    }
  }

  /** The frames from … to. */
  frames(from: number, to: number): SourceFrames {
    const [begin, end] = [from - this.#first, to - this.#first];
    return {
      pitch: Float64Array.from(this.#pitch.slice(begin, end)),
      phases: Float64Array.from(this.#phases.slice(begin, end)),
      voiced: Float32Array.from(this.#voiced.slice(begin, end)),
      bandVoicing: Float32Array.from(this.#bandVoicing.slice(begin * BANDS, end * BANDS)),
    };
  }

  /** Lets go of the frames before one; the next frame's phase needs the last two. */
  forget(before: number): void {
    const count = Math.max(0, Math.min(before - this.#first, this.#pitch.length - 2));
    this.#first += count;
    this.#pitch.splice(0, count);
    this.#phases.splice(0, count);
    this.#voiced.splice(0, count);
    this.#bandVoicing.splice(0, count * BANDS);
  }

  /** The first voiced frame's pitch counts from the signal's beginning on, however long ago that is. */
  #begin(hertz: number): void {
    this.#heard = true;
    this.#pitch.fill(hertz);
    this.#phases = this.#phases.map((_, index) => this.#steadyPhase(hertz, this.#first + index));
  }

  #push(hertz: number): void {
    const last = this.#pitch.length - 1;
    this.#pitch.push(hertz);
    this.#phases.push(
      last < 0
        ? this.#steadyPhase(hertz, this.#first)
        : phaseBehind(this.#phases[last], this.#pitch, last, this.#hop, this.#sampleRate),
    );
  }

  #steadyPhase(hertz: number, frame: number): number {
    return ((frame * this.#hop * hertz) / this.#sampleRate) % 1;
  }
}

// What a reverse process starts from: z₀, the diffused signal at the plan's first level, made part by part as the mel
// comes. White noise is one such start.

/** A start; one serves one signal, whose parts are asked for in order and without gaps. */
export interface StartSignal {
  /** Of mel frames into z₀. */
  readonly reach: Reach;
  /**
   * Fills a part of z₀.
   *
   * @param target [samples], whole mel frames
   * @param firstSample of the target, where its noise is taken from
   * @param mel the frames of the part, and around them what the start sees
   */
  fill(target: Float32Array, firstSample: number, mel: MelPart): Promise<void> | void;
}

/** White noise of a seed. */
export function noiseStart(seed: Seed): StartSignal {
  return {
    reach: noReach,
    fill: (target, firstSample) => {
      fillNormals(target, { seed, step: 0, start: firstSample });
    },
  };
}

/** Frames that the MDCT of the excitation and its closed ends reach to each side. */
const MIX_REACH = 2;
/** The noise signal of the seed that the excitation takes; the plan's own are 0 … 1000. */
export const EXCITATION_NOISE = 2 ** 20;
/** Frames that the model reads at once of a longer mel. */
const TILE = 1024;

/** A mel out of which another was cut. */
interface LongerMel {
  /** Natural-log mel [frames, bands]. */
  readonly values: Float32Array;
  /** Where in it the other begins. */
  readonly firstFrame: number;
}

/** What a harmonic start is made with. */
export interface HarmonicStartOptions {
  readonly format: MelFormat;
  readonly seed: Seed;
  /** λ₀ of the plan's first step. */
  readonly logSnr: number;
  /** The mel that this one is a piece of: the pulses are then those of that place in it. */
  readonly within?: LongerMel;
  /** Without it the pitch is that of the mel. */
  readonly choice?: PitchChoice;
}

/** A piece does not lie within the mel that it is said to be cut out of. */
export class PieceError extends InputError {
  constructor(
    readonly end: number,
    readonly frames: number,
  ) {
    super(
      `The piece ends at frame ${end} of the mel that it lies within, and that one has ${frames} frames. Give the whole ` +
        "mel that the piece was cut out of, and the frame where it begins.",
    );
  }
}

/** The start of one signal. */
export class HarmonicStart implements StartSignal {
  readonly reach: Reach;
  readonly #source: ExcitationSource;
  readonly #options: HarmonicStartOptions;
  readonly #track: ExcitationTrack;
  /** The frame of the track that the next part begins with. */
  #next: number;

  constructor(source: ExcitationSource, options: HarmonicStartOptions) {
    const { format, within } = options;
    const { framesBefore, framesAfter } = source.reach;
    // what the model says of a longer mel is read off that one
    this.reach = within
      ? noReach
      : { framesBefore: framesBefore + MIX_REACH, framesAfter: framesAfter + MIX_REACH };
    this.#source = source;
    this.#options = options;
    this.#track = new ExcitationTrack(format.hopLength, format.sampleRate);
    this.#next = within?.firstFrame ?? 0;
  }

  async fill(target: Float32Array, firstSample: number, mel: MelPart): Promise<void> {
    const { format, seed, logSnr, within } = this.#options;
    const { hopLength } = format;
    const first = this.#next;
    const end = first + target.length / hopLength;
    this.#next = end;
    const known = within ? await this.#readLonger(within, end) : await this.#read(mel, end + MIX_REACH);
    const from = alignedFrame(first - MIX_REACH);
    const to = Math.min(end + MIX_REACH, known);
    const before = (first - from) * hopLength;
    const excitation = await this.#excitation(from, to, firstSample - before);
    this.#track.forget(end - MIX_REACH - FRAME_ALIGNMENT);
    fillNormals(target, { seed, step: 0, start: firstSample });
    const [signal, noise] = [sqrtAlphaBarFromLogSnr(logSnr), noiseScaleFromLogSnr(logSnr)];
    for (let n = 0; n < target.length; n++) target[n] = signal * excitation[before + n] + noise * target[n];
  }

  /** Reads the frames up to one off the mel. @returns the frame behind the last that is known of */
  async #read({ values, first, total }: MelPart, end: number): Promise<number> {
    const { format, choice } = this.#options;
    const known = Math.min(end, first + values.length / format.bands);
    if (choice?.pitch) requirePitchFrames(choice.pitch, Math.min(total, known), known < total);
    if (known > this.#track.end) {
      const read = await this.#source.read(values);
      const said = choice ? withPitch(read, first, choice) : read;
      this.#track.append(said, this.#track.end - first, known - first);
    }
    return known;
  }

  /** Reads all of a longer mel, once. @throws PieceError where a piece up to `end` does not lie in it */
  async #readLonger({ values }: LongerMel, end: number): Promise<number> {
    const { bands } = this.#options.format;
    const { framesBefore, framesAfter } = this.#source.reach;
    const frames = values.length / bands;
    if (end > frames) throw new PieceError(end, frames);
    while (this.#track.end < frames) {
      const from = alignedFrame(this.#track.end - framesBefore);
      const to = Math.min(frames, this.#track.end + TILE);
      const seen = values.subarray(from * bands, Math.min(frames, to + framesAfter) * bands);
      await this.#read({ values: seen, first: from, total: frames }, to);
    }
    return frames;
  }

  /** h of the frames from … to; what lies within the reach of the inner ends is not to be used. */
  async #excitation(from: number, to: number, firstSample: number): Promise<Float32Array> {
    const { format, seed } = this.#options;
    const { hopLength, sampleRate } = format;
    // the pitch within a frame depends on the one before it
    const glided = Math.max(0, from - 1);
    const { pitch, phases } = this.#track.frames(glided, to);
    const { voiced, bandVoicing } = this.#track.frames(from, to);
    const noise = new Float32Array((to - from) * hopLength);
    fillNormals(noise, { seed, step: EXCITATION_NOISE, start: firstSample });
    const signal = pulses(pitch, phases, sampleRate, hopLength, from - glided);
    return this.#source.mix(signal, noise, voiced, bandVoicing);
  }
}
