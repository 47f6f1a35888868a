// A pitch that somebody has, in place of the one that the excitation model reads off the mel, and either of them shifted.
// The voicing of the bands is the model's all the same: a pitch track says nothing of it. Tracks are Hz a frame, [frames].
import { InputError } from "../errors.js";
import type { Excitation } from "../models/excitation/shape.js";

/** What is said of a harmonic start's pitch. */
export interface PitchChoice {
  /**
   * Hz of each mel frame, 0 or NaN where there is no voice, in place of the pitch that is read off the mel. [frames], of the
   * longer mel where there is one (`within`).
   */
  readonly pitch?: ArrayLike<number>;
  /** Cents that the pitch is raised by, whether given or read: 100 are a semitone, and −1200 an octave down. */
  readonly pitchShift?: number;
}

/** Which pitches a track may have, in Hz; smaller numbers are logarithms, notes or periods most likely. */
const pitchRange = [20, 4000] as const;
/** How far a pitch can be shifted, in cents. */
export const MOST_SHIFT = 2400;

/** A pitch track holds what is no pitch in Hz. */
export class PitchValueError extends InputError {
  constructor(
    readonly frame: number,
    readonly value: unknown,
  ) {
    const [lowest, highest] = pitchRange;
    super(
      `The pitch of frame ${frame} is ${String(value)}. It has to be Hz from ${lowest} to ${highest}, or 0 or NaN where there ` +
        "is no voice: turn logarithms, notes and periods into Hz first.",
    );
  }
}

/** A pitch track and the mel have different numbers of frames. */
export class PitchFramesError extends InputError {
  constructor(
    readonly given: number,
    readonly frames: number,
    /** Whether the mel may go on after them. */
    isOpen = false,
  ) {
    super(
      `The pitch has ${given} ${given === 1 ? "value" : "values"} and the mel ${isOpen ? "at least " : ""}${frames} ` +
        `${frames === 1 ? "frame" : "frames"}. It takes one value a frame of the voice's mel, one more or less at the end at ` +
        "most: resample the track to the mel's hop.",
    );
  }
}

/**
 * Refuses what is no pitch track.
 *
 * @throws PitchValueError, InputError for what is no array of numbers
 */
export function checkPitch(pitch: unknown): asserts pitch is ArrayLike<number> {
  const isArray = Array.isArray(pitch) || (ArrayBuffer.isView(pitch) && !(pitch instanceof DataView));
  if (!isArray)
    throw new InputError(
      "The pitch is an array with the Hz of each mel frame, 0 or NaN where there is no voice.",
    );
  const values = pitch as ArrayLike<unknown>;
  const [lowest, highest] = pitchRange;
  for (let frame = 0; frame < values.length; frame++) {
    const value = values[frame];
    if (typeof value !== "number") throw new PitchValueError(frame, value);
    if (value === 0 || Number.isNaN(value) || (value >= lowest && value <= highest)) continue;
    throw new PitchValueError(frame, value);
  }
}

/**
 * Refuses a pitch that is not one of the mel's. Programs differ by a frame at the end, as recordings are padded or not.
 *
 * @param frames of the mel, as far as it is known
 * @param isOpen whether it may go on after them
 * @throws PitchFramesError
 */
export function requirePitchFrames(pitch: ArrayLike<number>, frames: number, isOpen = false): void {
  const surplus = pitch.length - frames;
  if (pitch.length > 0 && surplus >= -1 && (isOpen || surplus <= 1)) return;
  throw new PitchFramesError(pitch.length, frames, isOpen);
}

/**
 * What the model said of some frames, with the pitch and the voice that somebody else says.
 *
 * @param firstFrame of them, in the track
 */
export function withPitch(
  said: Excitation,
  firstFrame: number,
  { pitch, pitchShift = 0 }: PitchChoice,
): Excitation {
  const factor = 2 ** (pitchShift / 1200);
  if (!pitch) return { ...said, pitch: said.pitch.map((hertz) => hertz * factor) };
  const hertzOf = (index: number): number => pitch[Math.min(firstFrame + index, pitch.length - 1)];
  return {
    pitch: said.pitch.map((read, index) => (hertzOf(index) > 0 ? hertzOf(index) : read) * factor),
    voiced: said.voiced.map((_, index) => (hertzOf(index) > 0 ? 1 : 0)),
    bandVoicing: said.bandVoicing,
  };
}
