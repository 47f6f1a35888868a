// A recording, as every reader returns it and every consumer takes it: in memory, or piece by piece.
import { type ByteSource, concatenate } from "../formats/bytes.js";

// What kind of recording a file begins as, told by its first bytes whatever its name says: apart from what decodes it,
// which takes long to load.

/** What a FLAC stream begins with. */
export const FLAC_MARKER = "fLaC";
const ID3_MARKER = "ID3";
const ID3_HEADER_BYTES = 10;
const RIFF_HEADER_BYTES = 12;

/** Whether a file begins as a recording does. */
export async function isRecording(file: ByteSource): Promise<boolean> {
  return (await isWav(file)) || (await isFlac(file));
}

/** Whether a file begins as a WAV file does. */
export async function isWav(file: ByteSource): Promise<boolean> {
  const start = text(await file.read(0, RIFF_HEADER_BYTES));
  return ["RIFF", "RIFX", "RF64"].includes(start.slice(0, 4)) && start.slice(8) === "WAVE";
}

/** Whether a file begins as a FLAC file does, with or without an ID3 tag before it. */
export async function isFlac(file: ByteSource): Promise<boolean> {
  return text(await file.read(await tagBytes(file), FLAC_MARKER.length)) === FLAC_MARKER;
}

/** Bytes of an ID3v2 tag before the stream, which some taggers write; 0 where there is none. */
export async function tagBytes(file: ByteSource): Promise<number> {
  const header = await file.read(0, ID3_HEADER_BYTES);
  if (header.length < ID3_HEADER_BYTES || text(header.subarray(0, 3)) !== ID3_MARKER) return 0;
  // four bytes of seven bits
  return ID3_HEADER_BYTES + header.subarray(6, 10).reduce((size, byte) => size * 128 + (byte & 127), 0);
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** A mono recording and what the file it came from was. */
export interface Recording {
  /** Samples in −1…1, channels averaged. */
  readonly samples: Float32Array;
  /** Hz. */
  readonly sampleRate: number;
  readonly source: RecordingSource;
}

/** A mono recording whose samples are decoded as they are asked for, so that memory does not grow with its length. */
export interface RecordingStream {
  /** Hz. */
  readonly sampleRate: number;
  readonly source: RecordingSource;
  /** Samples in all by the file's header; undefined where only reading tells. */
  readonly sampleCount: number | undefined;
  /**
   * All samples from the first one on, each time it is called, as a few seconds or less at a time: in −1…1, channels
   * averaged. A piece is the caller's own.
   *
   * @throws while it runs, for damage that only decoding finds, at the end too
   */
  pieces(): AsyncGenerator<Float32Array, void>;
}

/** What an audio file holds, before its channels were averaged. */
export interface RecordingSource {
  readonly container: "wav" | "flac";
  /** The samples' encoding as a person would name it: "16-bit integer", "32-bit float". */
  readonly encoding: string;
  readonly bitDepth: number;
  readonly channels: number;
  /** What is odd about the file and was put up with, each a sentence; empty for an ordinary one. */
  readonly remarks: readonly string[];
}

/** A stream's whole recording, in memory. */
export async function wholeRecording(stream: RecordingStream): Promise<Recording> {
  const pieces: Float32Array[] = [];
  for await (const piece of stream.pieces()) pieces.push(piece);
  return { samples: concatenate(pieces), sampleRate: stream.sampleRate, source: stream.source };
}
