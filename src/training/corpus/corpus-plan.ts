// What a corpus needs in its cache, what of it is there, and which utterances come of it.
import { join } from "node:path";
import type { CacheEntry } from "./corpus-index.js";
import { withoutWaste } from "./corpus-index.js";
import {
  nameShare,
  statFile,
  withoutEnding,
  type Problem,
  type Source,
  type SourceFile,
} from "./corpus-sources.js";
import { looksSame } from "./file-content.js";
import type { WantedRecording } from "./prepare-corpus.js";
import type { Copy } from "./prepare-recording.js";

/** A recording at one speed. */
export interface Utterance {
  /** Relative to the corpus's folder. */
  readonly name: string;
  readonly speed: number;
  readonly heldOut: boolean;
  /** Whole mel frames; its samples are frames·hop. */
  readonly frames: number;
}

/** What has to be in the cache, and the recordings that lack a mel. */
export async function planRecordings(
  sources: readonly Source[],
  speeds: readonly number[],
  mels?: string,
): Promise<{ readonly wanted: readonly WantedRecording[]; readonly withoutMel: readonly Problem[] }> {
  const wanted: WantedRecording[] = [];
  const withoutMel: Problem[] = [];
  for (const source of sources) {
    const recording = { source, speeds: source.heldOut ? [1] : speeds };
    const mel = mels === undefined ? undefined : await findMel(mels, source.name);
    if (mels === undefined) wanted.push(recording);
    else if (mel === undefined)
      withoutMel.push({ name: source.name, reason: "There is no mel file for it." });
    else wanted.push({ ...recording, mel });
  }
  return { wanted, withoutMel };
}

/** The mel file of a recording: in the same folder below `mels`, or right in it. */
async function findMel(mels: string, name: string): Promise<SourceFile | undefined> {
  const stem = withoutEnding(name);
  const flat = stem.slice(stem.lastIndexOf("/") + 1);
  for (const place of new Set([stem, flat])) {
    for (const ending of [".mel", ".npy", ".safetensors"]) {
      const file = await statFile(place + ending, join(mels, place + ending)).catch(() => undefined);
      if (file !== undefined) return file;
    }
  }
  return undefined;
}

/** What the cache holds of the wanted recordings as they are now, and of others that are still there. */
export function currentEntries(
  stored: ReadonlyMap<string, CacheEntry>,
  wanted: readonly WantedRecording[],
  unlisted: readonly string[],
): Map<string, CacheEntry> {
  const current = wanted.flatMap((one) => {
    const entry = stored.get(one.source.name);
    return entry !== undefined && isCurrent(entry, one) ? [entry] : [];
  });
  const others = unlisted.flatMap((name) => stored.get(name) ?? []);
  return withoutWaste(new Map([...current, ...others].map((entry) => [entry.name, entry])));
}

function isCurrent(entry: CacheEntry, { source, mel }: WantedRecording): boolean {
  return looksSame(entry, source) && looksSame(entry.mel, mel);
}

/** The held-out ones of the usable recordings: one at least, where there is any. */
export function heldOutAmong(usable: readonly Source[]): ReadonlySet<Source> {
  const chosen = usable.filter(({ heldOut }) => heldOut);
  if (chosen.length > 0) return new Set(chosen);
  // no name's hash may have chosen any, or none that was chosen is usable
  const nearest = [...usable].sort((a, b) => nameShare(a.name) - nameShare(b.name));
  return new Set(nearest.slice(0, 1));
}

/** The utterances of usable recordings, and where they stand. */
export function placeUtterances(
  sources: readonly Source[],
  entries: ReadonlyMap<string, CacheEntry>,
  speeds: readonly number[],
): Map<Utterance, Copy> {
  const usable = sources.filter(({ name }) => entries.get(name)?.copies.some(({ frames }) => frames > 0));
  const heldOutSources = heldOutAmong(usable);
  const places = new Map<Utterance, Copy>();
  for (const source of usable) {
    const heldOut = heldOutSources.has(source);
    for (const speed of heldOut ? [1] : speeds) {
      const copy = entries.get(source.name)?.copies.find((one) => one.speed === speed);
      if (copy !== undefined && copy.frames > 0)
        places.set({ name: source.name, speed, heldOut, frames: copy.frames }, copy);
    }
  }
  return places;
}
