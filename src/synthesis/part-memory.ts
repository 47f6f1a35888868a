// What a SplitDenoiser and its threads say to each other: commands in a word of shared memory, a part's values in more of
// it. A thread sleeps on the word, which takes microseconds where a message takes a tenth of a millisecond.
import type { MaskNetCheckpointConfig } from "../checkpoint/config.js";
import type { ProgramCopy } from "../engine/engine.js";

/** Values of the control word. A thread that is starting loads its code, one that is opening its engine's graph. */
export const commands = { starting: 0, idle: 1, memory: 2, estimate: 3, failed: 4, opening: 5 } as const;

/** What a thread is started with: the command, one of `commands`, and the part's frames. */
export interface DenoiserThreadData {
  readonly control: Int32Array;
}

/** What a thread opens; undefined ends it. */
export type DenoiserThreadTask =
  | {
      readonly config: MaskNetCheckpointConfig;
      readonly trunk: ProgramCopy;
    }
  | undefined;

/** A part's values, with room for as many frames as the longest part had. */
export interface PartMemory {
  readonly z: Float32Array;
  readonly mel: Float32Array;
  readonly sigma: Float32Array;
  readonly encoded: Float32Array;
  /** [1] */
  readonly logSnr: Float64Array;
  /** The estimate. */
  readonly x0: Float32Array;
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
    x0: floats(hop),
  };
}
