// Where a WAV file's format and samples lie: a walk over the chunks of RIFF, RIFX (big endian) and RF64 (EBU Tech 3306,
// over 4 GB), which believes no size that the file's own length does not bear out, and reads only what it needs.
import { InputError } from "../../errors.js";
import type { ByteSource } from "../../files/byte-source.js";

/** A file that begins like a WAV file but cannot be read as one. */
export class WavError extends InputError {
  /** @param problem a clause about the file, such as "has no samples" */
  constructor(readonly problem: string) {
    super(`The WAV file ${problem}. Export it again, as 16-bit PCM for instance.`);
  }
}

/** The two chunks that matter. */
export interface WavChunks {
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

/** Whether a file begins as a WAV file does. */
export async function isWav(file: ByteSource): Promise<boolean> {
  const bytes = await file.read(0, HEADER_BYTES);
  return ["RIFF", "RIFX", "RF64"].includes(fourCharacters(bytes, 0)) && fourCharacters(bytes, 8) === "WAVE";
}

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
