// The memory that a SplitSignal shares with one of its threads, and the commands that pass between them.
import type { MessagePort } from "node:worker_threads";
import type { MelFormat } from "../../audio/mel-format/mel-format.js";
import type { MaskNetConfig } from "../../models/mask-net-config.js";

/** Values of the control word. A thread that is starting has not set it to idle yet. */
export const commands = { starting: 0, idle: 1, memory: 2, analyse: 3, synthesise: 4 } as const;

/** What a thread begins with. */
export interface SignalWorkerData {
  readonly config: MaskNetConfig;
  readonly format: MelFormat;
  /** Where memory for longer parts comes from. */
  readonly port: MessagePort;
  /** The command, one of `commands`, and the part's frames. */
  readonly control: Int32Array;
}

/** A part's values, with room for as many frames as the longest part had. */
export interface PartMemory {
  readonly z: Float32Array;
  readonly sigma: Float32Array;
  readonly mel: Float32Array;
  /** [1] */
  readonly logSnr: Float64Array;
  readonly features: Float32Array;
  readonly output: Float32Array;
  readonly estimate: Float32Array;
}

/** Values a frame. */
export interface PartWidths {
  readonly hop: number;
  readonly bands: number;
  readonly features: number;
  readonly output: number;
}

/** Memory for a part of so many frames. */
export function sharedPart(frames: number, { hop, bands, features, output }: PartWidths): PartMemory {
  const floats = (columns: number): Float32Array =>
    new Float32Array(new SharedArrayBuffer(frames * columns * Float32Array.BYTES_PER_ELEMENT));
  return {
    z: floats(hop),
    sigma: floats(hop),
    mel: floats(bands),
    logSnr: new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT)),
    features: floats(features),
    output: floats(output),
    estimate: floats(hop),
  };
}
