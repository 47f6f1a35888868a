// Waveforms to WAV files, piece by piece as they come: 16- or 24-bit integers, rounded, or 32-bit floats. What lies
// beyond full scale is cut off and counted, never wrapped around.
import wavefile from "wavefile/dist/wavefile.js";
import { InputError, VocodeError } from "../errors.js";

/** How samples are written, with wavefile's names of them. */
export const WAV_OUTPUT_ENCODINGS = { "16-bit": "16", "24-bit": "24", "32-bit float": "32f" } as const;

export type WavOutputEncoding = keyof typeof WAV_OUTPUT_ENCODINGS;

/** What was written. */
export interface WrittenWav {
  readonly samples: number;
  /** Samples beyond −1…1, cut off to it; a float file holds them as they are. */
  readonly clippedSamples: number;
  /** The largest magnitude, before it was cut off. */
  readonly peak: number;
}

/** A waveform that was to be written holds NaN or infinity: a fault of whatever computed it. */
export class NonFiniteWaveformError extends VocodeError {
  readonly exitCode = 1;
  constructor(readonly sample: number) {
    super(
      `The computed waveform is not a number at sample ${sample}; nothing was written. Please report it.`,
    );
  }
}

/** More audio than a WAV file's 32-bit sizes can state. */
export class WavTooLongError extends InputError {
  constructor(readonly limitSamples: number) {
    super(
      `The audio is longer than the ${limitSamples} samples that a WAV file can hold. Write it in parts.`,
    );
  }
}

const LARGEST_FILE = 2 ** 32 - 1;

/** The bytes of a mono WAV file, as its samples come: the header first, which is written again at the end. */
export class WavFile {
  readonly #encoder: SampleEncoder;
  readonly #limit: number;
  /** What comes before the samples, without their number. */
  readonly header: Uint8Array;

  /** @param sampleRate Hz */
  constructor(sampleRate: number, encoding: WavOutputEncoding) {
    checkWavFormat(sampleRate, encoding);
    this.#encoder = new SampleEncoder(encoding);
    this.header = emptyWav(sampleRate, encoding);
    this.#limit = Math.floor((LARGEST_FILE - this.header.length) / this.#encoder.sampleBytes);
  }

  /**
   * The bytes of the next samples.
   *
   * @param piece in −1…1
   * @throws WavTooLongError, NonFiniteWaveformError
   */
  encode(piece: Float32Array): Uint8Array {
    if (this.#encoder.samples + piece.length > this.#limit) throw new WavTooLongError(this.#limit);
    return this.#encoder.encode(piece);
  }

  /** What comes after the last samples, the header as it has to be, and what was written. */
  finish(): { readonly padding: Uint8Array; readonly header: Uint8Array; readonly written: WrittenWav } {
    const { samples, sampleBytes, clippedSamples, peak } = this.#encoder;
    const dataBytes = samples * sampleBytes;
    return {
      // RIFF chunks begin at even offsets
      padding: new Uint8Array(dataBytes % 2),
      header: withSizes(this.header, dataBytes),
      written: { samples, clippedSamples, peak },
    };
  }
}

/**
 * The bytes of a waveform for a reader that takes them as they come, such as a pipe.
 *
 * @param container "wav" begins with a header that leaves the length open (all sizes at their largest, as ffmpeg and sox
 *   understand it), "raw" is samples alone, in little endian
 * @throws NonFiniteWaveformError
 */
export class WaveformBytes {
  readonly #encoder: SampleEncoder;
  /** What comes before the first samples. */
  readonly header: Uint8Array;

  constructor(sampleRate: number, encoding: WavOutputEncoding, container: "wav" | "raw") {
    this.#encoder = new SampleEncoder(encoding);
    this.header =
      container === "raw" ? new Uint8Array(0) : withSizes(emptyWav(sampleRate, encoding), undefined);
  }

  /** The bytes of the next samples. */
  encode(piece: Float32Array): Uint8Array {
    return this.#encoder.encode(piece);
  }

  /** What was encoded so far. */
  get written(): WrittenWav {
    const { samples, clippedSamples, peak } = this.#encoder;
    return { samples, clippedSamples, peak };
  }
}

/** @throws InputError for a rate or an encoding that no WAV file here has */
function checkWavFormat(sampleRate: number, encoding: string): void {
  if (!(Number.isInteger(sampleRate) && sampleRate >= 1 && sampleRate < 2 ** 32))
    throw new InputError(
      `A WAV file's sample rate is a whole number of Hz, and ${String(sampleRate)} is given.`,
    );
  const names = Object.keys(WAV_OUTPUT_ENCODINGS);
  if (!names.includes(encoding))
    throw new InputError(`There is no encoding '${encoding}'. The encodings are ${names.join(", ")}.`);
}

/** Turns samples into bytes and keeps count. */
class SampleEncoder {
  readonly sampleBytes: number;
  samples = 0;
  clippedSamples = 0;
  peak = 0;

  constructor(readonly encoding: WavOutputEncoding) {
    this.sampleBytes = { "16-bit": 2, "24-bit": 3, "32-bit float": 4 }[encoding];
  }

  encode(piece: Float32Array): Uint8Array {
    const bytes = new Uint8Array(piece.length * this.sampleBytes);
    const view = new DataView(bytes.buffer);
    const fullScale = 2 ** (8 * this.sampleBytes - 1);
    for (let n = 0; n < piece.length; n++) {
      const sample = piece[n];
      const magnitude = Math.abs(sample);
      if (!Number.isFinite(sample)) throw new NonFiniteWaveformError(this.samples + n);
      if (magnitude > this.peak) this.peak = magnitude;
      const at = n * this.sampleBytes;
      if (this.encoding === "32-bit float") {
        view.setFloat32(at, sample, true);
        continue;
      }
      if (magnitude > 1) this.clippedSamples++;
      const integer = Math.max(-fullScale, Math.min(fullScale - 1, Math.round(sample * fullScale)));
      // the lower 16 bits; 24-bit samples have 8 more
      view.setInt16(at, integer, true);
      if (this.sampleBytes === 3) view.setInt8(at + 2, integer >> 16);
    }
    this.samples += piece.length;
    return bytes;
  }
}

/** A WAV file without samples: the header, its data chunk last. */
function emptyWav(sampleRate: number, encoding: WavOutputEncoding): Uint8Array {
  const wav = new wavefile.WaveFile();
  wav.fromScratch(1, sampleRate, WAV_OUTPUT_ENCODINGS[encoding], []);
  return wav.toBuffer();
}

/** The header with the sizes of what follows it; the largest there are where that is not known. */
function withSizes(header: Uint8Array, dataBytes: number | undefined): Uint8Array {
  const sized = header.slice();
  const view = new DataView(sized.buffer);
  const whole = dataBytes === undefined ? LARGEST_FILE : header.length - 8 + dataBytes + (dataBytes % 2);
  view.setUint32(4, whole, true);
  view.setUint32(header.length - 4, dataBytes ?? LARGEST_FILE, true);
  return sized;
}
