// The conditioning encoder: a mel as one vector a frame, computed once an utterance and added to the input of the
// denoiser's trunk at every step. [batch, frames, bands] → [batch, frames, outputs]
import * as tf from "@tensorflow/tfjs-core";
import { convolution, convolutionWeights } from "./convolution.js";
import { convNextBlock, convNextBlockWeights, norm, normWeights } from "./conv-next-block.js";
import { linear, linearWeights } from "./linear.js";
import { specsWithin, within, type Weights, type WeightSpec } from "../weights.js";

/** Widths of an encoder. */
export interface EncoderConfig {
  readonly channels: number;
  readonly expanded: number;
  /** One block each, in frames. */
  readonly dilations: readonly number[];
}

/** Mel frames that the first convolution sees. */
export const ENCODER_TAPS = 5;
/** A log-mel of speech lies around −5, in a range of a few times 2.5. */
const CENTRE = -5;
const SPREAD = 2.5;

/**
 * Encodes a mel.
 *
 * @param mel natural-log mel [batch, frames, bands]
 */
export function encodeMel(config: EncoderConfig, weights: Weights, mel: tf.Tensor): tf.Tensor {
  const scaled = tf.div(tf.sub(mel, CENTRE), SPREAD);
  const start = convolution(within(weights, "input"), scaled);
  const mixed = config.dilations.reduce(
    (x, dilation, block) => convNextBlock(within(weights, `blocks.${block}`), x, dilation),
    start,
  );
  return linear(within(weights, "output"), norm(within(weights, "norm"), mixed));
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
