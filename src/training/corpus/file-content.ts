// Tells a file that only looks changed from one that is: after copying a corpus, unpacking or checking it out again, all
// its files have new times and the same content, and hours of preparation would be lost for nothing.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { CacheEntry, FileStamp } from "./corpus-index.js";
import type { SourceFile } from "./corpus-sources.js";
import type { WantedRecording } from "./prepare-corpus.js";

/** What a cache notes about a file. One that cannot be read has no digest. */
export async function stampOf({ name, path, size, modified }: SourceFile): Promise<FileStamp> {
  const digest = await digestOf(path);
  return { name, size, modified, ...(digest !== undefined && { digest }) };
}

/** SHA-256 of a file, 128 bits of it in hexadecimal; undefined where it cannot be read. */
async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), hash);
  } catch {
    // whoever wants what is in it says so
    return undefined;
  }
  return hash.digest("hex").slice(0, 32);
}

/** Whether a file is as it was by size and time. */
export function looksSame(stored: FileStamp | undefined, found: FileStamp | undefined): boolean {
  return stored?.name === found?.name && stored?.size === found?.size && stored?.modified === found?.modified;
}

/**
 * Brings the times of entries up to date whose files have new ones and the content that they had. Only files of the same
 * size are read.
 *
 * @param entries of a cache, by name; changed
 * @returns how many were brought up to date
 */
export async function acceptSameContent(
  entries: Map<string, CacheEntry>,
  wanted: readonly WantedRecording[],
  signal?: AbortSignal,
): Promise<number> {
  let accepted = 0;
  for (const { source, mel } of wanted) {
    signal?.throwIfAborted();
    const entry = entries.get(source.name);
    if (entry === undefined || (looksSame(entry, source) && looksSame(entry.mel, mel))) continue;
    const same = (await hasContentOf(entry, source)) && (await hasContentOf(entry.mel, mel));
    if (!same) continue;
    const melStamp = entry.mel && mel && { ...entry.mel, modified: mel.modified };
    entries.set(source.name, {
      ...entry,
      modified: source.modified,
      ...(melStamp && { mel: melStamp }),
    });
    accepted++;
  }
  return accepted;
}

async function hasContentOf(stored: FileStamp | undefined, found: SourceFile | undefined): Promise<boolean> {
  if (looksSame(stored, found)) return true;
  if (stored?.digest === undefined || found === undefined) return false;
  if (stored.name !== found.name || stored.size !== found.size) return false;
  return stored.digest === (await digestOf(found.path));
}
