// How periodic each of five frequency bands is: the largest normalised correlation of two periods of the band with
// themselves one period later. Bands are cut out by the squared magnitude of third-order Butterworth filters, without
// delay, as filtering forwards and backwards gives it.
import type { RealTransform } from "./real-fft.js";

/** Edges of the bands in Hz. */
export const VOICING_EDGES: readonly number[] = [60, 1000, 2000, 3500, 5500, 10900];
/** Number of bands. */
export const VOICING_BANDS = VOICING_EDGES.length - 1;

const ORDER = 3;
/** Bands end below it, as a share of the sample rate: a filter's edge cannot lie at half of it. */
const HIGHEST_EDGE = 0.4943;
/** The lag of one period is searched within this share of it. */
const LAG_TOLERANCE = 0.03;
/** Samples at each end of a filtered block that its cut spoils. */
const BLOCK_MARGIN = 4096;
/** Size of the transform that filters. */
export const FILTER_TRANSFORM_SIZE = 32_768;

/**
 * The voicing of each frame and band, 0 in frames without pitch.
 *
 * @param pitch Hz, 0 where there is no voice [frames]; frame i is centred on sample hop·i + ⌊hop/2⌋
 * @param transform of FILTER_TRANSFORM_SIZE
 * @returns [frames, 5]
 */
export function bandVoicing(
  samples: Float32Array,
  sampleRate: number,
  pitch: Float32Array,
  hop: number,
  transform: RealTransform,
): Float32Array {
  const voicing = new Float32Array(pitch.length * VOICING_BANDS);
  for (let band = 0; band < VOICING_BANDS; band++) {
    const [low, high] = [VOICING_EDGES[band], Math.min(VOICING_EDGES[band + 1], HIGHEST_EDGE * sampleRate)];
    // at low sample rates there is nothing in the topmost band
    if (low >= high) continue;
    const filtered = bandOf(samples, sampleRate, [low, high], transform);
    for (let frame = 0; frame < pitch.length; frame++) {
      if (pitch[frame] <= 0) continue;
      const centre = frame * hop + Math.floor(hop / 2);
      voicing[frame * VOICING_BANDS + band] = periodicity(filtered, centre, sampleRate / pitch[frame]);
    }
  }
  return voicing;
}

/** A band of a signal, filtered block by block. */
function bandOf(
  samples: Float32Array,
  sampleRate: number,
  edges: readonly [number, number],
  transform: RealTransform,
): Float32Array {
  const size = transform.samples.length;
  const gains = bandGains(size, sampleRate, edges);
  const filtered = new Float32Array(samples.length);
  const kept = size - 2 * BLOCK_MARGIN;
  for (let begin = 0; begin < samples.length; begin += kept) {
    const first = begin - BLOCK_MARGIN;
    for (let n = 0; n < size; n++) transform.samples[n] = samples[first + n] ?? 0;
    transform.forward();
    const { spectrum } = transform;
    spectrum[0] *= gains[0];
    spectrum[1] *= gains[size / 2];
    for (let bin = 1; bin < size / 2; bin++) {
      spectrum[2 * bin] *= gains[bin];
      spectrum[2 * bin + 1] *= gains[bin];
    }
    transform.inverse();
    const end = Math.min(samples.length, begin + kept);
    for (let n = begin; n < end; n++) filtered[n] = transform.samples[n - first] / size;
  }
  return filtered;
}

/** |H|² of the digital Butterworth band-pass (bilinear transform). [size/2 + 1] */
function bandGains(size: number, sampleRate: number, edges: readonly [number, number]): Float64Array {
  const warp = (hertz: number): number => Math.tan((Math.PI * hertz) / sampleRate);
  const [low, high] = edges.map(warp);
  return Float64Array.from({ length: size / 2 + 1 }, (_, bin) => {
    if (bin === 0 || bin === size / 2) return 0;
    const w = warp((bin * sampleRate) / size);
    const lowPass = (w * w - low * high) / ((high - low) * w);
    return 1 / (1 + lowPass ** (2 * ORDER));
  });
}

/** The largest correlation of two periods around a sample with themselves about one period later; 0 at the ends. */
function periodicity(signal: Float32Array, centre: number, period: number): number {
  const length = Math.floor(2 * period);
  const firstLag = Math.floor(period * (1 - LAG_TOLERANCE));
  const lastLag = Math.floor(period * (1 + LAG_TOLERANCE)) + 1;
  const begin = centre - Math.floor(length / 2) - Math.floor(period / 2);
  if (begin < 0 || begin + length + lastLag > signal.length) return 0;
  let energy = 0;
  for (let n = begin; n < begin + length; n++) energy += signal[n] * signal[n];
  let largest = 0;
  for (let lag = firstLag; lag <= lastLag; lag++) {
    let [product, later] = [0, 0];
    for (let n = begin; n < begin + length; n++) {
      product += signal[n] * signal[n + lag];
      later += signal[n + lag] * signal[n + lag];
    }
    largest = Math.max(largest, product / Math.sqrt(energy * later + 1e-12));
  }
  return largest;
}
