// One act of mel consistency: a waveform whose log-mel is moved towards the known one by a gain on each bin of its
// short-time spectrum, as Griffin and Lim (1984) move towards a known magnitude. Any range of samples can be computed
// from the input around it, with the same values as in the whole: tiles and threads share the work that way.
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import { framePadding, frameStart, periodicHann, reflectedIndex } from "../audio/mel-analysis/mel-frames.js";
import type { Reach } from "../models/reach.js";
import { BinShares, SparseBank } from "./band-weights.js";
import { RealFft } from "./real-fft.js";

/** No band is moved by more than this in one correction (in ln, e² = 17 dB). */
const LARGEST_CORRECTION = 2;
/** Below it the summed squared window is not divided out: only at the very ends of a recording. */
const SMALLEST_WINDOW_SUM = 0.01;

/** Stands for the length of a signal whose end is not known yet, in the arithmetic of reflections. */
const FAR_AWAY = 2 ** 48;

/** A part of a waveform. */
export interface WaveformPart {
  readonly samples: Float32Array;
  /** Where the part begins in the whole. */
  readonly first: number;
  /** Samples of the whole; Infinity while its end is not known. */
  readonly total: number;
}

/** A part of a mel. */
export interface MelPart {
  /** Natural-log mel, [frames, bands]. */
  readonly values: Float32Array;
  /** The part's first frame in the whole. */
  readonly first: number;
  /** Frames of the whole; Infinity while its end is not known. */
  readonly total: number;
}

/** How far a mel frame, and a waveform's frame of one hop, reach into a corrected waveform, in frames. */
export function correctionReach(format: MelFormat): { readonly mel: Reach; readonly waveform: Reach } {
  const { fftSize, hopLength } = format;
  const padding = framePadding(format);
  const mel = {
    before: Math.ceil(padding / hopLength),
    after: Math.ceil((fftSize - padding) / hopLength) - 1,
  };
  const waveform = {
    before: mel.before + Math.ceil((fftSize - padding) / hopLength) - 1,
    after: mel.after + Math.ceil(padding / hopLength),
  };
  return { mel, waveform };
}

/** 2^k for k = −64 … 63. */
const powersOfTwo = Float64Array.from({ length: 128 }, (_, i) => 2 ** (i - 64));

/**
 * e^x for |x| below 40, to 1e−8 of it: 2^k times a polynomial, four times as fast as Math.exp, which took a third of a
 * correction's time.
 */
export function exponential(x: number): number {
  const k = Math.round(x * Math.LOG2E);
  const r = x - k * Math.LN2;
  const polynomial =
    1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r / 5040))))));
  return powersOfTwo[k + 64] * polynomial;
}

/** Corrects waveforms towards mels of one format. Not for use by two threads at once. */
export class MelCorrection {
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
      return 1 / Math.max(sum, SMALLEST_WINDOW_SUM);
    });
    this.#bank = new SparseBank(format);
    this.#shares = new BinShares(format);
    this.#magnitudes = new Float32Array(format.fftSize / 2 + 1);
    this.#corrections = new Float32Array(format.bands);
  }

  static async create(format: MelFormat): Promise<MelCorrection> {
    return new MelCorrection(format, await RealFft.create(format.fftSize));
  }

  /**
   * output[from … to) ← STFT⁻¹(gain · STFT(input)), gain = exp(p · the weighted mean of a bin's band corrections).
   *
   * @param input what lies within an FFT length of the range
   * @param output for the same samples as the input's, not the input itself
   * @param from as samples of the whole, like `to`
   * @param target the mel that the waveform should have
   * @param exponent p; 1 moves each band by all of its difference
   */
  correct(
    input: WaveformPart,
    output: Float32Array,
    from: number,
    to: number,
    target: MelPart,
    exponent: number,
  ): void {
    const { fftSize, hopLength, bands } = this.format;
    const { first } = input;
    output.fill(0, from - first, to - first);
    const firstStart = frameStart(this.format, 0);
    const firstFrame = Math.max(0, Math.floor((from - firstStart - fftSize) / hopLength) + 1);
    const lastFrame = Math.min(target.total - 1, Math.floor((to - 1 - firstStart) / hopLength));
    for (let frame = firstFrame; frame <= lastFrame; frame++) {
      const start = firstStart + frame * hopLength;
      this.#load(input, start);
      this.#fft.forward();
      this.#applyGains(target.values, (frame - target.first) * bands, exponent);
      this.#fft.inverse();
      this.#overlapAdd(output, start - first, from - first, to - first);
    }
    this.#divideBySums(output, from, to, input.first, target.total);
  }

  /**
   * The summed distance of a waveform's mel from a given one at a frame, in ln over the bands.
   *
   * @param frame of the whole; the waveform's part covers it
   */
  distance(input: WaveformPart, target: MelPart, frame: number): number {
    this.#load(input, frameStart(this.format, frame));
    this.#fft.forward();
    this.#measure(target.values, (frame - target.first) * this.format.bands, 1, Infinity);
    return this.#corrections.reduce((sum, difference) => sum + Math.abs(difference), 0);
  }

  dispose(): void {
    this.#fft.dispose();
  }

  #load({ samples: input, first, total }: WaveformPart, start: number): void {
    const { samples } = this.#fft;
    const window = this.#window;
    const length = samples.length;
    if (start >= 0 && start + length <= total) {
      const shift = start - first;
      for (let n = 0; n < length; n++) samples[n] = window[n] * input[shift + n];
    } else {
      const end = Math.min(total, FAR_AWAY);
      for (let n = 0; n < length; n++) samples[n] = window[n] * input[reflectedIndex(start + n, end) - first];
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
    const { fftSize, hopLength } = this.format;
    const inverseSums = this.#inverseSums;
    const firstStart = frameStart(this.format, 0);
    // samples from here to there are covered by as many frames as any can be
    const wholeFrom = Math.min(to, Math.max(from, firstStart + fftSize - hopLength));
    const wholeTo = Math.max(wholeFrom, Math.min(to, firstStart + frames * hopLength));
    for (let n = from; n < wholeFrom; n++) output[n - first] /= this.#windowSum(n - firstStart, frames);
    let place = (wholeFrom - firstStart) % hopLength;
    for (let n = wholeFrom - first; n < wholeTo - first; n++) {
      output[n] *= inverseSums[place];
      place = place + 1 === hopLength ? 0 : place + 1;
    }
    for (let n = wholeTo; n < to; n++) output[n - first] /= this.#windowSum(n - firstStart, frames);
  }

  /** The summed squared window at a place counted from the first frame's begin. */
  #windowSum(place: number, frames: number): number {
    const { fftSize, hopLength } = this.format;
    const first = Math.max(0, Math.floor((place - fftSize) / hopLength) + 1);
    const last = Math.min(frames - 1, Math.floor(place / hopLength));
    let sum = 0;
    for (let frame = first; frame <= last; frame++) sum += this.#window[place - frame * hopLength] ** 2;
    return Math.max(sum, SMALLEST_WINDOW_SUM);
  }
}
