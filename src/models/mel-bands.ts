// A mel format's bands and a transform's bins: the filter bank and the way back, as matrices for mel-analysis.ts and as
// tables for threads without a tensor library.
import { melFilterBank } from "../audio/mel-analysis/mel-bank.js";
import type { MelFormat } from "../audio/mel-format/mel-format.js";

/** A mel format's filter bank in both directions. */
export interface MelAnalysis {
  readonly bands: number;
  readonly bins: number;
  readonly floor: number;
  /** Under the root of the magnitude: keeps the gradient finite. */
  readonly magnitudeEpsilon: number;
  /** Magnitudes to bands: [bins, bands]. */
  readonly bank: Float32Array;
  /** Gains of bands to gains of bins: [bands, bins], the weights of each bin summing to 1. */
  readonly spread: Float32Array;
}

/**
 * The constants for a format. Bins below the first band take band 0, from the bank's last bin upwards the last.
 *
 * @param order the bin at each position of the spectra, as their transform has it
 */
export function createMelAnalysis(
  format: MelFormat,
  order: Int32Array,
  magnitudeEpsilon = format.magnitudeEpsilon,
): MelAnalysis {
  const { bands, floor } = format;
  const bins = format.fftSize / 2 + 1;
  const sorted = melFilterBank(format);
  const sortedSpread = spreadOf(sorted, bands, bins);
  const bank = new Float32Array(bins * bands);
  const spread = new Float32Array(bands * bins);
  for (let band = 0; band < bands; band++) {
    for (let i = 0; i < bins; i++) {
      bank[i * bands + band] = sorted[band * bins + order[i]];
      spread[band * bins + i] = sortedSpread[band * bins + order[i]];
    }
  }
  return { bands, bins, floor, magnitudeEpsilon, bank, spread };
}

/** The bank [bands, bins] by frequency, normalised so that each bin's weights sum to 1. */
function spreadOf(rows: ArrayLike<number>, bands: number, bins: number): Float32Array {
  const spread = new Float32Array(bands * bins);
  let seen = false;
  for (let bin = 0; bin < bins; bin++) {
    let total = 0;
    for (let band = 0; band < bands; band++) total += rows[band * bins + bin];
    if (total > 0) {
      seen = true;
      for (let band = 0; band < bands; band++) {
        spread[band * bins + bin] = rows[band * bins + bin] / total;
      }
    } else {
      spread[(seen ? bands - 1 : 0) * bins + bin] = 1;
    }
  }
  return spread;
}
