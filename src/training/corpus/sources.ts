// Which recordings a corpus consists of and which of them are held out: all in and below a folder or those of a list;
// held out by a list or by a stable hash of the file name.
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve, sep } from "node:path";
import { describeSystemError, findRecordings, readWholeFile } from "../../host/node/read-files.js";
import { InputError } from "../../errors.js";
import { isRecordingName } from "../../audio/recording.js";
import type { MelFormat } from "../../mel/format.js";
import type { RecordingInspection } from "../../audio/inspection.js";

// What makes a recording useless for training: silence, clipping, or too little of it.

/** The fewest mel frames that are trained on: a crop. */
export const DEFAULT_MINIMUM_FRAMES = 64;
/** A peak below it is silence: −60 dBFS. */
export const SILENT_PEAK = 1e-3;
/** Share of clipped samples from which on a recording is left out; a few in a long recording do no harm. */
const CLIPPED_SHARE = 1e-3;
/** A peak that only floats have which hold the values of integers. */
const INTEGER_PEAK_DB = 40;

/** Why a recording is not trained on, a sentence with the measured fact; undefined where it is. */
export function unusableReason(
  { seconds, sampleRate, peakDb, clippedSamples }: RecordingInspection,
  format: MelFormat,
  minimumFrames: number,
): string | undefined {
  const frames = Math.floor((seconds * format.sampleRate) / format.hopLength);
  if (frames < minimumFrames) {
    const needed = (minimumFrames * format.hopLength) / format.sampleRate;
    return `It is too short: ${seconds.toFixed(2)} s, and a crop takes ${needed.toFixed(2)} s.`;
  }
  if (peakDb === -Infinity) return "It is digital silence throughout.";
  if (peakDb < 20 * Math.log10(SILENT_PEAK)) return `It is silent: its peak is ${peakDb.toFixed(0)} dBFS.`;
  if (peakDb > INTEGER_PEAK_DB)
    return `Its peak is ${peakDb.toFixed(0)} dB above full scale: its floats seem to hold integers. Divide them by 32768.`;
  const share = clippedSamples / (seconds * sampleRate);
  if (share > CLIPPED_SHARE)
    return `It is clipped: ${(100 * share).toPrecision(2)} % of its samples are cut off at full scale.`;
  return undefined;
}

/** A file of the corpus as it was found, for telling later whether it changed. */
export interface SourceFile {
  /** Relative to its folder, with forward slashes. */
  readonly name: string;
  readonly path: string;
  readonly size: number;
  /** Time of the last change, in milliseconds. */
  readonly modified: number;
}

/** A recording of the corpus. */
export interface Source extends SourceFile {
  readonly heldOut: boolean;
}

/** A file and why it is left out. */
export interface Problem {
  readonly name: string;
  readonly reason: string;
}

/** Which files to take. */
export interface SourceOptions {
  readonly folder: string;
  /** A text file, one path a line relative to the folder: only these. */
  readonly fileList?: string;
  /** A text file of names, with or without extension and folder: the held-out part. */
  readonly heldOutList?: string;
  /** Without a list, the share that is held out; 0.02 if not said. */
  readonly heldOutShare?: number;
}

/** The share that is held out where nothing is said. */
const DEFAULT_HELD_OUT_SHARE = 0.02;

/** The recordings of a corpus. */
interface FoundSources {
  readonly sources: readonly Source[];
  /** Listed files that are not there or cannot be looked at. */
  readonly problems: readonly Problem[];
  /** Recordings in the folder that are not listed. */
  readonly unlisted: readonly string[];
  /** What is odd about the lists, each a sentence. */
  readonly remarks: readonly string[];
}

/**
 * Finds a corpus's recordings, in alphabetical order.
 *
 * @throws NoRecordingsError, FileError; InputError where a list names nothing that is there
 */
export async function findSources(options: SourceOptions): Promise<FoundSources> {
  const { folder, fileList, heldOutList, heldOutShare = DEFAULT_HELD_OUT_SHARE } = options;
  if (!(heldOutShare > 0 && heldOutShare < 1))
    throw new InputError(`The held-out share is ${heldOutShare}, and it has to be between 0 and 1.`);
  const found = (await findRecordings(folder)).map((name) => name.split(sep).join("/"));
  const { names, missing } = fileList === undefined ? all(found) : await listed(found, folder, fileList);
  const { isHeldOut, remarks } =
    heldOutList === undefined
      ? { isHeldOut: (name: string): boolean => nameShare(name) < heldOutShare, remarks: [] }
      : await heldOutByList(names, found, folder, heldOutList);
  const sources: Source[] = [];
  const problems = missing.map((name) => ({ name, reason: "It is listed, but not in the folder." }));
  for (const name of names) {
    try {
      sources.push({ ...(await statFile(name, join(folder, name))), heldOut: isHeldOut(name) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push({ name, reason: error.message });
    }
  }
  const chosen = new Set(names);
  return { sources, problems, unlisted: found.filter((name) => !chosen.has(name)), remarks };
}

/** A file's size and time of change. @throws FileError */
export async function statFile(name: string, path: string): Promise<SourceFile> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { name, path, size, modified: mtimeMs };
  } catch (error) {
    throw describeSystemError(error, path);
  }
}

/**
 * Where a file's name falls in 0…1, always the same for the same name: below the share, it is held out. Folder and
 * ending do not count, so that the same sentence by another speaker falls with it.
 */
export function nameShare(name: string): number {
  const digest = createHash("sha256")
    .update(basename(withoutEnding(name)))
    .digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** A name without its ending, if it has one of a recording. */
export function withoutEnding(name: string): string {
  return isRecordingName(name) ? name.slice(0, name.length - extname(name).length) : name;
}

interface Chosen {
  readonly names: readonly string[];
  readonly missing: readonly string[];
}

function all(found: readonly string[]): Chosen {
  return { names: found, missing: [] };
}

async function listed(found: readonly string[], folder: string, fileList: string): Promise<Chosen> {
  const lines = await readList(fileList);
  const byName = new Map(
    found.flatMap((name) => [[withoutEnding(name), name] as const, [name, name] as const]),
  );
  const names = [...new Set(lines.flatMap((line) => byName.get(line) ?? []))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  if (names.length === 0)
    throw new InputError(
      `None of the ${lines.length} names in '${fileList}' is a recording in '${folder}'; the first is '${lines[0]}'. ` +
        "Write one path a line, relative to that folder.",
    );
  return { names, missing: lines.filter((line) => !byName.has(line)) };
}

async function heldOutByList(
  names: readonly string[],
  found: readonly string[],
  folder: string,
  list: string,
): Promise<{ readonly isHeldOut: (name: string) => boolean; readonly remarks: readonly string[] }> {
  const lines = new Set((await readList(list)).map(withoutEnding));
  // every tail of the whole path, since a list may be relative to a folder above
  const tailsOf = (name: string): string[] => {
    const tails: string[] = [];
    for (let path = withoutEnding(resolve(folder, name)).split(sep).join("/"); path !== dirname(path);) {
      tails.push(tails.length === 0 ? basename(path) : `${basename(path)}/${tails[tails.length - 1]}`);
      path = dirname(path);
    }
    return tails;
  };
  const isListed = (name: string): boolean => tailsOf(name).some((tail) => lines.has(tail));
  if (!names.some(isListed))
    throw new InputError(
      `None of the ${lines.size} names in '${list}' is among the recordings of '${folder}', so nothing would be held out. ` +
        "Write one file name a line.",
    );
  const known = new Set(found.flatMap(tailsOf));
  const unknown = [...lines].filter((line) => !known.has(line));
  return {
    isHeldOut: isListed,
    remarks: unknown.length === 0 ? [] : [unknownNames(unknown, lines.size, list)],
  };
}

const MOST_UNKNOWN = 5;

function unknownNames(unknown: readonly string[], total: number, list: string): string {
  const named = unknown.slice(0, MOST_UNKNOWN).map((name) => `'${name}'`);
  const more = unknown.length > MOST_UNKNOWN ? ` and ${unknown.length - MOST_UNKNOWN} more` : "";
  return (
    `${unknown.length} of the ${total} names in '${list}' ${unknown.length === 1 ? "is no recording" : "are no recordings"} ` +
    `here, so ${unknown.length === 1 ? "it is" : "they are"} not held out: ${named.join(", ")}${more}.`
  );
}

/** The names in a text file: a line each, up to a '|' behind which some lists keep the text; '#' begins a remark. */
async function readList(path: string): Promise<string[]> {
  const lines = new TextDecoder()
    .decode(await readWholeFile(path))
    .split(/\r?\n/)
    .map((line) => line.split("|")[0].trim().replaceAll("\\", "/").replace(/^\.\//, ""))
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0) throw new InputError(`The list '${path}' is empty. Write one file name a line.`);
  return lines;
}
