// What tiling has to know of a checkpoint's networks, whichever denoiser it holds: how far they reach over a tile's
// border, how long a tile may be, and how much the conditioning says of a frame.
import { type Checkpoint, isMaskNet } from "../checkpoint/checkpoint.js";
import { encoderReach, maskNetReach, priorReach, type Reach } from "../models/reach.js";
import { waveGradReach } from "../models/wavegrad-reach.js";

/** All in mel frames or values a frame. */
export interface TileExtent {
  /** Of the denoiser, through any of its inputs. */
  readonly denoiser: Reach;
  /** Of the conditioning, from the mel. */
  readonly conditioning: Reach;
  /** Of the waveform, from what was diffused. */
  readonly waveform: Reach;
  /** Frames that a tile keeps unless its owner asks for others. */
  readonly tile: number;
  /** Values of σ. */
  readonly sigma: number;
  /** Values of the encoder's vectors. */
  readonly encoded: number;
}

/** The tiles of a checkpoint. */
export function tileExtent(checkpoint: Checkpoint): TileExtent {
  if (isMaskNet(checkpoint)) {
    const { denoiser, mel } = checkpoint.config;
    return {
      denoiser: maskNetReach(denoiser.shape, mel.hopLength),
      conditioning: widest(encoderReach(denoiser.shape.encoder), priorReach()),
      // MDCT frames overlap by one, and the closed ends of a tile reach into the next
      waveform: { before: 2, after: 2 },
      tile: 1024,
      sigma: mel.hopLength,
      encoded: denoiser.shape.channels,
    };
  }
  const { waveFrames, melFrames } = waveGradReach(checkpoint.config.denoiser.shape);
  // its activations at the waveform's rate take 130 kB a frame and there are several at a time: short tiles
  return {
    denoiser: widest(waveFrames, melFrames),
    conditioning: { before: 0, after: 0 },
    waveform: { before: 0, after: 0 },
    tile: 256,
    sigma: 0,
    encoded: 0,
  };
}

function widest(one: Reach, other: Reach): Reach {
  return { before: Math.max(one.before, other.before), after: Math.max(one.after, other.after) };
}
