// What a corpus needs in its cache, what of it is there, and which utterances come of it.
import { basename, extname, join } from "node:path";
import { findFiles } from "../../host/node/read-files.js";
import { type CacheEntry, type FileStamp, withoutWaste } from "./cache-index.js";
import { nameShare, type Problem, type Source, type SourceFile, statFile, withoutEnding } from "./sources.js";
import type { WantedRecording } from "./prepare-corpus.js";
import type { Copy } from "./prepare-recording.js";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

// Tells a file that only looks changed from one that is: after copying a corpus, unpacking or checking it out again, all
// its files have new times and the same content, and hours of preparation would be lost for nothing.

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
function looksSame(stored: FileStamp | undefined, found: FileStamp | undefined): boolean {
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
): Promise<{
  readonly wanted: readonly WantedRecording[];
  readonly withoutMel: readonly Problem[];
  /** What is odd about the mels, each a sentence. */
  readonly melRemarks: readonly string[];
}> {
  const wanted: WantedRecording[] = [];
  const withoutMel: Problem[] = [];
  const named = mels === undefined ? undefined : await melsByName(mels);
  for (const source of sources) {
    // a single one is trained on and held out, part by part
    const recording = { source, speeds: source.heldOut && sources.length > 1 ? [1] : speeds };
    if (mels === undefined || named === undefined) {
      wanted.push(recording);
      continue;
    }
    const mel = await findMel(mels, source.name, named);
    if (typeof mel === "string") withoutMel.push({ name: source.name, reason: mel });
    else wanted.push({ ...recording, mel });
  }
  const lacking = withoutMel.find(({ reason }) => reason === NO_MEL);
  return { wanted, withoutMel, melRemarks: lacking ? [namesLookedFor(lacking.name)] : [] };
}

const NO_MEL = "There is no mel file for it.";

/** Which names a mel file might have had, for one recording as an example. */
function namesLookedFor(name: string): string {
  const flat = basename(withoutEnding(name));
  return (
    `The mel file of '${name}' was looked for as ${flat}, mel-${flat}, VOICE-mel-${flat}, ${flat}-mel and ${flat}-feats, with ` +
    `one of the endings ${MEL_ENDINGS.join(", ")}.`
  );
}

const MEL_ENDINGS = [".mel", ".npy", ".safetensors", ".npz", ".pt"];
/** What other tools put before a recording's name or after it: mel-NAME, VOICE-mel-NAME, NAME-mel, NAME-feats. */
const MEL_PREFIX = /^(?:.*[-_])?mel(?:s|spec)?[-_.]/i;
const MEL_SUFFIX = /[-_.](?:mel(?:s|spec)?|feats)$/i;

/** The mel files below a folder by the recordings' names that their own names hold, without folders. */
async function melsByName(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const byName = new Map<string, string[]>();
  for (const path of await findFiles(folder, (name) => MEL_ENDINGS.includes(extname(name).toLowerCase()))) {
    const name = basename(path, extname(path));
    const stems = [name.replace(MEL_PREFIX, ""), name.replace(MEL_SUFFIX, "")].filter(
      (stem) => stem !== name,
    );
    for (const stem of new Set(stems)) byName.set(stem, [...(byName.get(stem) ?? []), path]);
  }
  return byName;
}

/**
 * The mel file of a recording: in the same folder below `mels`, or right in it; else one whose name holds the recording's.
 *
 * @returns the file, or why there is none
 */
async function findMel(
  mels: string,
  name: string,
  named: ReadonlyMap<string, readonly string[]>,
): Promise<SourceFile | string> {
  const stem = withoutEnding(name);
  const flat = basename(stem);
  for (const place of new Set([stem, flat])) {
    for (const ending of MEL_ENDINGS) {
      const file = await statFile(place + ending, join(mels, place + ending)).catch(() => undefined);
      if (file !== undefined) return file;
    }
  }
  const others = named.get(flat) ?? [];
  if (others.length === 1) return statFile(others[0], join(mels, others[0]));
  if (others.length > 1)
    return `Several mel files could be its own: ${others.slice(0, 3).join(", ")}. Name the right one ${flat}${extname(others[0])}.`;
  return NO_MEL;
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

/** The share of a single recording that is held out: its end. */
const HELD_OUT_END = 0.1;
/** Frames between what is trained on and what is held out, so that no crop and no window sees both. */
const GAP = 16;

/**
 * A single recording in two: all but its end to train on, and the end to measure on.
 *
 * @param natural frames of the recording itself
 * @param fewest frames of each part
 * @returns the first frame of the end; undefined where it is too short for two parts
 */
function endOf(natural: number, fewest: number): number | undefined {
  const length = Math.max(fewest, Math.round(HELD_OUT_END * natural));
  const first = natural - length;
  return first - GAP >= fewest ? first : undefined;
}

function splitByTime(
  name: string,
  copies: readonly Copy[],
  speeds: readonly number[],
  fewest: number,
): Map<Utterance, Copy> | undefined {
  const natural = copies.find(({ speed }) => speed === 1);
  const first = natural && endOf(natural.frames, fewest);
  if (natural === undefined || first === undefined) return undefined;
  const places = new Map<Utterance, Copy>();
  for (const speed of speeds) {
    const copy = copies.find((one) => one.speed === speed);
    const frames = Math.floor((first - GAP) / speed);
    if (copy && frames >= fewest) places.set({ name, speed, heldOut: false, frames }, { ...copy, frames });
  }
  const frames = natural.frames - first;
  const end = { ...natural, at: natural.at + first, frames };
  return places.set({ name: `${name} (its end)`, speed: 1, heldOut: true, frames }, end);
}

/** What is odd about the recordings as they are used, each a sentence. */
export function remarksOn(
  sources: readonly Source[],
  entries: ReadonlyMap<string, CacheEntry>,
  places: ReadonlyMap<Utterance, Copy>,
): string[] {
  const heldOut = new Set([...places.keys()].filter((one) => one.heldOut).map(({ name }) => name));
  const bySound = new Map<string, string[]>();
  for (const { name } of sources) {
    const { sound, copies = [] } = entries.get(name) ?? {};
    if (sound === undefined || !copies.some(({ frames }) => frames > 0)) continue;
    bySound.set(sound, [...(bySound.get(sound) ?? []), name]);
  }
  const twins = [...bySound.values()].filter((names) => names.length > 1);
  const leaked = twins.filter(
    (names) => names.some((name) => heldOut.has(name)) && !names.every((name) => heldOut.has(name)),
  );
  const told = twins.slice(0, MOST_TWINS).map((names) => names.map((name) => `'${name}'`).join(" = "));
  const more = twins.length > MOST_TWINS ? ` and ${twins.length - MOST_TWINS} more` : "";
  return [
    ...(twins.length === 0
      ? []
      : [`The same audio is there more than once, and counts as often: ${told.join("; ")}${more}.`]),
    ...(leaked.length === 0
      ? []
      : [
          `${leaked.length} of it ${leaked.length === 1 ? "is" : "are"} trained on and held out too, so that the measured ` +
            "error is too good. Keep one of each.",
        ]),
  ];
}

const MOST_TWINS = 5;

/**
 * The utterances of usable recordings, and where they stand.
 *
 * @param fewest frames that a part of a single recording has to have; without it, it is not divided
 */
export function placeUtterances(
  sources: readonly Source[],
  entries: ReadonlyMap<string, CacheEntry>,
  speeds: readonly number[],
  fewest?: number,
): Map<Utterance, Copy> {
  const usable = sources.filter(({ name }) => entries.get(name)?.copies.some(({ frames }) => frames > 0));
  if (usable.length === 1 && fewest !== undefined) {
    const [{ name }] = usable;
    const divided = splitByTime(name, entries.get(name)?.copies ?? [], speeds, fewest);
    if (divided) return divided;
  }
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
