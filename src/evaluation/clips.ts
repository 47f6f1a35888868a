// The clips that a measurement listens to: recordings with their mels, whole or as short pieces.
import { basename, join } from "node:path";
import { melOfRecording, samplesAtRate } from "../audio/mel-analysis/mel-of-recording.js";
import { computeMel } from "../audio/mel-analysis/mel.js";
import type { Mel, MelFormat } from "../audio/mel-format/mel-format.js";
import { findRecordings } from "../audio/recording/find-recordings.js";
import { readRecording } from "../audio/recording/read-recording.js";
import { InputError } from "../errors.js";
import { isFolder } from "../files/is-folder.js";
import { readWholeFile } from "../files/read-whole-file.js";

/** A recording and its mel. */
export interface Clip {
  readonly name: string;
  /** At the mel format's rate, [n]. */
  readonly samples: Float32Array;
  /** [frames, bands] */
  readonly mel: Mel;
}

/** A list names no file. */
export class EmptyListError extends InputError {
  constructor(readonly list: string) {
    super(`The list '${list}' names no file: it needs one path a line.`);
  }
}

/**
 * The paths of recordings that arguments name: files, and folders with what is in and below them.
 *
 * @param list a text file, one path a line, relative to the one folder given: only these
 * @throws NoRecordingsError, EmptyListError, FileError; InputError for a list without a folder
 */
export async function clipPaths(paths: readonly string[], list?: string): Promise<string[]> {
  if (list !== undefined) {
    const [folder, ...more] = paths;
    if (folder === undefined || more.length > 0 || !(await isFolder(folder))) {
      throw new InputError("A list of files goes with one folder that its paths are relative to.");
    }
    const lines = new TextDecoder().decode(await readWholeFile(list)).split("\n");
    const names = lines.map((line) => line.trim()).filter((line) => line !== "");
    if (names.length === 0) throw new EmptyListError(list);
    return names.map((name) => join(folder, name));
  }
  const found = await Promise.all(
    paths.map(async (path) =>
      (await isFolder(path)) ? (await findRecordings(path)).map((name) => join(path, name)) : [path],
    ),
  );
  return found.flat();
}

/**
 * Reads clips.
 *
 * @throws FileError, RecordingError, and what melOfRecording throws
 */
export async function readClips(paths: readonly string[], format: MelFormat): Promise<Clip[]> {
  const clips: Clip[] = [];
  for (const path of paths) {
    const recording = await readRecording(path);
    const mel = await melOfRecording(recording, format);
    clips.push({ name: basename(path), samples: await samplesAtRate(recording, format.sampleRate), mel });
  }
  return clips;
}

/**
 * Pieces from the middles of clips spread evenly over those given, so that all voices of a sorted list are among them.
 *
 * @param seconds of all pieces together
 * @param longest seconds of one piece
 */
export function piecesOf(
  clips: readonly Clip[],
  format: MelFormat,
  seconds: number,
  longest: number,
): Clip[] {
  const count = Math.min(clips.length, Math.max(1, Math.round(seconds / longest)));
  return Array.from({ length: count }, (_, i) => {
    const { name, samples } = clips[Math.floor(((i + 0.5) * clips.length) / count)];
    const length = Math.min(samples.length, Math.round(longest * format.sampleRate));
    const from = Math.floor((samples.length - length) / 2);
    const piece = samples.slice(from, from + length);
    return { name, samples: piece, mel: computeMel(piece, format) };
  });
}

/** Seconds of audio in clips. */
export function secondsOf(clips: readonly Clip[]): number {
  return clips.reduce((sum, { samples, mel }) => sum + samples.length / mel.format.sampleRate, 0);
}

/**
 * The mel of clips joined one after the other, over again where they are too short, cut to a length: what speed is
 * measured on.
 *
 * @param seconds at least a frame of it
 */
export function joinedMel(clips: readonly Clip[], format: MelFormat, seconds: number): Mel {
  const { bands, hopLength, sampleRate } = format;
  const frames = Math.max(1, Math.round((seconds * sampleRate) / hopLength));
  const values = new Float32Array(frames * bands);
  for (let filled = 0, index = 0; filled < values.length; index++) {
    const part = clips[index % clips.length].mel.values.subarray(0, values.length - filled);
    values.set(part, filled);
    filled += part.length;
  }
  return { frames, format, values };
}
