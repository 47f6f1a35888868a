// Candidates for the pitch of each frame: peaks of the normalised autocorrelation, as Praat finds them (Boersma 1993,
// "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled sound").
import type { RealTransform } from "./real-fft.js";

/** Hz; the window holds three periods of the lowest. */
export const LOWEST_PITCH = 60;
export const HIGHEST_PITCH = 500;
const PERIODS_IN_WINDOW = 3;
const MOST_CANDIDATES = 15;
/** Autocorrelations below it are no candidates. */
const LEAST_STRENGTH = 0.225;
const OCTAVE_COST = 0.01;

/** A possible period of a frame. */
export interface PitchCandidate {
  readonly hertz: number;
  /** Normalised autocorrelation at the period, at most 1. */
  readonly strength: number;
}

/** A frame's candidates, and how loud it is. */
export interface PitchFrame {
  readonly candidates: readonly PitchCandidate[];
  /** Largest magnitude within a period of the lowest pitch, as a share of the recording's. */
  readonly intensity: number;
}

/** Finds candidates in frames of one recording. */
export class PitchAnalysis {
  readonly #samples: Float32Array;
  readonly #sampleRate: number;
  readonly #transform: RealTransform;
  readonly #window: Float64Array;
  /** The window's own normalised autocorrelation, by lag. */
  readonly #windowCorrelation: Float64Array;
  readonly #correlation: Float64Array;
  readonly #peak: number;

  /** @param transform of at least 1.5 windows, `transformSize` of them */
  constructor(samples: Float32Array, sampleRate: number, transform: RealTransform) {
    this.#samples = samples;
    this.#sampleRate = sampleRate;
    this.#transform = transform;
    const length = windowLength(sampleRate);
    this.#window = Float64Array.from(
      { length },
      (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + 1)) / (length + 1)),
    );
    const lags = this.#longestLag + 2;
    this.#correlation = new Float64Array(lags);
    transform.samples.fill(0);
    transform.samples.set(this.#window);
    this.#windowCorrelation = Float64Array.from(this.#autocorrelate(lags));
    let sum = 0;
    for (const value of samples) sum += value;
    const mean = sum / samples.length;
    let peak = 0;
    for (const value of samples) peak = Math.max(peak, Math.abs(value - mean));
    this.#peak = peak;
  }

  get #longestLag(): number {
    return Math.floor(this.#sampleRate / LOWEST_PITCH) + 1;
  }

  /** The candidates of the frame around a sample; none where the recording has no room for the window. */
  frameAt(centre: number): PitchFrame {
    const window = this.#window;
    const begin = centre - Math.floor(window.length / 2);
    const period = Math.floor(this.#sampleRate / LOWEST_PITCH);
    const mean = this.#meanAround(centre, period);
    const intensity =
      this.#peak === 0 ? 0 : this.#largestAround(centre, Math.floor(period / 2), mean) / this.#peak;
    const { samples } = this.#transform;
    if (begin < 0 || begin + window.length > this.#samples.length || intensity === 0) {
      return { candidates: [], intensity };
    }
    samples.fill(0);
    for (let n = 0; n < window.length; n++) samples[n] = (this.#samples[begin + n] - mean) * window[n];
    const correlation = this.#autocorrelate(this.#correlation.length);
    for (let lag = 0; lag < correlation.length; lag++) correlation[lag] /= this.#windowCorrelation[lag];
    return { candidates: this.#peaks(correlation), intensity };
  }

  #meanAround(centre: number, reach: number): number {
    const from = Math.max(0, centre - reach);
    const to = Math.min(this.#samples.length, centre + reach);
    let sum = 0;
    for (let n = from; n < to; n++) sum += this.#samples[n];
    return sum / Math.max(1, to - from);
  }

  #largestAround(centre: number, reach: number, mean: number): number {
    let largest = 0;
    const to = Math.min(this.#samples.length, centre + reach);
    for (let n = Math.max(0, centre - reach); n < to; n++) {
      largest = Math.max(largest, Math.abs(this.#samples[n] - mean));
    }
    return largest;
  }

  /** The autocorrelation of the transform's samples by lag, 1 at lag 0. */
  #autocorrelate(lags: number): Float64Array {
    const { spectrum, samples } = this.#transform;
    this.#transform.forward();
    // slots 0 and 1 are the real values of the lowest and highest bin
    spectrum[0] *= spectrum[0];
    spectrum[1] *= spectrum[1];
    for (let i = 2; i < spectrum.length; i += 2) {
      spectrum[i] = spectrum[i] ** 2 + spectrum[i + 1] ** 2;
      spectrum[i + 1] = 0;
    }
    this.#transform.inverse();
    const correlation = this.#correlation;
    for (let lag = 0; lag < lags; lag++) correlation[lag] = samples[lag] / samples[0];
    return correlation;
  }

  /** Peaks between the shortest and longest period, the strongest of them. */
  #peaks(correlation: Float64Array): PitchCandidate[] {
    const found: PitchCandidate[] = [];
    for (let lag = 2; lag <= this.#longestLag; lag++) {
      const [before, here, after] = [correlation[lag - 1], correlation[lag], correlation[lag + 1]];
      if (here <= LEAST_STRENGTH || here <= before || here < after) continue;
      const slope = 0.5 * (after - before);
      const curvature = 2 * here - before - after;
      const hertz = this.#sampleRate / (lag + slope / curvature);
      // the parabola through the three values, at its top
      const top = here + (0.5 * slope * slope) / curvature;
      if (hertz > LOWEST_PITCH && hertz < this.#sampleRate / 4) {
        found.push({ hertz, strength: top > 1 ? 1 / top : top });
      }
    }
    const merit = ({ hertz, strength }: PitchCandidate): number =>
      strength - OCTAVE_COST * Math.log2(LOWEST_PITCH / hertz);
    return found.sort((a, b) => merit(b) - merit(a)).slice(0, MOST_CANDIDATES - 1);
  }
}

/** Samples of the analysis window. */
export function windowLength(sampleRate: number): number {
  return Math.floor((PERIODS_IN_WINDOW * sampleRate) / LOWEST_PITCH);
}

/** The smallest power of two that the autocorrelation can be computed with. */
export function transformSize(sampleRate: number): number {
  return 2 ** Math.ceil(Math.log2(1.5 * windowLength(sampleRate)));
}
