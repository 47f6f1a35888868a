// ESTOI, the extended short-time objective intelligibility (Jensen & Taal 2016, "An Algorithm for Predicting the
// Intelligibility of Speech Masked by Modulated Noise Maskers"): the correlation of third-octave envelopes over 0.4 s,
// each segment's bands and then its frames normalised to mean 0 and norm 1. About 0 for noise, 1 is perfect.
import type { RealTransform } from "../../audio/real-fft.js";
import { takeMagnitudes } from "./spectra.js";

/** Hz; the definition holds for this rate. */
export const INTELLIGIBILITY_RATE = 10_000;

const FRAME = 256;
const HOP = FRAME / 2;
const FFT_SIZE = 512;
const BANDS = 15;
/** Centre of the lowest third-octave band, Hz. */
const LOWEST_CENTRE = 150;
/** Frames in a segment: 384 ms. */
const SEGMENT = 30;
/** Frames of the reference that lie this many dB below its loudest are left out. */
const DYNAMIC_RANGE = 40;

/**
 * ESTOI of two signals of 10 kHz.
 *
 * @param synthesis as long as `reference`
 * @param transform of 512 samples
 * @returns NaN where less than a segment of 0.4 s is left without the silent frames
 */
export function extendedIntelligibility(
  reference: Float32Array,
  synthesis: Float32Array,
  transform: RealTransform,
): number {
  const [x, y] = withoutSilence(reference, synthesis).map((signal) => bandEnvelopes(signal, transform));
  const segments = x.length / BANDS - SEGMENT + 1;
  if (segments < 1) return NaN;
  let sum = 0;
  const [a, b] = [new Float64Array(SEGMENT * BANDS), new Float64Array(SEGMENT * BANDS)];
  for (let first = 0; first < segments; first++) {
    for (const [from, to] of [
      [x, a],
      [y, b],
    ] as const) {
      to.set(from.subarray(first * BANDS, (first + SEGMENT) * BANDS));
      normalise(to);
    }
    for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  }
  return sum / SEGMENT / segments;
}

/** Both signals put together anew from the windowed frames in which the reference is not silent. */
function withoutSilence(reference: Float32Array, synthesis: Float32Array): [Float32Array, Float32Array] {
  const window = symmetricHann();
  const begins: number[] = [];
  const levels: number[] = [];
  for (let begin = 0; begin < reference.length - FRAME; begin += HOP) {
    let energy = 0;
    for (let n = 0; n < FRAME; n++) energy += (reference[begin + n] * window[n]) ** 2;
    begins.push(begin);
    levels.push(10 * Math.log10(energy));
  }
  const loudest = levels.reduce((most, level) => Math.max(most, level), -Infinity);
  // nothing lies above the threshold of a silent reference
  const threshold = loudest === -Infinity ? Infinity : loudest - DYNAMIC_RANGE;
  const kept = begins.filter((_, frame) => levels[frame] > threshold);
  const rejoin = (signal: Float32Array): Float32Array => {
    const joined = new Float32Array(kept.length === 0 ? 0 : (kept.length - 1) * HOP + FRAME);
    kept.forEach((begin, frame) => {
      for (let n = 0; n < FRAME; n++) joined[frame * HOP + n] += signal[begin + n] * window[n];
    });
    return joined;
  };
  return [rejoin(reference), rejoin(synthesis)];
}

/** The magnitude in each third-octave band. [frames, 15] */
function bandEnvelopes(signal: Float32Array, transform: RealTransform): Float64Array {
  const window = symmetricHann();
  const edges = bandEdges();
  const frames = Math.max(0, Math.ceil((signal.length - FRAME) / HOP));
  const envelopes = new Float64Array(frames * BANDS);
  const magnitudes = new Float64Array(FFT_SIZE / 2 + 1);
  transform.samples.fill(0);
  for (let frame = 0; frame < frames; frame++) {
    for (let n = 0; n < FRAME; n++) transform.samples[n] = signal[frame * HOP + n] * window[n];
    transform.forward();
    takeMagnitudes(transform.spectrum, magnitudes);
    for (const [band, [low, high]] of edges.entries()) {
      let energy = 0;
      for (let bin = low; bin < high; bin++) energy += magnitudes[bin] ** 2;
      envelopes[frame * BANDS + band] = Math.sqrt(energy);
    }
  }
  return envelopes;
}

/** The bins of each band, from … up to before. */
function bandEdges(): [number, number][] {
  const binAt = (hertz: number): number => Math.round((hertz * FFT_SIZE) / INTELLIGIBILITY_RATE);
  return Array.from({ length: BANDS }, (_, band) => [
    binAt(LOWEST_CENTRE * 2 ** ((2 * band - 1) / 6)),
    binAt(LOWEST_CENTRE * 2 ** ((2 * band + 1) / 6)),
  ]);
}

/** MATLAB's hanning: the two zeros at the ends left out. */
function symmetricHann(): Float64Array {
  return Float64Array.from(
    { length: FRAME },
    (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + 1)) / (FRAME + 1)),
  );
}

/** Each band of a segment, then each frame, to mean 0 and norm 1, in place; [30, 15] */
function normalise(segment: Float64Array): void {
  for (let band = 0; band < BANDS; band++) normaliseLine(segment, band, SEGMENT, BANDS);
  for (let frame = 0; frame < SEGMENT; frame++) normaliseLine(segment, frame * BANDS, BANDS, 1);
}

function normaliseLine(values: Float64Array, begin: number, count: number, stride: number): void {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[begin + i * stride];
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (values[begin + i * stride] - mean) ** 2;
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  for (let i = 0; i < count; i++) values[begin + i * stride] = (values[begin + i * stride] - mean) * scale;
}
