// Recordings in files, read piece by piece and recognised by what they hold, whatever their names say. An hour takes no
// more memory than a minute.
import { FileError, InputError } from "../errors.js";
import { type ByteSource, byteSource } from "../formats/bytes.js";
import { openFlac } from "./flac.js";
import { notRead, withCommand } from "./foreign-recording.js";
import { openWav } from "./read-wav.js";
import {
  type ChannelPiece,
  containerOf,
  mixedStream,
  type Recording,
  type RecordingStream,
  wholeRecording,
} from "./recording.js";
import { openSphere } from "./sphere.js";

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

/**
 * A recording in an open file. All samples are finite: where some are not, their piece is kept back, the rest is only
 * counted, and the error follows. Its pieces throw RecordingError for damage that only decoding finds,
 * NonNumberSamplesError and FileError.
 */
export interface OpenRecording extends RecordingStream {
  /** Closes the file, after which no more pieces can be read. */
  close(): Promise<void>;
}

/**
 * Opens a file of one of the containers that are read, and reads its header. The recording closes the file.
 *
 * @param path for messages
 * @throws RecordingError where it holds no usable recording; FileError
 */
export async function openRecordingIn(file: ByteSource, path: string): Promise<OpenRecording> {
  try {
    const stream = await openStream(file);
    return { ...mixedStream(stream, () => finitePieces(stream, path)), close: () => file.close() };
  } catch (error) {
    throw withPath(error, path);
  }
}

/**
 * The recording in a file's bytes, whose samples may be no numbers. Of two channels that cancel each other only the left
 * one is used.
 *
 * @throws WavError, FlacError, SphereError, ForeignRecordingError, NoRecordingError; FileError
 */
export async function openStream(file: ByteSource): Promise<RecordingStream> {
  const container = await containerOf(file);
  if (container === undefined) throw await notRead(file);
  const open = { wav: openWav, w64: openWav, flac: openFlac, sphere: openSphere }[container];
  return withoutCancelling(await open(file));
}

async function* finitePieces(stream: RecordingStream, path: string): AsyncGenerator<ChannelPiece, void> {
  let [taken, count, first] = [0, 0, 0];
  try {
    for await (const piece of stream.channelPieces()) {
      const { mono } = piece;
      for (let n = 0; n < mono.length; n++) {
        if (Number.isFinite(mono[n])) continue;
        if (count === 0) first = taken + n;
        count++;
      }
      taken += mono.length;
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
  return new RecordingError(path, withCommand(error, path).message, { cause: error });
}

/**
 * Decodes a recording's bytes.
 *
 * @returns at least one sample; those of a float file may be no numbers
 * @throws WavError, FlacError, SphereError, ForeignRecordingError, NoRecordingError
 */
export async function decodeRecording(bytes: Uint8Array): Promise<Recording> {
  return wholeRecording(await openStream(byteSource(bytes)));
}

// Two channels of which one is the other upside down, as a wrongly soldered cable leaves them: their mean is silence, and
// each of them alone is the recording.

/** How far the power of the mean lies below that of the channels where they cancel: by 20 dB or more. */
const CANCELLED = 0.01;
/** Power of a sample, on average over a second, from which on there is sound: −30 dBFS. */
const SOUND = 1e-3;

/**
 * The same recording, or its left channel alone where the two cancel each other, with a remark. Reads the first sound of
 * a file with two channels; where that cancels, and it rarely does, all of it.
 */
async function withoutCancelling(stream: RecordingStream): Promise<RecordingStream> {
  if (stream.source.channels !== 2 || !(await cancels(stream))) return stream;
  const source = {
    ...stream.source,
    used: "left" as const,
    get remarks() {
      return [
        ...stream.source.remarks,
        "Its two channels cancel each other: one is the other upside down. The left one alone was used.",
      ];
    },
  };
  return mixedStream({ ...stream, source }, async function* () {
    for await (const { channels } of stream.channelPieces()) yield { mono: channels[0], channels };
  });
}

async function cancels(stream: RecordingStream): Promise<boolean> {
  let [mean, both] = [0, 0];
  try {
    for await (const piece of stream.channelPieces()) {
      mean += power(piece.mono);
      both += meanPower(piece);
      if (both > SOUND * stream.sampleRate && mean >= CANCELLED * both) return false;
    }
  } catch {
    // whoever reads the samples meets the damage again
    return false;
  }
  return both > 0 && mean < CANCELLED * both;
}

function meanPower({ channels }: ChannelPiece): number {
  return channels.reduce((sum, channel) => sum + power(channel), 0) / channels.length;
}

function power(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum;
}
