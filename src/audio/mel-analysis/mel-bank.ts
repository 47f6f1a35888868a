// The triangular mel filter bank of librosa.filters.mel, in float64, with the mel scale of Slaney's Auditory Toolbox
// (linear below 1 kHz, logarithmic above) or of HTK (2595·log10(1 + f/700)). Shapes: [bands, fftSize/2+1].
import type { MelFormat } from "../mel-format/mel-format.js";

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

/** The filter bank as a dense matrix. [bands, fftSize/2+1], row-major */
export function melFilterBank(format: MelFormat): Float64Array {
  const bins = format.fftSize / 2 + 1;
  const corners = bandCorners(format);
  const bank = new Float64Array(format.bands * bins);
  for (let band = 0; band < format.bands; band++) {
    const [low, centre, high] = corners.subarray(band, band + 3);
    // area normalisation: every band then has the same area over frequency
    const gain = format.norm === "slaney" ? 2 / (high - low) : 1;
    for (let bin = 0; bin < bins; bin++) {
      const frequency = (bin * format.sampleRate) / format.fftSize;
      const rising = (frequency - low) / (centre - low);
      const falling = (high - frequency) / (high - centre);
      bank[band * bins + bin] = gain * Math.max(0, Math.min(rising, falling));
    }
  }
  return bank;
}

/**
 * The filter bank without its zeros, row by row. A band so narrow that no bin falls into it has no weights at all,
 * and its mel is always the floor.
 */
export function melBandRows(format: MelFormat): BandRow[] {
  const bins = format.fftSize / 2 + 1;
  const bank = melFilterBank(format);
  return Array.from({ length: format.bands }, (_, band) => {
    const row = bank.subarray(band * bins, (band + 1) * bins);
    const firstBin = Math.max(
      0,
      row.findIndex((weight) => weight > 0),
    );
    const end = row.findLastIndex((weight) => weight > 0) + 1;
    return { firstBin, weights: row.slice(firstBin, Math.max(firstBin, end)) };
  });
}

/** How many bands of a format are so narrow that no bin falls into them: each is always at the floor. */
export function countEmptyBands(format: MelFormat): number {
  return melBandRows(format).filter(({ weights }) => weights.length === 0).length;
}
