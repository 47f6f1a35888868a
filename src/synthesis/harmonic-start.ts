// The harmonic start: z₀ = √ᾱ₀·h + √(1−ᾱ₀)·ε, h an excitation with the voice's pitch (models/excitation-signal), so
// that a short process need not find the pitch pulses by itself. It is shallow diffusion (Liu et al. 2022, DiffSinger):
// the reverse process begins at a middle level, from a simpler model's answer.
import { fillNormals, type Seed } from "../diffusion/noise.js";
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "../diffusion/levels.js";
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import { binVoicing, pulses } from "../models/excitation-signal.js";
import type { Reach } from "../models/reach.js";
import type { ExcitationSource } from "./excitation-source.js";
import { ExcitationTrack } from "./excitation-track.js";
import type { MelPart } from "./mel-correction.js";
import type { StartSignal } from "./start-signal.js";

/** Frames that the MDCT of the excitation and the pitch between frames reach to each side. */
const MIX_REACH = 2;
/** The noise signal of the seed that the excitation takes; the plan's own are 0 … 1000. */
const EXCITATION_NOISE = 2 ** 20;

/** What a harmonic start is made with. */
export interface HarmonicStartOptions {
  readonly format: MelFormat;
  readonly seed: Seed;
  /** λ₀ of the plan's first step. */
  readonly logSnr: number;
}

/** The start of one signal. */
export class HarmonicStart implements StartSignal {
  readonly reach: Reach;
  readonly #source: ExcitationSource;
  readonly #options: HarmonicStartOptions;
  readonly #track: ExcitationTrack;
  /** The frame that the next part begins with. */
  #next = 0;

  constructor(source: ExcitationSource, options: HarmonicStartOptions) {
    const { before, after } = source.reach;
    this.reach = { before: before + MIX_REACH, after: after + MIX_REACH };
    this.#source = source;
    this.#options = options;
    this.#track = new ExcitationTrack(options.format.hopLength, options.format.sampleRate);
  }

  async fill(target: Float32Array, firstSample: number, mel: MelPart): Promise<void> {
    const { format, seed, logSnr } = this.#options;
    const { hopLength, bands } = format;
    const first = this.#next;
    const end = first + target.length / hopLength;
    this.#next = end;
    const from = Math.max(0, first - MIX_REACH);
    const to = Math.min(end + MIX_REACH, mel.first + mel.values.length / bands);
    if (to > this.#track.end) {
      const said = await this.#source.read(mel.values);
      this.#track.append(said, this.#track.end - mel.first, to - mel.first);
    }
    const before = (first - from) * hopLength;
    const excitation = await this.#excitation(from, to, firstSample - before);
    this.#track.forget(end - MIX_REACH);
    fillNormals(target, { seed, step: 0, start: firstSample });
    const [signal, noise] = [sqrtAlphaBarFromLogSnr(logSnr), noiseScaleFromLogSnr(logSnr)];
    for (let n = 0; n < target.length; n++) target[n] = signal * excitation[before + n] + noise * target[n];
  }

  /** h of the frames from … to; what lies within the reach of the inner ends is not to be used. */
  async #excitation(from: number, to: number, firstSample: number): Promise<Float32Array> {
    const { format, seed } = this.#options;
    const { hopLength, sampleRate } = format;
    const { pitch, phases, voiced, bandVoicing } = this.#track.frames(from, to);
    const noise = new Float32Array((to - from) * hopLength);
    fillNormals(noise, { seed, step: EXCITATION_NOISE, start: firstSample });
    return this.#source.mix(
      pulses(pitch, phases, sampleRate, hopLength),
      noise,
      binVoicing(voiced, bandVoicing, hopLength, sampleRate),
      hopLength,
    );
  }
}
