// What synthesis needs of a checkpoint's networks, whatever their kind: the mel's conditioning once a frame, the denoiser
// once a step, and the way from the diffused signal to the waveform. Each computes a tile of F frames and says how far it
// sees; what comes out within that distance of a tile's inner ends is not to be used.
import type { Reach } from "../models/reach.js";

/** Rows a frame, by name: "mel" is the natural-log mel [F, bands], the others are what the conditioning made of it. */
export type FrameRows = Readonly<Record<string, Float32Array>>;

/** A checkpoint's networks on an engine; their calls take turns. */
export interface Networks {
  /** Columns of what the conditioning makes of a mel, by name; none where the denoiser is given the mel alone. */
  readonly conditioning: Readonly<Record<string, number>>;
  readonly reach: {
    /** Of mel frames into the conditioning. */
    readonly conditioning: Reach;
    /** Of z, of the mel and of the conditioning into the noise. */
    readonly denoiser: Reach;
    /** Of the diffused signal and the conditioning into the waveform. */
    readonly waveform: Reach;
  };
  /** Frames of a tile where nobody asks for others. */
  readonly tile: number;
  /** @param mel natural-log mel [F, bands] */
  condition(mel: Float32Array): Promise<FrameRows>;
  /**
   * Predicts the noise in a diffused signal.
   *
   * @param z [F·hop]
   * @param logSnr its level, moved into the trained range where it lies outside
   * @param noise receives ε̂, [F·hop]; without it a new array
   * @returns ε̂
   */
  noise(z: Float32Array, logSnr: number, rows: FrameRows, noise?: Float32Array): Promise<Float32Array>;
  /** The waveform of a diffused signal without noise: [F·hop] → [F·hop]. */
  waveform(diffused: Float32Array, rows: FrameRows): Promise<Float32Array>;
  /** Frees what the engine holds. */
  dispose(): Promise<void>;
}
