// The tiles of a mel as natural logarithms, of one in memory or of one that stays in its file.
import type { MelFrames } from "../audio/mel-file/open-mel.js";
import { naturalLog } from "../audio/mel-format/mel-encoding.js";
import type { Mel } from "../audio/mel-format/mel-format.js";
import { tiles } from "./wavefront/wavefront.js";

/**
 * A mel in tiles, each [frames, bands].
 *
 * @param tile frames of each, about
 */
export async function* melTiles(mel: Mel | MelFrames, tile: number): AsyncGenerator<Float32Array, void> {
  const { format, frames } = mel;
  for (const { first, end } of tiles({ first: 0, end: frames }, tile)) {
    const values =
      "values" in mel
        ? mel.values.subarray(first * format.bands, end * format.bands)
        : await mel.rows(first, end);
    yield naturalLog({ format, values });
  }
}
