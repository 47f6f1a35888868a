// How many values a frame a mask-net's trunk takes and gives.
import type { MaskNetConfig } from "./mask-net-config.js";

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
