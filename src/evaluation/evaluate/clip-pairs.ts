// Which recording belongs to which synthesis: those of the same name, whatever their endings. Names are compared without
// the folders that the files lie in, and with them where a name would not be unique otherwise.
import { basename, extname, join } from "node:path";
import { findRecordings } from "../../audio/recording/find-recordings.js";
import { InputError } from "../../errors.js";
import { isFolder } from "../../files/is-folder.js";

/** A recording and a synthesis of it. */
export interface ClipPair {
  readonly name: string;
  /** Paths. */
  readonly reference: string;
  readonly synthesis: string;
}

/** The pairs, and the names of files without a partner. */
export interface ClipPairs {
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
