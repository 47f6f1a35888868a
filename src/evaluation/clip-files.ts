// The files of clips: which belong together, which a command names, reading them, and measuring pairs in a thread.
import { basename, extname, join } from "node:path";
import { clippingWarning } from "../audio/inspection.js";
import type { Recording } from "../audio/recording.js";
import { melOfRecording, samplesAtRate } from "../audio/resample.js";
import type { MelFormat } from "../mel/format.js";
import { findRecordings, isFolder, readWholeFile } from "../host/node/read-files.js";
import { readInspected, readRecording } from "../host/node/recordings.js";
import { InputError } from "../errors.js";
import type { ThreadScript } from "../host.js";
import { type Clip, type ClipMeasurement, type ClipSamples, measureSamples } from "./clips.js";

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

// Pairs that lie in files or in memory, measured.

/** A file's path, or samples. */
export type ClipSource = string | ClipSamples;

/** Two clips to measure. */
export interface MeasureJob {
  readonly reference: ClipSource;
  readonly synthesis: ClipSource;
  /** What was noticed of clips in memory when they were read, each a sentence. */
  readonly remarks?: readonly string[];
}

/** A pair's measurement, and what was noticed of its files. */
export interface PairMeasurement extends ClipMeasurement {
  /** Each a sentence; left out where there is nothing to say. */
  readonly remarks?: readonly string[];
}

/**
 * Reads and measures a pair.
 *
 * @throws FileError, RecordingError, EmptyClipError, ResamplingError
 */
export async function measurePair({
  reference,
  synthesis,
  remarks = [],
}: MeasureJob): Promise<PairMeasurement> {
  const sides = [await readSide(reference), await readSide(synthesis)];
  const measured = await measureSamples(sides[0].clip, sides[1].clip);
  const all = [...remarks, ...sides.flatMap((side) => side.remarks)];
  return all.length === 0 ? measured : { ...measured, remarks: all };
}

async function readSide(
  source: ClipSource,
): Promise<{ readonly clip: ClipSamples; readonly remarks: readonly string[] }> {
  if (typeof source !== "string") return { clip: source, remarks: [] };
  const { recording, remarks } = await readWatched(source);
  return { clip: recording, remarks };
}

/**
 * Reads a recording and says where much of it is clipped: what is measured against it is then measured against distortion.
 *
 * @throws what readRecording throws
 */
export async function readWatched(
  path: string,
): Promise<{ readonly recording: Recording; readonly remarks: readonly string[] }> {
  const { recording, inspection } = await readInspected(path);
  const { clippedByChannel } = inspection;
  const warning = clippingWarning({ clippedByChannel, samples: recording.samples.length });
  return { recording, remarks: warning === undefined ? [] : [`'${path}': ${warning}`] };
}

/** A clip's samples, read where they lie in a file. @throws FileError, RecordingError */
export async function samplesOf(source: ClipSource): Promise<ClipSamples> {
  return typeof source === "string" ? readRecording(source) : source;
}

/** What a measuring thread can be asked: a pair keeps one core busy for a twentieth of its length. */
export type MeasureTasks = Readonly<{ measure: (job: MeasureJob) => Promise<PairMeasurement> }>;

/** The tasks of a thread. */
export const measureScript: ThreadScript<MeasureTasks> = { tasks: { measure: measurePair } };
