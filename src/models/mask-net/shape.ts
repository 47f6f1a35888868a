// What a mask-net is made of: its transforms, widths and depth, and the weights that follow from them.
import { count, counts, fields, type Schema } from "../../formats/json-fields.js";
import {
  binsOfProducts,
  blockReach,
  convNextBlockWeights,
  type EncoderConfig,
  encoderSchema,
  encoderWeights,
  levelEmbeddingWeights,
  linearWeights,
  normWeights,
} from "../layers/shapes.js";
import { specsWithin, weightProducts, type WeightSpec } from "../weights.js";
import type { MelFormat } from "../../mel/format.js";
import type { Reach } from "../../mel/frames.js";
import { colourMultiplyAdds } from "../prior/shape.js";

/** A mask-net's size and shape. */
export interface MaskNetConfig {
  /**
   * N of each transform in which the network masks, its hop being N/4, which divides the mel's. The first must be the
   * mel's own FFT length, 4 times its hop.
   */
  readonly windowLengths: readonly number[];
  /** C, width of the trunk. */
  readonly channels: number;
  /** E, width inside its blocks. */
  readonly expanded: number;
  /** One block each, in mel frames. */
  readonly dilations: readonly number[];
  /** R, mel corrections of the estimate. */
  readonly corrections: number;
  /** Width of the level's embedding. */
  readonly levelWidth: number;
  readonly encoder: EncoderConfig;
}

/** Reads a mask-net's size and shape. */
export const maskNetSchema: Schema<MaskNetConfig> = fields({
  windowLengths: counts(),
  channels: count(),
  expanded: count(),
  dilations: counts(),
  corrections: count(0),
  levelWidth: count(),
  encoder: encoderSchema("'denoiser.shape.encoder'"),
});

/** Weights of the trunk's Linear layers, from its input to its output: all else stays float32 at every precision. */
export function trunkLayers({ dilations }: Pick<MaskNetConfig, "dilations">): string[] {
  const blocks = dilations.flatMap((_, block) => [
    `blocks.${block}.up.weight`,
    `blocks.${block}.down.weight`,
  ]);
  return ["input.weight", ...blocks, "output.weight"];
}

/** The weights of a mask-net and its encoder. */
export function maskNetWeights(config: MaskNetConfig, bands: number, hopLength: number): WeightSpec[] {
  const { channels, expanded, dilations, levelWidth, encoder } = config;
  return [
    ...specsWithin("encoder", encoderWeights(encoder, bands, channels)),
    ...specsWithin("level", levelEmbeddingWeights(levelWidth)),
    ...specsWithin("input", linearWeights(featureCount(config, hopLength) + bands, channels)),
    ...dilations.flatMap((_, block) =>
      specsWithin(`blocks.${block}`, convNextBlockWeights({ channels, expanded, levelWidth })),
    ),
    ...specsWithin("norm", normWeights(channels)),
    ...specsWithin("output", linearWeights(channels, outputCount(config, bands, hopLength), "zero")),
  ];
}

// How many values a frame a mask-net's trunk takes and gives.

/** Log powers of all windows a mel frame, sub-frame after sub-frame: 513 + 4·129 + 16·33 with the usual windows. */
export function featureCount(
  { windowLengths }: Pick<MaskNetConfig, "windowLengths">,
  hopLength: number,
): number {
  return windowLengths.reduce((sum, length) => sum + ((4 * hopLength) / length) * (length / 2 + 1), 0);
}

/** Values a frame that the trunk gives out: two for each feature, and a pair for each band, mask and correction. */
export function outputCount(config: MaskNetConfig, bands: number, hopLength: number): number {
  return 2 * featureCount(config, hopLength) + 2 * bands * (1 + config.corrections);
}

// What a mask-net costs, from its shape alone: how far it sees over a tile's border, and how much it computes.

// How far an output sees: intervals of samples and frames, carried through each transform and convolution. Tiles overlap by
// it, and then the whole is exact.

/** Whole numbers from `from` to before `to`. */
interface Interval {
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

// How much a mask-net computes: the multiply-adds of its matrix products and dense convolutions, each a mel frame. What is
// element by element (gates, norms, depthwise convolutions) is not counted, nor what happens once a call.

/** Of a denoiser call, for each mel frame. */
export function maskNetMultiplyAdds(config: MaskNetConfig, format: MelFormat): number {
  const { bands, hopLength } = format;
  const transforms = config.windowLengths.map((length) => transformMultiplyAdds(length, hopLength));
  const [melTransform] = transforms;
  const melBank = (format.fftSize / 2 + 1) * bands;
  const { corrections } = config;
  const trunk = maskNetWeights(config, bands, hopLength).filter(({ name }) => !name.startsWith("encoder."));
  return (
    weightProducts(trunk) +
    // z's spectra and the masked ones back
    2 * sum(transforms) +
    // the mel residual: colour z, its spectra, bank; and its gains spread over the bins
    colourMultiplyAdds(hopLength) +
    melTransform +
    2 * melBank +
    // the corrections: colour the estimate, each a transform and back, bank and gains; what they add whitened
    corrections * (2 * melTransform + 2 * melBank) +
    (corrections > 0 ? 2 * colourMultiplyAdds(hopLength) : 0)
  );
}

/** Of the encoder, for each mel frame; once an utterance. */
export function maskNetEncoderMultiplyAdds({ channels, encoder }: MaskNetConfig, bands: number): number {
  return weightProducts(encoderWeights(encoder, bands, channels));
}

/** Of a Fourier transform one way, for each mel frame. */
function transformMultiplyAdds(length: number, hopLength: number): number {
  const quarter = length / 4;
  // the last of the three products is complex, over two quarters of the frame
  const products = binsOfProducts(length).map((bins, index) => {
    const inputs = index === 2 ? 2 * quarter : quarter;
    return 2 * inputs * bins.length;
  });
  return (hopLength / quarter) * sum(products);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
