// Recordings in files, read piece by piece and recognised by what they hold, whatever their names say. An hour takes no
// more memory than a minute.
import { FileError, InputError } from "../errors.js";
import { type ByteSource, byteSource } from "../formats/bytes.js";
import { openFlac } from "./flac.js";
import { openWav } from "./read-wav.js";
import { isFlac, isWav, type Recording, type RecordingStream, wholeRecording } from "./recording.js";

/** A recording could not be read; the message names the file, `cause` is what its reader found. */
export class RecordingError extends InputError {
  constructor(
    readonly path: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`'${path}' cannot be used as a recording. ${problem}`, options);
  }
}

/** A float file holds samples that are no numbers. */
export class NonNumberSamplesError extends RecordingError {
  constructor(
    path: string,
    readonly count: number,
    readonly firstSeconds: number,
  ) {
    super(
      path,
      `It has ${count === 1 ? "a sample that is" : `${count} samples that are`} NaN or infinite, the first at ${firstSeconds.toFixed(3)} s. ` +
        "Write it again from its source.",
    );
  }
}

/** A recording in an open file. */
export interface OpenRecording extends RecordingStream {
  /**
   * As in RecordingStream. All samples are finite: where some are not, their piece is kept back, the rest is only
   * counted, and the error follows.
   *
   * @throws RecordingError for damage that only decoding finds, NonNumberSamplesError; FileError
   */
  pieces(): AsyncGenerator<Float32Array, void>;
  /** Closes the file, after which no more pieces can be read. */
  close(): Promise<void>;
}

/**
 * Opens a WAV or FLAC file and reads its header. The recording closes the file.
 *
 * @param path for messages
 * @throws RecordingError where it holds no usable recording; FileError
 */
export async function openRecordingIn(file: ByteSource, path: string): Promise<OpenRecording> {
  try {
    const stream = await openStream(file);
    return { ...stream, pieces: () => finitePieces(stream, path), close: () => file.close() };
  } catch (error) {
    throw withPath(error, path);
  }
}

/**
 * The recording in a file's bytes, whose samples may be no numbers.
 *
 * @throws WavError, FlacError, InputError for bytes that are neither; FileError
 */
export async function openStream(file: ByteSource): Promise<RecordingStream> {
  if (await isWav(file)) return openWav(file);
  if (await isFlac(file)) return openFlac(file);
  const what = file.length === 0 ? "It is empty" : "It is neither WAV nor FLAC";
  throw new InputError(`${what}. Convert it, with 'ffmpeg -i INPUT OUTPUT.wav' for instance.`);
}

async function* finitePieces(stream: RecordingStream, path: string): AsyncGenerator<Float32Array, void> {
  let [taken, count, first] = [0, 0, 0];
  try {
    for await (const piece of stream.pieces()) {
      for (let n = 0; n < piece.length; n++) {
        if (Number.isFinite(piece[n])) continue;
        if (count === 0) first = taken + n;
        count++;
      }
      taken += piece.length;
      if (count === 0) yield piece;
    }
  } catch (error) {
    throw withPath(error, path);
  }
  if (count > 0) throw new NonNumberSamplesError(path, count, first / stream.sampleRate);
}

/** An error about a recording names its file; one of the file system does so already. */
function withPath(error: unknown, path: string): unknown {
  if (!(error instanceof InputError) || error instanceof FileError || error instanceof RecordingError)
    return error;
  return new RecordingError(path, error.message, { cause: error });
}

/**
 * Decodes a WAV or FLAC file's bytes.
 *
 * @returns at least one sample; those of a float file may be no numbers
 * @throws WavError, FlacError, InputError for bytes that are neither
 */
export async function decodeRecording(bytes: Uint8Array): Promise<Recording> {
  return wholeRecording(await openStream(byteSource(bytes)));
}
