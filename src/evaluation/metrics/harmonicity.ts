// Harmonicity and pulse shape by frequency band: how much breathier, and how much more smeared in time, voiced speech is
// than the recording. Per voiced frame and band, the harmonics-to-noise ratio 10·lg(r/(1−r)) (Boersma 1993), r being the
// correlation of three periods with themselves a period later; and the kurtosis of 46 ms. Differences are synthesis −
// recording, their mean over the frames: 0 is perfect.
import type { RealTransform } from "../../audio/real-fft.js";
import { ZeroPhaseBandPass } from "./butterworth.js";
import { bestCorrelation, bestCorrelationByTransform } from "./correlation.js";

/** Edges in Hz of the three bands; the recording's voicing is judged in the first. */
export const HARMONICITY_BANDS = [
  [60, 1000],
  [1000, 2500],
  [2500, 5000],
] as const;
/** Hz; the definition holds for this rate. */
export const HARMONICITY_RATE = 22050;

const FILTER_ORDER = 4;
const FRAME = 1024;
const HOP = 512;
/** Samples at both ends that no frame is centred in. */
const MARGIN = 2048;
/** Periods of 500 Hz to 55 Hz, in samples. */
const LAGS = [44, 399] as const;
/** A frame counts if its level in the first band is at least this share of the recording's … */
const LEAST_LEVEL = 0.1;
/** … and it repeats itself at least this well. */
const LEAST_CORRELATION = 0.75;
const LAG_TOLERANCE = 0.06;
const SHORTEST_STRETCH = 512;

/** Synthesis minus recording. */
export interface HarmonicityDifference {
  /** Harmonics-to-noise ratio in dB, in 60–1000, 1000–2500 and 2500–5000 Hz; negative is breathier. */
  readonly hnr: readonly [number, number, number];
  /** Kurtosis in 1000–2500 and 2500–5000 Hz; negative is smeared or phasey, positive buzzy. */
  readonly peak: readonly [number, number];
  /** Frames of the recording that were clearly voiced; without any the differences are 0. */
  readonly frames: number;
}

interface VoicedFrame {
  readonly centre: number;
  /** Lags about one period long, from … to. */
  readonly near: readonly [number, number];
  /** Samples that are compared with those one period later. */
  readonly length: number;
}

/**
 * Measures two signals of 22,050 Hz.
 *
 * @param synthesis as long as `reference`
 * @param transform of 2048 samples
 */
export function harmonicityDifference(
  reference: Float32Array,
  synthesis: Float32Array,
  transform: RealTransform,
): HarmonicityDifference {
  const hnr: [number, number, number] = [0, 0, 0];
  const peak: [number, number] = [0, 0];
  if (reference.length <= 2 * MARGIN) return { hnr, peak, frames: 0 };
  const taper = Float64Array.from({ length: FRAME }, (_, n) => Math.sin((Math.PI * n) / (FRAME - 1)));
  let voiced: VoicedFrame[] | undefined;
  // band by band, so that two filtered signals are held and not six
  for (const [band, edges] of HARMONICITY_BANDS.entries()) {
    const filter = new ZeroPhaseBandPass(FILTER_ORDER, edges, HARMONICITY_RATE);
    const [p, q] = [filter.filter(reference), filter.filter(synthesis)];
    voiced ??= voicedFrames(p, transform);
    for (const frame of voiced) {
      hnr[band] += (harmonicsToNoise(q, frame) - harmonicsToNoise(p, frame)) / voiced.length;
      if (band === 0) continue;
      const begin = frame.centre - FRAME / 2;
      peak[band - 1] += (kurtosis(q, begin, taper) - kurtosis(p, begin, taper)) / voiced.length;
    }
  }
  return { hnr, peak, frames: voiced?.length ?? 0 };
}

/** The frames in which a recording is clearly voiced, by its first band. */
function voicedFrames(signal: Float32Array, transform: RealTransform): VoicedFrame[] {
  const frames: VoicedFrame[] = [];
  const least = LEAST_LEVEL * rootMeanSquare(signal);
  for (let centre = MARGIN; centre < signal.length - MARGIN; centre += HOP) {
    const begin = centre - FRAME / 2;
    if (rootMeanSquare(signal.subarray(begin, begin + FRAME)) < least) continue;
    const { correlation, lag } = bestCorrelationByTransform(signal, begin, FRAME, LAGS, transform);
    if (correlation < LEAST_CORRELATION) continue;
    const near = [Math.floor(lag * (1 - LAG_TOLERANCE)), Math.floor(lag * (1 + LAG_TOLERANCE)) + 1] as const;
    const length = Math.max(3 * lag, SHORTEST_STRETCH);
    const fits = centre >= Math.floor(length / 2) && centre + length + near[1] <= signal.length;
    if (fits) frames.push({ centre, near, length });
  }
  return frames;
}

/** In dB, between −30 and 40. */
function harmonicsToNoise(signal: Float32Array, { centre, near, length }: VoicedFrame): number {
  const { correlation } = bestCorrelation(signal, centre - Math.floor(length / 2), length, near);
  const r = Math.min(Math.max(correlation, 1e-3), 0.9999);
  return 10 * Math.log10(r / (1 - r));
}

/** Mean fourth power over squared mean square; 3 for Gaussian noise, without its taper. */
function kurtosis(signal: Float32Array, begin: number, taper: Float64Array): number {
  let [squares, fourths] = [0, 0];
  for (let n = 0; n < taper.length; n++) {
    const square = (signal[begin + n] * taper[n]) ** 2;
    squares += square;
    fourths += square * square;
  }
  return fourths / taper.length / ((squares / taper.length) ** 2 + 1e-20);
}

function rootMeanSquare(signal: Float32Array): number {
  let squares = 0;
  for (const value of signal) squares += value * value;
  return Math.sqrt(squares / signal.length);
}
