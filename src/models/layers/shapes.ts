// What the layers are made of, from their widths alone: the weights that each lists, and how far the encoder sees. Apart
// from the layers' tensor operations, so that what only has to know a network's shape loads no tensor library.
import { count, counts, fields, type Schema } from "../../formats/json-fields.js";
import { RADIX, type Reach } from "../../mel/frames.js";
import { constantStart, specsWithin, uniformStart, type WeightSpec } from "../weights.js";

/** A log-mel of speech lies around −5, in a range of a few times 2.5: networks are given (mel − centre)/spread. */
export const MEL_CENTRE = -5;
export const MEL_SPREAD = 2.5;

/** The weights of a dense convolution. */
export function convolutionWeights(taps: number, inputs: number, outputs: number): WeightSpec[] {
  const start = uniformStart(taps * inputs);
  return [
    { name: "weight", shape: [taps, inputs, outputs], start },
    { name: "bias", shape: [outputs], start },
  ];
}

/** The weights of a convolution of each channel by itself. */
function depthwiseConvolutionWeights(taps: number, channels: number): WeightSpec[] {
  const start = uniformStart(taps);
  return [
    { name: "weight", shape: [taps, channels], start },
    { name: "bias", shape: [channels], start },
  ];
}

/** The weights of a linear layer: weight [inputs, outputs], bias [outputs]. */
export function linearWeights(
  inputs: number,
  outputs: number,
  start: "uniform" | "zero" = "uniform",
): WeightSpec[] {
  const from = start === "zero" ? constantStart(0) : uniformStart(inputs);
  return [
    { name: "weight", shape: [inputs, outputs], start: from },
    { name: "bias", shape: [outputs], start: from },
  ];
}

/** The weights of a LayerNorm. */
export function normWeights(channels: number): WeightSpec[] {
  return [
    { name: "scale", shape: [channels], start: constantStart(1) },
    { name: "shift", shape: [channels], start: constantStart(0) },
  ];
}

/** Frequencies of the level's embedding; a sine and a cosine each. */
export const LEVEL_FREQUENCIES = 32;

/** The weights of the level's embedding. */
export function levelEmbeddingWeights(width: number): WeightSpec[] {
  return linearWeights(2 * LEVEL_FREQUENCIES, width);
}

/** Frames that a block's depthwise convolution sees. */
export const BLOCK_TAPS = 7;
const GAIN_START = 0.2;

/** Widths of a ConvNeXt block. */
export interface BlockShape {
  readonly channels: number;
  readonly expanded: number;
  /** Width of the level's embedding; undefined for a block that does not see the level. */
  readonly levelWidth?: number;
}

/** The weights of a ConvNeXt block. */
export function convNextBlockWeights({ channels, expanded, levelWidth }: BlockShape): WeightSpec[] {
  return [
    ...specsWithin("depthwise", depthwiseConvolutionWeights(BLOCK_TAPS, channels)),
    ...(levelWidth === undefined
      ? specsWithin("norm", normWeights(channels))
      : specsWithin("level", linearWeights(levelWidth, 2 * channels))),
    ...specsWithin("up", linearWeights(channels, expanded)),
    ...specsWithin("down", linearWeights(expanded, channels)),
    { name: "gain", shape: [channels], start: constantStart(GAIN_START) },
  ];
}

/** Frames that blocks with these dilations see to each side. */
export function blockReach(dilations: readonly number[]): number {
  return dilations.reduce((sum, dilation) => sum + ((BLOCK_TAPS - 1) / 2) * dilation, 0);
}

/** Mel frames that the encoder's first convolution sees. */
const ENCODER_TAPS = 5;

/** Widths of an encoder. */
export interface EncoderConfig {
  readonly channels: number;
  readonly expanded: number;
  /** One block each, in frames. */
  readonly dilations: readonly number[];
}

/** Reads an encoder's widths. @param place of it in the file, for messages */
export function encoderSchema(place?: string): Schema<EncoderConfig> {
  return fields({ channels: count(), expanded: count(), dilations: counts() }, place);
}

/** The weights of an encoder. */
export function encoderWeights(config: EncoderConfig, bands: number, outputs: number): WeightSpec[] {
  const { channels, expanded, dilations } = config;
  return [
    ...specsWithin("input", convolutionWeights(ENCODER_TAPS, bands, channels)),
    ...dilations.flatMap((_, block) =>
      specsWithin(`blocks.${block}`, convNextBlockWeights({ channels, expanded })),
    ),
    ...specsWithin("norm", normWeights(channels)),
    ...specsWithin("output", linearWeights(channels, outputs)),
  ];
}

/** What one of the encoder's vectors sees of the mel. */
export function encoderReach({ dilations }: EncoderConfig): Reach {
  const reach = (ENCODER_TAPS - 1) / 2 + blockReach(dilations);
  return { framesBefore: reach, framesAfter: reach };
}

/** The bins of each of the three products of a short-time Fourier transform; see spectrum.ts. */
export function binsOfProducts(length: number): readonly [number[], number[], number[]] {
  const hop = length / RADIX;
  const sequence = (first: number, count: number): number[] =>
    Array.from({ length: count }, (_, k) => first + RADIX * k);
  // of the complex product's hop bins 1, 5 … N−3, those above N/2 are the mirror images of 3, 7 …
  return [sequence(0, hop / 2 + 1), sequence(2, hop / 2), sequence(1, hop)];
}
