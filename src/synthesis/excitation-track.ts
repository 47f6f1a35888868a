// What the excitation model said of the frames around a tile, as the frames come: the pitch held over gaps and its phase,
// and the voicing. What is said once stays, so that a signal's phase is the same however it is cut into tiles.
import { voicingBands, type Excitation } from "../models/excitation-model.js";
import { phaseBehind, UNHEARD_PITCH } from "../models/pulse-train.js";

const BANDS = voicingBands.length;

/** The source of a voice in some frames. */
export interface SourceFrames {
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
