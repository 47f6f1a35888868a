// What the fmt chunk of a WAV file says of its samples, read by wavefile and checked before a byte of them is touched.
// Microsoft's "Multiple Channel Audio Data and WAVE Files" describes the extensible form.
import wavefile from "wavefile/dist/wavefile.js";
import { InputError } from "../errors.js";
import type { ByteSource } from "../formats/bytes.js";

// Where a WAV file's format and samples lie: a walk over the chunks of RIFF, RIFX (big endian) and RF64 (EBU Tech 3306,
// over 4 GB), which believes no size that the file's own length does not bear out, and reads only what it needs.

/** A file that begins like a WAV file but cannot be read as one. */
export class WavError extends InputError {
  /** @param problem a clause about the file, such as "has no samples" */
  constructor(readonly problem: string) {
    super(`The WAV file ${problem}. Export it again, as 16-bit PCM for instance.`);
  }
}

/** The two chunks that matter. */
interface WavChunks {
  readonly littleEndian: boolean;
  /** Contents of the fmt chunk. */
  readonly format: Uint8Array;
  /** Where the samples' bytes begin in the file. */
  readonly dataStart: number;
  /** The samples' bytes that the file holds, whatever its header promises. */
  readonly dataBytes: number;
  /** Bytes of samples that the header promises, where it gives a length at all. */
  readonly promisedBytes: number | undefined;
}

const HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const UNKNOWN_SIZE = 0xffffffff;
/** The longest fmt and ds64 chunks that are looked at: those that exist have 40 and 28 bytes. */
const LONGEST_CONTENT = 4096;
/** Bytes read at a time in search of chunks. */
const WINDOW_BYTES = 4096;

/**
 * Finds the fmt and data chunks.
 *
 * @param file a file for which isWav holds
 * @throws WavError if one is missing; FileError
 */
export async function findChunks(file: ByteSource): Promise<WavChunks> {
  const littleEndian = fourCharacters(await file.read(0, 4), 0) !== "RIFX";
  let format: Uint8Array | undefined;
  let wideDataSize: number | undefined;
  let [at, windowStart] = [HEADER_BYTES, 0];
  let window: Uint8Array = new Uint8Array(0);
  while (at + CHUNK_HEADER_BYTES <= file.length) {
    // many at once, since a stretch of zeros reads as a row of empty chunks
    if (at + CHUNK_HEADER_BYTES > windowStart + window.length) {
      windowStart = at;
      window = await file.read(at, WINDOW_BYTES);
    }
    const header = window.subarray(at - windowStart, at - windowStart + CHUNK_HEADER_BYTES);
    const name = fourCharacters(header, 0);
    const size = viewOf(header).getUint32(4, littleEndian);
    const begin = at + CHUNK_HEADER_BYTES;
    const content = (): Promise<Uint8Array> => file.read(begin, Math.min(size, LONGEST_CONTENT));
    if (name === "fmt ") format = await content();
    // ds64 holds the sizes that 32 bits cannot: of the file, then of the data
    if (name === "ds64") {
      const sizes = await content();
      if (sizes.length >= 16) wideDataSize = Number(viewOf(sizes).getBigUint64(8, littleEndian));
    }
    if (name === "data") {
      if (format === undefined)
        throw new WavError("has its samples before their format, or no format at all");
      return { littleEndian, format, ...dataChunk(file.length, begin, size, wideDataSize) };
    }
    // chunks begin at even offsets
    at = begin + size + (size % 2);
  }
  throw new WavError(
    format === undefined ? "has neither a format nor samples" : "has no samples (no data chunk)",
  );
}

function dataChunk(
  fileLength: number,
  dataStart: number,
  size: number,
  wideSize: number | undefined,
): Pick<WavChunks, "dataStart" | "dataBytes" | "promisedBytes"> {
  const rest = fileLength - dataStart;
  // a program that writes to a pipe does not know the length beforehand and leaves 0 or all ones
  const unknown =
    (size === UNKNOWN_SIZE && wideSize === undefined) || (size === 0 && rest >= CHUNK_HEADER_BYTES);
  const promised = size === UNKNOWN_SIZE ? wideSize : size;
  if (unknown || promised === undefined) return { dataStart, dataBytes: rest, promisedBytes: undefined };
  return { dataStart, dataBytes: Math.min(promised, rest), promisedBytes: promised };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function fourCharacters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

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
