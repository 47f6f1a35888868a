// The triangular mel filter bank of librosa.filters.mel, in float64, with the mel scale of Slaney's Auditory Toolbox
// (linear below 1 kHz, logarithmic above) or of HTK (2595·log10(1 + f/700)). Shapes: [bands, fftSize/2+1].
import { bankRateOf, type MelFormat } from "./format.js";

/** The bins of one band whose weights are not 0: bins firstBin … firstBin + weights.length − 1. */
export interface BandRow {
  readonly firstBin: number;
  readonly weights: Float64Array;
}

const SLANEY_HZ_PER_MEL = 200 / 3;
const SLANEY_LOG_START_HZ = 1000;
const SLANEY_LOG_START_MEL = SLANEY_LOG_START_HZ / SLANEY_HZ_PER_MEL;
const SLANEY_LOG_STEP = Math.log(6.4) / 27;

/** A frequency in mel (librosa.hz_to_mel). */
export function hertzToMel(hertz: number, scale: MelFormat["scale"]): number {
  if (scale === "htk") return 2595 * Math.log10(1 + hertz / 700);
  if (hertz < SLANEY_LOG_START_HZ) return hertz / SLANEY_HZ_PER_MEL;
  return SLANEY_LOG_START_MEL + Math.log(hertz / SLANEY_LOG_START_HZ) / SLANEY_LOG_STEP;
}

/** A mel value's frequency in Hz (librosa.mel_to_hz). */
export function melToHertz(mel: number, scale: MelFormat["scale"]): number {
  if (scale === "htk") return 700 * (10 ** (mel / 2595) - 1);
  if (mel < SLANEY_LOG_START_MEL) return mel * SLANEY_HZ_PER_MEL;
  return SLANEY_LOG_START_HZ * Math.exp(SLANEY_LOG_STEP * (mel - SLANEY_LOG_START_MEL));
}

/** The bands' corners in Hz, equally spaced in mel: band b rises from corner b, peaks at b+1, ends at b+2. [bands+2] */
function bandCorners(format: MelFormat): Float64Array {
  const low = hertzToMel(format.minFrequency, format.scale);
  const high = hertzToMel(format.maxFrequency, format.scale);
  const step = (high - low) / (format.bands + 1);
  return Float64Array.from({ length: format.bands + 2 }, (_, i) => melToHertz(low + i * step, format.scale));
}

/** The frequency in Hz at which each band peaks. [bands] */
export function bandCentres(format: MelFormat): Float64Array {
  return bandCorners(format).slice(1, -1);
}

/** ln of what area normalisation makes of bands of peak 1: 2/width in Hz. [bands] */
export function areaGains(format: MelFormat): Float64Array {
  const corners = bandCorners(format);
  return corners.slice(0, -2).map((low, band) => Math.log(2 / (corners[band + 2] - low)));
}

/** The sum of each band's weights. [bands] */
export function weightSums(format: MelFormat): Float64Array {
  return Float64Array.from(melBandRows(format), ({ weights }) =>
    weights.reduce((sum, weight) => sum + weight, 0),
  );
}

/** ln of the sum of each band's weights; of an empty band 0. [bands] */
export function weightGains(format: MelFormat): Float64Array {
  return weightSums(format).map((sum) => (sum === 0 ? 0 : Math.log(sum)));
}

/** The filter bank as a dense matrix. [bands, fftSize/2+1], row-major */
export function melFilterBank(format: MelFormat): Float64Array {
  const bins = format.fftSize / 2 + 1;
  const corners = bandCorners(format);
  const bank = new Float64Array(format.bands * bins);
  for (let band = 0; band < format.bands; band++) {
    const [low, centre, high] = corners.subarray(band, band + 3);
    const shape: BandShape = { low, centre, high, norm: format.norm };
    for (let bin = 0; bin < bins; bin++) {
      bank[band * bins + bin] = bandWeight(shape, (bin * bankRateOf(format)) / format.fftSize);
    }
  }
  return bank;
}

/** A band's triangle, in Hz. */
interface BandShape {
  readonly low: number;
  readonly centre: number;
  readonly high: number;
  readonly norm: MelFormat["norm"];
}

function bandWeight({ low, centre, high, norm }: BandShape, frequency: number): number {
  // area normalisation: every band then has the same area over frequency
  const gain = norm === "slaney" ? 2 / (high - low) : 1;
  const rising = (frequency - low) / (centre - low);
  const falling = (high - frequency) / (high - centre);
  return gain * Math.max(0, Math.min(rising, falling));
}

/**
 * The filter bank without its zeros, row by row. A band so narrow that no bin falls into it has no weights at all,
 * and its mel is always the floor.
 */
export function melBandRows(format: MelFormat): BandRow[] {
  const { bands, fftSize, norm } = format;
  const rate = bankRateOf(format);
  const corners = bandCorners(format);
  const lastBin = fftSize / 2;
  return Array.from({ length: bands }, (_, band) => {
    const shape: BandShape = { low: corners[band], centre: corners[band + 1], high: corners[band + 2], norm };
    // only the bins between the band's corners: the others weigh nothing
    let firstBin = Math.max(0, Math.floor((shape.low * fftSize) / rate));
    const weights: number[] = [];
    for (let bin = firstBin; bin <= lastBin; bin++) {
      const frequency = (bin * rate) / fftSize;
      if (frequency >= shape.high) break;
      const weight = bandWeight(shape, frequency);
      if (weight > 0) weights.push(weight);
      else if (weights.length === 0) firstBin = bin + 1;
      else break;
    }
    return weights.length === 0
      ? { firstBin: 0, weights: new Float64Array(0) }
      : { firstBin, weights: Float64Array.from(weights) };
  });
}

/** How many bands of a format are so narrow that no bin falls into them: each is always at the floor. */
export function countEmptyBands(format: MelFormat): number {
  return melBandRows(format).filter(({ weights }) => weights.length === 0).length;
}

// A mel format's bands and a transform's bins: the filter bank and the way back, as matrices for the networks and as
// tables for threads without a tensor library.

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
