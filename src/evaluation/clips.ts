// The clips that a measurement listens to: recordings with their mels, whole or as short pieces.
import { basename, extname, join } from "node:path";
import { melOfRecording, samplesAtRate } from "../audio/resample.js";
import { computeMel } from "../mel/analysis.js";
import type { Mel, MelFormat } from "../mel/format.js";
import { findRecordings, isFolder, readWholeFile } from "../host/node/read-files.js";
import { readRecording } from "../host/node/recordings.js";
import { InputError } from "../errors.js";

// Which recording belongs to which synthesis: those of the same name, whatever their endings. Names are compared without
// the folders that the files lie in, and with them where a name would not be unique otherwise.

/** A recording and a synthesis of it. */
interface ClipPair {
  readonly name: string;
  /** Paths. */
  readonly reference: string;
  readonly synthesis: string;
}

/** The pairs, and the names of files without a partner. */
interface ClipPairs {
  readonly pairs: readonly ClipPair[];
  readonly onlyReference: readonly string[];
  readonly onlySynthesis: readonly string[];
}

/** A named recording. */
export interface NamedClip {
  readonly name: string;
  readonly path: string;
}

/** No recording has the name of any synthesis. */
export class NoPairsError extends InputError {
  constructor(
    readonly references: string,
    readonly syntheses: string,
    examples: readonly [string, string],
  ) {
    super(
      `No file in '${syntheses}' has the name of one in '${references}': they hold '${examples[1]}' and ` +
        `'${examples[0]}', for example. A synthesis is named as its recording, up to the ending.`,
    );
  }
}

/** Two files of one folder have the same name but for their endings. */
export class AmbiguousNameError extends InputError {
  constructor(
    readonly folder: string,
    readonly files: readonly [string, string],
  ) {
    super(`'${files[0]}' and '${files[1]}' in '${folder}' have the same name. Remove or rename one of them.`);
  }
}

/**
 * Pairs the recordings in and below two folders, in alphabetical order; two files are a pair whatever their names.
 *
 * @throws NoPairsError, AmbiguousNameError, NoRecordingsError, FileError; InputError for a folder and a file
 */
export async function pairClips(references: string, syntheses: string): Promise<ClipPairs> {
  const folders = [await isFolder(references), await isFolder(syntheses)];
  if (folders[0] !== folders[1]) {
    const [folder, file] = folders[0] ? [references, syntheses] : [syntheses, references];
    throw new InputError(`'${folder}' is a folder and '${file}' is none. Name two folders, or two files.`);
  }
  if (!folders[0]) {
    const pair = { name: stem(basename(references)), reference: references, synthesis: syntheses };
    return { pairs: [pair], onlyReference: [], onlySynthesis: [] };
  }
  const found = [await findRecordings(references), await findRecordings(syntheses)];
  const withFolders = found.some((paths) => hasDuplicates(paths.map((path) => stem(basename(path)))));
  const [first, second] = [references, syntheses].map((folder, i) => byName(folder, found[i], withFolders));
  const pairs = [...first].flatMap(([name, path]) => {
    const synthesis = second.get(name);
    return synthesis === undefined
      ? []
      : [{ name, reference: join(references, path), synthesis: join(syntheses, synthesis) }];
  });
  if (pairs.length === 0) throw new NoPairsError(references, syntheses, [found[0][0], found[1][0]]);
  return {
    pairs,
    onlyReference: [...first.keys()].filter((name) => !second.has(name)),
    onlySynthesis: [...second.keys()].filter((name) => !first.has(name)),
  };
}

/**
 * The recordings in and below a folder, or the one that a path names.
 *
 * @throws NoRecordingsError, AmbiguousNameError, FileError
 */
export async function namedClips(path: string): Promise<NamedClip[]> {
  if (!(await isFolder(path))) return [{ name: stem(basename(path)), path }];
  return [...byName(path, await findRecordings(path), true)].map(([name, file]) => ({
    name,
    path: join(path, file),
  }));
}

function byName(folder: string, paths: readonly string[], withFolders: boolean): Map<string, string> {
  const named = new Map<string, string>();
  for (const path of paths) {
    const name = stem(withFolders ? path : basename(path));
    const other = named.get(name);
    if (other !== undefined) throw new AmbiguousNameError(folder, [other, path]);
    named.set(name, path);
  }
  return named;
}

function stem(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}

function hasDuplicates(names: readonly string[]): boolean {
  return new Set(names).size < names.length;
}

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
