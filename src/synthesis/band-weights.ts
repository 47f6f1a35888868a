// The mel filter bank read in both directions, without its zeros: from bins to bands (what a mel is) and from bands
// back to bins (which bands a correction of each bin comes from). Triangular bands overlap in pairs.
import { melBandRows } from "../audio/mel-analysis/mel-bank.js";
import type { MelFormat } from "../audio/mel-format/mel-format.js";

/** Bins to bands: band b's weights are `weights[start[b] … start[b+1])`, for bins `firstBin[b]` and on. */
export class SparseBank {
  readonly start: Int32Array;
  readonly firstBin: Int32Array;
  readonly weights: Float32Array;

  constructor(format: MelFormat) {
    const rows = melBandRows(format);
    this.start = new Int32Array(rows.length + 1);
    rows.forEach((row, band) => {
      this.start[band + 1] = this.start[band] + row.weights.length;
    });
    this.firstBin = Int32Array.from(rows, (row) => row.firstBin);
    this.weights = Float32Array.from(rows.flatMap((row) => [...row.weights]));
  }
}

/**
 * Bands to bins: bin k takes (1−share[k])·value[lower[k]] + share[k]·value[upper[k]], its bands weighted as the bank
 * weights them and normalised to 1. Bins `first … last` lie in bands; below them nothing is known, and above them the
 * last band stands for all.
 */
export class BinShares {
  readonly first: number;
  readonly last: number;
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly share: Float32Array;

  constructor(format: MelFormat) {
    const bins = format.fftSize / 2 + 1;
    const lowerWeights = new Float64Array(bins);
    this.lower = new Int32Array(bins).fill(-1);
    this.upper = new Int32Array(bins);
    this.share = new Float32Array(bins);
    melBandRows(format).forEach((row, band) => {
      row.weights.forEach((weight, i) => {
        const bin = row.firstBin + i;
        if (this.lower[bin] < 0) {
          this.lower[bin] = band;
          lowerWeights[bin] = weight;
        } else {
          this.share[bin] = weight / (weight + lowerWeights[bin]);
        }
        this.upper[bin] = band;
      });
    });
    this.first = this.lower.findIndex((band) => band >= 0);
    // the bin at half the sample rate is where the topmost band may end, with a weight of 0 up to rounding
    this.last = Math.min(
      bins - 2,
      this.lower.findLastIndex((band) => band >= 0),
    );
  }
}
