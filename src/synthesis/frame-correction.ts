// A mel correction frame by frame, by PFFFT: for formats whose transform kernel/ does not know.
import { frameStart, periodicHann } from "../mel/frames.js";
import type { MelFormat } from "../mel/format.js";
import {
  framesOver,
  LARGEST_CORRECTION,
  type MelCorrection,
  type MelPart,
  reflectedPlace,
  type WaveformPart,
  wholeSamples,
  windowSum,
} from "../mel/consistency.js";
import { RealFft } from "../audio/real-fft.js";
import { melBandRows } from "../mel/bank.js";

// The mel filter bank read in both directions, without its zeros: from bins to bands (what a mel is) and from bands
// back to bins (which bands a correction of each bin comes from). Triangular bands overlap in pairs.

/** Bins to bands: band b's weights are `weights[start[b] … start[b+1])`, for bins `firstBin[b]` and on. */
class SparseBank {
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
class BinShares {
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

/** 2^k for k = −64 … 63. */
const powersOfTwo = Float64Array.from({ length: 128 }, (_, i) => 2 ** (i - 64));

/**
 * e^x for |x| below 40, to 1e−8 of it: 2^k times a polynomial, four times as fast as Math.exp, which took a third of a
 * correction's time.
 */
function exponential(x: number): number {
  const k = Math.round(x * Math.LOG2E);
  const r = x - k * Math.LN2;
  const polynomial =
    1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r / 5040))))));
  return powersOfTwo[k + 64] * polynomial;
}

/** Corrections for any format. */
export class FrameCorrection implements MelCorrection {
  readonly format: MelFormat;
  readonly #fft: RealFft;
  readonly #window: Float32Array;
  /** The window divided by the FFT's length, which its inverse leaves in. */
  readonly #windowBack: Float32Array;
  /** 1/(summed squared window) of a sample that all its frames cover, by its place in the hop. [hopLength] */
  readonly #inverseSums: Float32Array;
  readonly #bank: SparseBank;
  readonly #shares: BinShares;
  readonly #magnitudes: Float32Array;
  readonly #corrections: Float32Array;

  private constructor(format: MelFormat, fft: RealFft) {
    this.format = format;
    this.#fft = fft;
    const window = periodicHann(format);
    this.#window = Float32Array.from(window);
    this.#windowBack = Float32Array.from(window, (value) => value / format.fftSize);
    this.#inverseSums = Float32Array.from({ length: format.hopLength }, (_, place) => {
      let sum = 0;
      for (let n = place; n < window.length; n += format.hopLength) sum += window[n] ** 2;
      return 1 / sum;
    });
    this.#bank = new SparseBank(format);
    this.#shares = new BinShares(format);
    this.#magnitudes = new Float32Array(format.fftSize / 2 + 1);
    this.#corrections = new Float32Array(format.bands);
  }

  static async create(format: MelFormat): Promise<FrameCorrection> {
    return new FrameCorrection(format, await RealFft.create(format.fftSize));
  }

  correct(
    input: WaveformPart,
    output: Float32Array,
    from: number,
    to: number,
    target: MelPart,
    exponent: number,
  ): void {
    const { bands } = this.format;
    const { first } = input;
    output.fill(0, from - first, to - first);
    const [firstFrame, lastFrame] = framesOver(this.format, target, from, to);
    for (let frame = firstFrame; frame <= lastFrame; frame++) {
      const start = frameStart(this.format, frame);
      this.#load(input, start);
      this.#fft.forward();
      this.#applyGains(target.values, (frame - target.first) * bands, exponent);
      this.#fft.inverse();
      this.#overlapAdd(output, start - first, from - first, to - first);
    }
    this.#divideBySums(output, from, to, input.first, target.total);
  }

  distance(input: WaveformPart, target: MelPart, from: number, to: number): number {
    let sum = 0;
    for (let frame = from; frame < to; frame++) {
      this.#load(input, frameStart(this.format, frame));
      this.#fft.forward();
      this.#measure(target.values, (frame - target.first) * this.format.bands, 1, Infinity);
      for (const difference of this.#corrections) sum += Math.abs(difference);
    }
    return sum;
  }

  dispose(): void {
    this.#fft.dispose();
  }

  #load(part: WaveformPart, start: number): void {
    const { samples: input, first, total } = part;
    const { samples } = this.#fft;
    const window = this.#window;
    const length = samples.length;
    if (start >= 0 && start + length <= total) {
      const shift = start - first;
      for (let n = 0; n < length; n++) samples[n] = window[n] * input[shift + n];
    } else {
      for (let n = 0; n < length; n++) samples[n] = window[n] * input[reflectedPlace(part, start + n)];
    }
  }

  #applyGains(target: Float32Array, offset: number, exponent: number): void {
    this.#measure(target, offset, exponent, LARGEST_CORRECTION);
    const { spectrum } = this.#fft;
    const { first, last, lower, upper, share } = this.#shares;
    const corrections = this.#corrections;
    for (let bin = first; bin <= last; bin++) {
      const below = corrections[lower[bin]];
      const gain = exponential(below + share[bin] * (corrections[upper[bin]] - below));
      spectrum[2 * bin] *= gain;
      spectrum[2 * bin + 1] *= gain;
    }
    const topGain = Math.exp(corrections[corrections.length - 1]);
    for (let i = 2 * (last + 1); i < spectrum.length; i++) spectrum[i] *= topGain;
    // slot 1 is the bin at half the sampling rate, above the last band
    spectrum[1] *= topGain;
  }

  /** corrections ← exponent · (target − the loaded spectrum's log-mel, at most ±limit), in ln. [bands] */
  #measure(target: Float32Array, offset: number, exponent: number, limit: number): void {
    const { spectrum } = this.#fft;
    const { start, firstBin, weights } = this.#bank;
    const { first, last } = this.#shares;
    const { floor, magnitudeEpsilon } = this.format;
    const magnitudes = this.#magnitudes;
    for (let bin = first; bin <= last; bin++) {
      const re = spectrum[2 * bin];
      const im = spectrum[2 * bin + 1];
      magnitudes[bin] = Math.sqrt(re * re + im * im + magnitudeEpsilon);
    }
    const corrections = this.#corrections;
    for (let band = 0; band < corrections.length; band++) {
      let magnitude = 0;
      const shift = firstBin[band] - start[band];
      for (let i = start[band]; i < start[band + 1]; i++) magnitude += weights[i] * magnitudes[shift + i];
      const difference = target[offset + band] - Math.log(Math.max(magnitude, floor));
      corrections[band] = exponent * Math.max(-limit, Math.min(limit, difference));
    }
  }

  #overlapAdd(output: Float32Array, start: number, from: number, to: number): void {
    const { samples } = this.#fft;
    const window = this.#windowBack;
    const begin = Math.max(0, from - start);
    const end = Math.min(samples.length, to - start);
    for (let n = begin; n < end; n++) output[start + n] += window[n] * samples[n];
  }

  /** Divides by the summed squared window of the frames that there are: fewer cover the ends. */
  #divideBySums(output: Float32Array, from: number, to: number, first: number, frames: number): void {
    const { hopLength } = this.format;
    const inverseSums = this.#inverseSums;
    const window = this.#window;
    const [wholeFrom, wholeTo] = wholeSamples(this.format, frames, from, to);
    for (let n = from; n < wholeFrom; n++) output[n - first] /= windowSum(this.format, window, n, frames);
    let place = (wholeFrom - frameStart(this.format, 0)) % hopLength;
    for (let n = wholeFrom - first; n < wholeTo - first; n++) {
      output[n] *= inverseSums[place];
      place = place + 1 === hopLength ? 0 : place + 1;
    }
    for (let n = wholeTo; n < to; n++) output[n - first] /= windowSum(this.format, window, n, frames);
  }
}
