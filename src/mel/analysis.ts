// Mels of signals, in memory or piece by piece, with the check that there is enough of them.
import { InputError } from "../errors.js";
import { isFloat32Array, kindOf, type Mel, type MelFormat } from "./format.js";
import {
  fewestSamples,
  frameCount,
  framePadding,
  frameStart,
  periodicHann,
  reflectedIndex,
} from "./frames.js";
import { concatenate } from "../formats/bytes.js";
import { type BandRow, melBandRows } from "./bank.js";
import { validateFormat } from "./format-fields.js";
import meyda from "meyda";

// Magnitudes of a windowed frame's Fourier transform, computed by Meyda (meyda.js.org). Its complex spectrum rather
// than its amplitudeSpectrum, which is rounded to float32 and lacks the bin at half the sample rate. Meyda's lengths are
// powers of two. A length of p·m, p odd, is put together from p of them (Cooley and Tukey 1965):
//   X[k] = Σ_r e^(−2πi·rk/(pm)) · X_r[k mod m],   X_r the transform of samples r, r+p, r+2p, …

/** The transform of one frame length. */
export class MagnitudeSpectrum {
  // a copy: Meyda's settings are fields of one global object, and two frame lengths may be in use at a time
  readonly #meyda = Object.assign({}, meyda);
  readonly #bins: number;
  /** The odd factor of the length: how many interleaved parts are transformed. */
  readonly #parts: number;
  readonly #part: Float64Array;
  /** e^(−2πi·n/fftSize): cosines and negative sines, where there is more than one part. [fftSize] each */
  readonly #turns: { readonly real: Float64Array; readonly imag: Float64Array };
  readonly #sums: { readonly real: Float64Array; readonly imag: Float64Array };

  /** @param fftSize an even number */
  constructor(fftSize: number) {
    this.#bins = fftSize / 2 + 1;
    let length = 1;
    while (fftSize % (2 * length) === 0) length *= 2;
    this.#parts = fftSize / length;
    this.#part = new Float64Array(length);
    const turns = this.#parts > 1 ? fftSize : 0;
    const sums = this.#parts > 1 ? this.#bins : 0;
    this.#turns = {
      real: Float64Array.from({ length: turns }, (_, n) => Math.cos((2 * Math.PI * n) / fftSize)),
      imag: Float64Array.from({ length: turns }, (_, n) => -Math.sin((2 * Math.PI * n) / fftSize)),
    };
    this.#sums = { real: new Float64Array(sums), imag: new Float64Array(sums) };
    this.#meyda.bufferSize = length;
    this.#meyda.windowingFunction = "rect";
  }

  /**
   * √(re² + im² + epsilon) of each bin from 0 to half the sample rate, or its square.
   *
   * @param frame windowed samples, [fftSize]
   * @param magnitudes is filled, [fftSize/2+1]
   * @param power 2 for the squares
   */
  transform(frame: Float64Array, epsilon: number, magnitudes: Float64Array, power: 1 | 2 = 1): void {
    const { real, imag } =
      this.#parts === 1 ? this.#meyda.extract("complexSpectrum", frame) : this.#inParts(frame);
    for (let bin = 0; bin < this.#bins; bin++) {
      const energy = real[bin] ** 2 + imag[bin] ** 2 + epsilon;
      magnitudes[bin] = power === 2 ? energy : Math.sqrt(energy);
    }
  }

  #inParts(frame: Float64Array): { readonly real: Float64Array; readonly imag: Float64Array } {
    const { real, imag } = this.#sums;
    const [parts, length, turns] = [this.#parts, this.#part.length, this.#turns];
    real.fill(0);
    imag.fill(0);
    for (let r = 0; r < parts; r++) {
      for (let n = 0; n < length; n++) this.#part[n] = frame[n * parts + r];
      const part = this.#meyda.extract("complexSpectrum", this.#part);
      for (let bin = 0; bin < this.#bins; bin++) {
        const turn = (r * bin) % frame.length;
        const [re, im] = [part.real[bin % length], part.imag[bin % length]];
        real[bin] += re * turns.real[turn] - im * turns.imag[turn];
        imag[bin] += re * turns.imag[turn] + im * turns.real[turn];
      }
    }
    return this.#sums;
  }
}

// Log-mels from samples as they arrive: frame → periodic Hann → magnitude spectrum → filter bank → logarithm, as
// librosa and HiFi-GAN's meldataset.py compute it. Frames come out as soon as their samples are there, and their
// values do not depend on how the samples were cut into pieces.

/** Samples taken in at a time; with the FFT's length and the padding it bounds the memory. */
const BLOCK = 8192;

const logarithms: Readonly<Record<MelFormat["log"], (magnitude: number) => number>> = {
  ln: (magnitude) => Math.log(magnitude),
  log10: (magnitude) => Math.log10(magnitude),
  db: (magnitude) => 20 * Math.log10(magnitude),
};

/** A sample is NaN or infinite, so the mel around it would be too. */
class NonFiniteSampleError extends InputError {
  constructor(readonly seconds: number) {
    super(
      `Around ${Math.max(0, seconds).toFixed(2)} s the samples are not all numbers (NaN or infinite). ` +
        "Write the recording again from its source, or cut that part out.",
    );
  }
}

/** A streaming mel analysis of one signal: `push` its samples piece by piece, then `finish` once. */
export class MelAnalyzer {
  readonly format: MelFormat;
  readonly #spectrum: MagnitudeSpectrum;
  readonly #window: Float64Array;
  readonly #rows: readonly BandRow[];
  /** A band with weights: where the spectrum is no number, it is none either. An empty band is at the floor all the same. */
  readonly #telltale: number;
  readonly #padding: number;
  readonly #frame: Float64Array;
  readonly #magnitudes: Float64Array;
  /** The latest samples; the first of them is sample #bufferStart of the signal. */
  readonly #buffer: Float32Array;
  #bufferStart = 0;
  #received = 0;
  #framesOut = 0;
  #finished = false;

  /** @throws MelFormatError for a format that cannot be computed */
  constructor(format: MelFormat) {
    validateFormat(format);
    this.format = format;
    this.#spectrum = new MagnitudeSpectrum(format.fftSize);
    this.#window = periodicHann(format);
    this.#rows = melBandRows(format);
    this.#telltale = Math.max(
      0,
      this.#rows.findIndex(({ weights }) => weights.length > 0),
    );
    this.#padding = framePadding(format);
    this.#frame = new Float64Array(format.fftSize);
    this.#magnitudes = new Float64Array(format.fftSize / 2 + 1);
    this.#buffer = new Float32Array(BLOCK + format.fftSize);
  }

  /** Samples pushed so far. */
  get samples(): number {
    return this.#received;
  }

  /** Frames that came out so far. */
  get frames(): number {
    return this.#framesOut;
  }

  /**
   * Takes the signal's next samples, any number of them.
   *
   * @param samples [count] at the format's sample rate, in −1…1
   * @returns the frames that they complete, [frames, bands]
   */
  push(samples: Float32Array): Float32Array {
    if (this.#finished) throw new Error("This mel analysis was finished; another signal needs its own.");
    const mel = new Float32Array(this.#framesAfter(samples.length) * this.format.bands);
    let written = 0;
    for (let from = 0; from < samples.length; from += BLOCK) {
      this.#take(samples.subarray(from, from + BLOCK));
      const ready = this.#framesAfter(0);
      for (let frame = 0; frame < ready; frame++) written = this.#analyzeNext(mel, written);
      this.#forget();
    }
    return mel;
  }

  /**
   * Ends the signal: the rest of its frames, which reach into the reflection behind its last sample.
   *
   * @returns [frames, bands]; empty if the signal has fewer than `fewestSamples(format)` samples
   */
  finish(): Float32Array {
    this.#finished = true;
    const rest = frameCount(this.format, this.#received) - this.#framesOut;
    const mel = new Float32Array(rest * this.format.bands);
    let written = 0;
    for (let frame = 0; frame < rest; frame++) written = this.#analyzeNext(mel, written);
    return mel;
  }

  /** Frames not yet out that need no sample beyond the next `more`. */
  #framesAfter(more: number): number {
    const available = this.#received + more;
    // where the signal might end within the padding, the reflection before it is not known yet
    if (available <= this.#padding) return 0;
    const last = Math.floor((available - this.format.fftSize + this.#padding) / this.format.hopLength);
    return Math.max(0, last + 1 - this.#framesOut);
  }

  #take(samples: Float32Array): void {
    this.#buffer.set(samples, this.#received - this.#bufferStart);
    this.#received += samples.length;
  }

  /** Drops the samples that neither a coming frame nor the reflection behind the signal's end can need. */
  #forget(): void {
    const needed = Math.min(frameStart(this.format, this.#framesOut), this.#received - 1 - this.#padding);
    const dropped = Math.max(0, needed - this.#bufferStart);
    this.#buffer.copyWithin(0, dropped, this.#received - this.#bufferStart);
    this.#bufferStart += dropped;
  }

  /** Writes the next frame's log-mel to `mel` at `offset`; returns the offset behind it. */
  #analyzeNext(mel: Float32Array, offset: number): number {
    const { bands, floor, magnitudeEpsilon, log, power = 1 } = this.format;
    const { logOffset = 0, mean = 0, deviation = 1 } = this.format;
    const start = frameStart(this.format, this.#framesOut);
    this.#loadFrame(start);
    this.#spectrum.transform(this.#frame, magnitudeEpsilon, this.#magnitudes, power);
    for (let band = 0; band < bands; band++) {
      const sum = weightedSum(this.#rows[band], this.#magnitudes) + logOffset;
      mel[offset + band] = (logarithms[log](Math.max(sum, floor)) - mean) / deviation;
    }
    if (!Number.isFinite(mel[offset + this.#telltale]))
      throw new NonFiniteSampleError(start / this.format.sampleRate);
    this.#framesOut++;
    return offset + bands;
  }

  #loadFrame(start: number): void {
    const { fftSize } = this.format;
    const inside = start >= 0 && start + fftSize <= this.#received;
    for (let n = 0; n < fftSize; n++) {
      const index = inside ? start + n : reflectedIndex(start + n, this.#received);
      this.#frame[n] = this.#window[n] * this.#buffer[index - this.#bufferStart];
    }
  }
}

function weightedSum(row: BandRow, magnitudes: Float64Array): number {
  const { firstBin, weights } = row;
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] * magnitudes[firstBin + i];
  return sum;
}

/** A signal is too short for a single mel frame. */
export class TooShortForMelError extends InputError {
  constructor(
    readonly samples: number,
    readonly needed: number,
  ) {
    super(
      samples === 0
        ? "The recording is empty: there is nothing to compute a mel of."
        : `The recording has ${samples} ${samples === 1 ? "sample" : "samples"}, too few for one mel frame, which takes ${needed}.`,
    );
  }
}

/**
 * The log-mel of a signal as its samples come, so that neither need be in memory.
 *
 * @param pieces [count] each, any lengths, in −1…1, at `format.sampleRate`: resampling is the caller's part
 * @returns [frames, bands] each, in order
 * @throws MelFormatError; NonFiniteSampleError; at the end TooShortForMelError below `fewestSamples(format)`
 */
export async function* melPieces(
  pieces: AsyncIterable<Float32Array>,
  format: MelFormat,
): AsyncGenerator<Float32Array, void> {
  const analyzer = new MelAnalyzer(format);
  for await (const piece of pieces) yield analyzer.push(piece);
  requireSamples(analyzer.samples, format);
  yield analyzer.finish();
}

/**
 * The log-mel of a whole signal.
 *
 * @param samples [count] as for `melPieces`, whose errors it throws
 */
export function computeMel(samples: Float32Array, format: MelFormat): Mel {
  if (!isFloat32Array(samples))
    throw new InputError(
      `A mel is computed of a Float32Array of samples, and ${kindOf(samples)} is given. Float32Array.from(samples) makes one.`,
    );
  const analyzer = new MelAnalyzer(format);
  requireSamples(samples.length, format);
  const values = concatenate([analyzer.push(samples), analyzer.finish()]);
  return { frames: analyzer.frames, format, values };
}

function requireSamples(count: number, format: MelFormat): void {
  const needed = fewestSamples(format);
  if (count < needed) throw new TooShortForMelError(count, needed);
}
