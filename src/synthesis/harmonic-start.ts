// The harmonic start: z₀ = √ᾱ₀·h + √(1−ᾱ₀)·ε, h an excitation with the voice's pitch (models/excitation-signal), so
// that a short process need not find the pitch pulses by itself. It is shallow diffusion (Liu et al. 2022, DiffSinger):
// the reverse process begins at a middle level, from a simpler model's answer.
import { fillNormals, type Seed } from "../diffusion/noise.js";
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "../diffusion/levels.js";
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import { InputError } from "../errors.js";
import { pulses } from "../models/pulse-train.js";
import type { Reach } from "../models/reach.js";
import type { ExcitationSource } from "./excitation-source.js";
import { ExcitationTrack } from "./excitation-track.js";
import { alignedFrame, FRAME_ALIGNMENT } from "./frame-alignment.js";
import type { MelPart } from "./mel-correction.js";
import type { StartSignal } from "./start-signal.js";

/** Frames that the MDCT of the excitation and its closed ends reach to each side. */
const MIX_REACH = 2;
/** The noise signal of the seed that the excitation takes; the plan's own are 0 … 1000. */
export const EXCITATION_NOISE = 2 ** 20;
/** Frames that the model reads at once of a longer mel. */
const TILE = 1024;

/** A mel out of which another was cut. */
export interface LongerMel {
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
    const { before, after } = source.reach;
    // what the model says of a longer mel is read off that one
    this.reach = within ? { before: 0, after: 0 } : { before: before + MIX_REACH, after: after + MIX_REACH };
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
  async #read({ values, first }: MelPart, end: number): Promise<number> {
    const known = Math.min(end, first + values.length / this.#options.format.bands);
    if (known > this.#track.end) {
      const said = await this.#source.read(values);
      this.#track.append(said, this.#track.end - first, known - first);
    }
    return known;
  }

  /** Reads all of a longer mel, once. @throws PieceError where a piece up to `end` does not lie in it */
  async #readLonger({ values }: LongerMel, end: number): Promise<number> {
    const { bands } = this.#options.format;
    const { before, after } = this.#source.reach;
    const frames = values.length / bands;
    if (end > frames) throw new PieceError(end, frames);
    while (this.#track.end < frames) {
      const from = alignedFrame(this.#track.end - after);
      const to = Math.min(frames, this.#track.end + TILE);
      const seen = values.subarray(from * bands, Math.min(frames, to + before) * bands);
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
