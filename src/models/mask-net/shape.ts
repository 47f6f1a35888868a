// What a mask-net is made of: its transforms, widths and depth, and the weights that follow from them.
import { count, counts, fields, type Schema } from "../../formats/json-fields.js";
import {
  convNextBlockWeights,
  type EncoderConfig,
  encoderSchema,
  encoderWeights,
  levelEmbeddingWeights,
  linearWeights,
  normWeights,
} from "../layers/shapes.js";
import { specsWithin, type WeightSpec } from "../weights.js";

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
