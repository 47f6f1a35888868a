// What a SplitDenoiser and its threads say to each other: commands in a word of shared memory, a part's values in more of
// it. A thread sleeps on the word, which takes microseconds where a message takes a tenth of a millisecond.
import type { MaskNetCheckpoint } from "../checkpoint/checkpoint.js";
import type { Precision } from "./precision.js";

/** Values of the control word. A thread that is starting has not set it to idle yet. */
export const commands = { starting: 0, idle: 1, memory: 2, noise: 3, failed: 4 } as const;

/** What a thread opens. */
export interface DenoiserThreadTask {
  readonly checkpoint: MaskNetCheckpoint;
  readonly precision: Precision;
  readonly cacheFolder: string | undefined;
  /** The command, one of `commands`, and the part's frames. */
  readonly control: Int32Array;
}

/** A part's values, with room for as many frames as the longest part had. */
export interface PartMemory {
  readonly z: Float32Array;
  readonly mel: Float32Array;
  readonly sigma: Float32Array;
  readonly encoded: Float32Array;
  /** [1] */
  readonly logSnr: Float64Array;
  /** The predicted noise. */
  readonly noise: Float32Array;
}

/** Values a frame. */
export interface PartWidths {
  readonly hop: number;
  readonly bands: number;
  readonly channels: number;
}

/** Memory for a part of so many frames. */
export function sharedPart(frames: number, { hop, bands, channels }: PartWidths): PartMemory {
  const floats = (columns: number): Float32Array =>
    new Float32Array(new SharedArrayBuffer(frames * columns * Float32Array.BYTES_PER_ELEMENT));
  return {
    z: floats(hop),
    mel: floats(bands),
    sigma: floats(hop),
    encoded: floats(channels),
    logSnr: new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT)),
    noise: floats(hop),
  };
}
