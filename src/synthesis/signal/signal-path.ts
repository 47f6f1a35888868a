// What the signal path around a mask-net's trunk offers, on one thread or on several.
import type { SignalInputs } from "./mask-net-signal.js";

/** From a tile of F frames to the trunk's features, and from the trunk's output to the estimate; one tile at a time. */
export interface SignalPath {
  /** Samples a frame. */
  readonly hopLength: number;
  /** Columns of the features, the mel residual's included. */
  readonly featureColumns: number;
  /** Columns of the trunk's output. */
  readonly outputColumns: number;
  /** The trunk's features [F, featureColumns], valid until the next tile is analysed. */
  analyse(inputs: SignalInputs): Float32Array;
  /** Where the trunk's output for the tile that was analysed last is to be written: [F, outputColumns]. */
  readonly output: Float32Array;
  /** x̂₀ [F·hop] by what was written to `output`, valid until the next tile is analysed. */
  synthesise(): Float32Array;
  /** Ends the threads. */
  dispose(): Promise<void>;
}
