// What the fmt chunk of a WAV file says of its samples, read by wavefile and checked before a byte of them is touched.
// Microsoft's "Multiple Channel Audio Data and WAVE Files" describes the extensible form.
import wavefile from "wavefile";
import { WavError } from "./wav-chunks.js";

/** How samples are written. */
export type WavEncoding = "integer" | "float" | "A-law" | "mu-law" | "IMA ADPCM";

/** A WAV file's format, consistent in itself. */
export interface WavFormat {
  readonly encoding: WavEncoding;
  readonly channels: number;
  /** Hz. */
  readonly sampleRate: number;
  /** Bits that carry the sample. */
  readonly bitDepth: number;
  /** Bytes of one sample of one channel; for IMA ADPCM bytes of one block. */
  readonly sampleBytes: number;
}

const EXTENSIBLE = 0xfffe;
const encodings: Readonly<Record<number, WavEncoding>> = {
  1: "integer",
  3: "float",
  6: "A-law",
  7: "mu-law",
  17: "IMA ADPCM",
};
const LOWEST_RATE = 1000;
const HIGHEST_RATE = 768_000;

interface FormatChunk {
  readonly audioFormat: number;
  readonly numChannels: number;
  readonly sampleRate: number;
  readonly blockAlign: number;
  readonly bitsPerSample: number;
  readonly validBitsPerSample: number;
  readonly subformat: readonly number[];
}

/**
 * Reads a fmt chunk.
 *
 * @param chunk the chunk's contents
 * @throws WavError for an unknown encoding and for numbers that contradict each other
 */
export function readFormat(chunk: Uint8Array, littleEndian: boolean): WavFormat {
  if (chunk.length < 16) throw new WavError(`has a format of ${chunk.length} bytes, and 16 are the least`);
  const header = parseChunk(chunk, littleEndian);
  const { numChannels: channels, sampleRate, blockAlign, bitsPerSample } = header;
  const extensible = header.audioFormat === EXTENSIBLE;
  const code = extensible ? header.subformat[0] : header.audioFormat;
  const encoding = encodings[code];
  if (encoding === undefined) throw new WavError(`is encoded in format ${code}, which is not supported`);
  if (channels === 0) throw new WavError("claims to have 0 channels");
  if (sampleRate < LOWEST_RATE || sampleRate > HIGHEST_RATE) {
    throw new WavError(`claims a sample rate of ${sampleRate} Hz, outside ${LOWEST_RATE} to ${HIGHEST_RATE}`);
  }
  if (encoding === "IMA ADPCM") return adpcmFormat(header);
  const sampleBytes = blockAlign / channels;
  if (!allowedBytes(encoding, bitsPerSample).includes(sampleBytes)) {
    throw new WavError(
      `claims ${bitsPerSample}-bit ${encoding} samples in ${channels} channels at ${blockAlign} bytes a frame, which cannot be`,
    );
  }
  const validBits = extensible ? header.validBitsPerSample : 0;
  const bitDepth = validBits >= 1 && validBits <= bitsPerSample ? validBits : bitsPerSample;
  return { encoding, channels, sampleRate, bitDepth, sampleBytes };
}

/** The sizes in bytes that a sample of so many bits may have. */
function allowedBytes(encoding: WavEncoding, bits: number): number[] {
  if (encoding === "float") return bits === 32 ? [4] : bits === 64 ? [8] : [];
  if (encoding !== "integer") return bits === 8 ? [1] : [];
  return [1, 2, 3, 4].filter((bytes) => bits >= 1 && bits <= 8 * bytes && (bits > 8 || bytes === 1));
}

function adpcmFormat({ numChannels, sampleRate, blockAlign, bitsPerSample }: FormatChunk): WavFormat {
  // each block begins with 4 bytes of state, then two samples a byte
  if (numChannels !== 1 || bitsPerSample !== 4 || blockAlign < 5) {
    throw new WavError("is IMA ADPCM of another kind than 4-bit mono, which is not supported");
  }
  return { encoding: "IMA ADPCM", channels: 1, sampleRate, bitDepth: 4, sampleBytes: blockAlign };
}

function parseChunk(chunk: Uint8Array, littleEndian: boolean): FormatChunk {
  const wav = new wavefile.WaveFile();
  try {
    wav.fromBuffer(wrapChunks(chunk, new Uint8Array(0), littleEndian), false);
  } catch (error) {
    throw new WavError(`has a damaged format (${error instanceof Error ? error.message : String(error)})`);
  }
  return wav.fmt as FormatChunk;
}

/** The smallest WAV file around a format and samples: the input that wavefile's parser gets, free of other chunks. */
export function wrapChunks(format: Uint8Array, data: Uint8Array, littleEndian: boolean): Uint8Array {
  const formatBytes = format.length + (format.length % 2);
  const file = new Uint8Array(20 + formatBytes + 8 + data.length);
  const view = new DataView(file.buffer);
  const name = (at: number, text: string): void => {
    file.set(new TextEncoder().encode(text), at);
  };
  name(0, littleEndian ? "RIFF" : "RIFX");
  view.setUint32(4, file.length - 8, littleEndian);
  name(8, "WAVEfmt ");
  view.setUint32(16, format.length, littleEndian);
  file.set(format, 20);
  name(20 + formatBytes, "data");
  view.setUint32(24 + formatBytes, data.length, littleEndian);
  file.set(data, 28 + formatBytes);
  return file;
}
