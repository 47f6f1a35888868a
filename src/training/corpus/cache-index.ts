// index.json of a cache: what was made of which file, and where it stands. It is written whole, after the data that it
// names, so that whatever a kill leaves behind it is either named there and complete, or unknown and removed.
import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FORMAT_DEFAULTS, formatsEqual, MEL_FORMAT_FIELDS, type MelFormat } from "../../mel/format.js";
import { describeSystemError, systemCode } from "../../host/node/read-files.js";
import { writeAtomically } from "../../host/node/write-files.js";
import { allPartFiles, partHolds, partOfFile } from "./cache-part.js";
import type { Copy } from "./prepare-recording.js";

/** Counts up whenever the same file would be prepared differently. */
const VERSION = 1;
const INDEX = "index.json";
/** Counts up when files can be read that could not be before: what was left out then is tried again. */
export const READER = 2;
/** A part that nobody names may be another run's that is at work, as long as it changed so recently. */
const AT_WORK_MS = 600_000;
/** The share of a part that has to be in use, else it is made anew. */
const LEAST_IN_USE = 0.5;

/** A file as it was when it was prepared. */
export interface FileStamp {
  readonly name: string;
  readonly size: number;
  readonly modified: number;
  /** Of its content; not in caches of before it was noted. */
  readonly digest?: string;
}

/** What was made of a recording. */
export interface CacheEntry extends FileStamp {
  /** The mel file that was used in place of a computed mel. */
  readonly mel?: FileStamp;
  /** Why there are no copies. */
  readonly problem?: string;
  /** The reader that met the problem; 1 where the cache does not say. */
  readonly reader?: number;
  /** The problem may be gone next time, though the file stays the same; it is not stored. */
  readonly passing?: boolean;
  readonly copies: readonly Copy[];
  /** Of the recording's prepared samples: recordings of one sound have one; not in caches of before it was noted. */
  readonly sound?: string;
}

/** What the entries were prepared for. */
export interface CacheSettings {
  readonly format: MelFormat;
  readonly minimumFrames: number;
}

/** What a cache's folder is named by, besides the folders that it was made of. */
type FolderSettings = CacheSettings & { readonly melReading?: unknown };

/**
 * The folder in which a cache keeps a corpus in one format, so that runs on others do not disturb it.
 *
 * @param folders the corpus's own, that of its recordings and perhaps that of its mels
 */
export function cacheFolderOf(cache: string, settings: FolderSettings, folders: readonly string[]): string {
  return folderOfKey(
    cache,
    settings,
    folders.filter((folder) => folder !== "").map((folder) => resolve(folder)),
  );
}

/**
 * Moves a cache of an earlier version to where it is looked for: without mels its name depended on the folder that the
 * program was started in.
 */
export async function adoptEarlierFolder(
  cache: string,
  settings: FolderSettings,
  folders: readonly string[],
): Promise<void> {
  const earlier = folderOfKey(
    cache,
    settings,
    folders.map((folder) => resolve(folder)),
  );
  const present = cacheFolderOf(cache, settings, folders);
  if (present === earlier || (await exists(present)) || !(await exists(earlier))) return;
  // where another process was quicker, its folder is there
  await rename(earlier, present).catch(() => undefined);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function folderOfKey(
  cache: string,
  { format, minimumFrames, melReading }: FolderSettings,
  folders: readonly string[],
): string {
  // fields that a format leaves out are left out here too, so that the folders of older caches are found
  const fields = MEL_FORMAT_FIELDS.flatMap((field): unknown[] => {
    if (format[field] === undefined) return [];
    return Object.hasOwn(FORMAT_DEFAULTS, field) || field === "bankRate"
      ? [[field, format[field]]]
      : [format[field]];
  });
  // hashed, since a cache is to name no folder outside itself
  const key = JSON.stringify([
    fields,
    minimumFrames,
    folders,
    ...(melReading === undefined ? [] : [melReading]),
  ]);
  return join(cache, `corpus-${createHash("sha256").update(key).digest("hex").slice(0, 12)}`);
}

interface StoredIndex extends CacheSettings {
  readonly version: number;
  readonly recordings: readonly CacheEntry[];
}

/**
 * The entries of a cache by name: those that were made for the same settings and whose data are all there. None for a
 * new, foreign or damaged cache.
 *
 * @throws FileError where the folder cannot be read
 */
export async function readIndex(folder: string, settings: CacheSettings): Promise<Map<string, CacheEntry>> {
  const index = await parseIndex(folder);
  const fits =
    index?.version === VERSION &&
    formatsEqual(index.format, settings.format) &&
    index.minimumFrames === settings.minimumFrames;
  if (!fits) return new Map();
  const ends = new Map<string, number>();
  for (const { part, at, frames } of copiesOf(index.recordings))
    ends.set(part, Math.max(ends.get(part) ?? 0, at + frames));
  const whole = new Set(
    [...ends].filter(([part, end]) => partHolds(folder, part, end, settings.format)).map(([part]) => part),
  );
  const complete = index.recordings.filter(({ copies }) =>
    copies.every(({ frames, part }) => frames === 0 || whole.has(part)),
  );
  return new Map(complete.map((entry) => [entry.name, entry]));
}

/** The entries without those in parts of which little is still in use. */
export function withoutWaste(entries: ReadonlyMap<string, CacheEntry>): Map<string, CacheEntry> {
  const parts = new Map<string, { used: number; end: number }>();
  for (const { part, at, frames } of copiesOf([...entries.values()])) {
    const { used, end } = parts.get(part) ?? { used: 0, end: 0 };
    parts.set(part, { used: used + frames, end: Math.max(end, at + frames) });
  }
  const isWorthKeeping = ({ part, frames }: Copy): boolean => {
    const { used, end } = parts.get(part) ?? { used: 0, end: 0 };
    return frames === 0 || used >= LEAST_IN_USE * end;
  };
  return new Map([...entries].filter(([, { copies }]) => copies.every(isWorthKeeping)));
}

/** Writes the entries; the data that they name are on the disk already. @throws FileError */
export async function writeIndex(
  folder: string,
  settings: CacheSettings,
  recordings: readonly CacheEntry[],
): Promise<void> {
  const { format, minimumFrames } = settings;
  const index: StoredIndex = { version: VERSION, format, minimumFrames, recordings };
  await writeAtomically(join(folder, INDEX), JSON.stringify(index));
}

/** Removes the parts that no entry names, unless another run may be writing them. */
export async function removeUnusedParts(folder: string, entries: Iterable<CacheEntry>): Promise<void> {
  const used = new Set(copiesOf([...entries]).flatMap(({ part }) => allPartFiles(part)));
  for (const name of await readdir(folder).catch(() => [])) {
    if (partOfFile(name) === undefined || used.has(name)) continue;
    try {
      const path = join(folder, name);
      if (Date.now() - (await stat(path)).mtimeMs > AT_WORK_MS) await rm(path, { force: true });
    } catch {
      // it only takes space, and the next run tries again
    }
  }
}

function copiesOf(entries: readonly CacheEntry[]): Copy[] {
  return entries.flatMap(({ copies }) => copies).filter(({ frames }) => frames > 0);
}

async function parseIndex(folder: string): Promise<StoredIndex | undefined> {
  const path = join(folder, INDEX);
  try {
    const index: unknown = JSON.parse(await readFile(path, "utf8"));
    return isIndex(index) ? index : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) === "ENOENT") return undefined;
    throw describeSystemError(error, path);
  }
}

function isIndex(value: unknown): value is StoredIndex {
  // only this module writes it, so what carries the version has its shape
  return (
    typeof value === "object" &&
    value !== null &&
    (value as Partial<StoredIndex>).version === VERSION &&
    Array.isArray((value as Partial<StoredIndex>).recordings)
  );
}
