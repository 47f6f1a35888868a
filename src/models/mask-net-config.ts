// What a mask-net is made of: its transforms, widths and depth, and the weights that follow from them.
import type { EncoderConfig } from "./encoder.js";
import { encoderWeights } from "./encoder.js";
import { convNextBlockWeights, normWeights } from "./layers/conv-next-block.js";
import { levelEmbeddingWeights } from "./layers/level-embedding.js";
import { linearWeights } from "./layers/linear.js";
import { featureCount, outputCount } from "./mask-net-columns.js";
import { specsWithin, type WeightSpec } from "./weights.js";

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
