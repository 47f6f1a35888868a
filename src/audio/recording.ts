// A recording, as every reader returns it and every consumer takes it: in memory, or piece by piece.
import { concatenate } from "../formats/bytes.js";

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
