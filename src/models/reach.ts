// How far an input of the networks reaches into their output: intervals of samples and frames, carried through each
// transform and convolution. Tiles overlap by it, and then the whole is exact.
import { ENCODER_TAPS, type EncoderConfig } from "./layers/encoder.js";
import { BLOCK_TAPS } from "./layers/conv-next-block.js";
import type { MaskNetConfig } from "./mask-net/shape.js";
import { PRIOR_TAPS } from "./prior/graph.js";
import type { Reach } from "../mel/frames.js";

/** Whole numbers from `from` to before `to`. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Frames of length N at hop h: frame j covers samples j·h − (N−h)/2 … j·h + (N+h)/2. */
interface Frames {
  readonly length: number;
  readonly hop: number;
  /** Samples at a frame's begin that its window takes to exactly 0. */
  readonly zeros: number;
}

/** A periodic Hann window begins with a 0. */
function hannFrames(length: number): Frames {
  return { length, hop: length / 4, zeros: 1 };
}

/** The frames that see an interval of samples. */
function framesSeeing({ from, to }: Interval, { length, hop, zeros }: Frames): Interval {
  return {
    from: Math.floor((from - (length + hop) / 2) / hop) + 1,
    to: Math.ceil((to - zeros + (length - hop) / 2) / hop),
  };
}

/** The samples that an interval of frames covers. */
function samplesOf({ from, to }: Interval, { length, hop, zeros }: Frames): Interval {
  return { from: from * hop - (length - hop) / 2 + zeros, to: (to - 1) * hop + (length + hop) / 2 };
}

/** Through a transform and back. */
function throughTransform(interval: Interval, frames: Frames): Interval {
  return samplesOf(framesSeeing(interval, frames), frames);
}

function widened({ from, to }: Interval, by: number): Interval {
  return { from: from - by, to: to + by };
}

function union(first: Interval, second: Interval): Interval {
  return { from: Math.min(first.from, second.from), to: Math.max(first.to, second.to) };
}

/** Frames that blocks with these dilations reach to each side. */
function blockReach(dilations: readonly number[]): number {
  return dilations.reduce((sum, dilation) => sum + ((BLOCK_TAPS - 1) / 2) * dilation, 0);
}

/** What one of the encoder's vectors sees of the mel. */
export function encoderReach({ dilations }: EncoderConfig): Reach {
  const reach = (ENCODER_TAPS - 1) / 2 + blockReach(dilations);
  return { framesBefore: reach, framesAfter: reach };
}

/** What a frame of σ sees of the mel. */
export function priorReach(): Reach {
  return { framesBefore: (PRIOR_TAPS - 1) / 2, framesAfter: (PRIOR_TAPS - 1) / 2 };
}

/** What a frame of a mask-net's estimate sees of its noisy waveform z. */
export function maskNetReach(config: MaskNetConfig, hopLength: number): Reach {
  const first = { from: 0, to: hopLength };
  const mdctFrames = { length: 2 * hopLength, hop: hopLength, zeros: 0 };
  const transforms = config.windowLengths.map(hannFrames);
  const [melFrames] = transforms;
  // the trunk sees log powers of all windows, and the mel residual of the coloured waveform
  const features = transforms
    .map((frames) => melFramesOf(framesSeeing(first, frames), frames.hop, hopLength))
    .reduce(union, framesSeeing(throughTransform(first, mdctFrames), melFrames));
  const trunk = widened(features, blockReach(config.dilations));
  const masked = transforms
    .map((frames) => samplesOf(subFramesOf(trunk, frames.hop, hopLength), frames))
    .reduce(union, first);
  if (config.corrections === 0) return inFrames(masked, hopLength);
  let estimate = throughTransform(masked, mdctFrames);
  // a correction's gains come from the trunk and from the estimate itself
  for (let r = 0; r < config.corrections; r++) {
    estimate = samplesOf(union(framesSeeing(estimate, melFrames), trunk), melFrames);
  }
  return inFrames(union(masked, throughTransform(estimate, mdctFrames)), hopLength);
}

/** The mel frames in which an interval of frames at a smaller hop lies. */
function melFramesOf({ from, to }: Interval, hop: number, hopLength: number): Interval {
  const each = hopLength / hop;
  return { from: Math.floor(from / each), to: Math.ceil(to / each) };
}

/** The frames at a smaller hop inside an interval of mel frames. */
function subFramesOf({ from, to }: Interval, hop: number, hopLength: number): Interval {
  const each = hopLength / hop;
  return { from: from * each, to: to * each };
}

function inFrames({ from, to }: Interval, hopLength: number): Reach {
  return { framesBefore: Math.ceil(to / hopLength) - 1, framesAfter: Math.ceil(-from / hopLength) };
}
