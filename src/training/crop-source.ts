// Where training takes its crops from. A corpus on disk is one; tests make others.
import type { MelFormat } from "../audio/mel-format/mel-format.js";

/** One recording, or a copy of it at another speed. */
export interface Utterance {
  readonly name: string;
  readonly speed: number;
  /** Kept back from training, to measure it. */
  readonly heldOut: boolean;
  /** Whole mel frames. */
  readonly frames: number;
}

/** Recordings and their mels, read piece by piece. */
export interface CropSource {
  readonly format: MelFormat;
  readonly utterances: readonly Utterance[];
  /** Samples first … first+count into `target` from index `at` on, zeros outside the recording. */
  readSamples(utterance: Utterance, first: number, count: number, target: Float32Array, at: number): void;
  /** Natural-log mel frames first … first+count, ln(floor) outside the recording. */
  readMel(utterance: Utterance, first: number, count: number, target: Float32Array, at: number): void;
}

/** Tells the pitch of recordings. */
export interface PitchSource {
  /** Frames first … first+count, six values each: Hz, 0 where there is no voice, then the voicing of five bands. */
  readPitch(utterance: Utterance, first: number, count: number, target: Float32Array, at: number): void;
}
