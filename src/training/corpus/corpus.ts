// A corpus to train on: utterances of 16-bit samples and natural-log mels, read from a cache on disk at any place, so
// that memory does not grow with the corpus. Recordings are scaled to one peak and resampled to the format's rate.
import type { MelFormat } from "../../mel/format.js";
import { InputError } from "../../errors.js";
import { makeFolder } from "../../host/node/write-files.js";
import { adoptEarlierFolder, cacheFolderOf, readIndex, writeIndex } from "./cache-index.js";
import { PartReader } from "./cache-part.js";
import {
  acceptSameContent,
  currentEntries,
  placeUtterances,
  planRecordings,
  remarksOn,
  type Utterance,
} from "./plan.js";
import { DEFAULT_MINIMUM_FRAMES, findSources, type Problem, type SourceOptions } from "./sources.js";
import { prepareCorpus } from "./prepare-corpus.js";
import { labelPitch } from "./pitch-labels.js";
import { naturalFrame, PITCH_VALUES, PitchFile, readPitchAt } from "./pitch-file.js";
import { type Copy, FULL_SCALE, type MelReading } from "./prepare-recording.js";

export type { Utterance } from "./plan.js";
export type { Problem } from "./sources.js";

/** What a corpus is made of, and where it is kept. */
export interface CorpusOptions extends SourceOptions {
  /** Holds the prepared recordings; made where it is not there. */
  readonly cacheFolder: string;
  readonly format: MelFormat;
  /** Speeds of the copies, 1 being the recording itself; the held-out part has only that one. */
  readonly speeds: readonly number[];
  /** A folder with a mel file for each recording, of the same name but for the ending; the speeds are then [1]. */
  readonly mels?: string;
  /** How those mel files are read that do not say what they are. */
  readonly melReading?: MelReading;
  /** Shorter recordings and copies are left out; 64 if not said. */
  readonly minimumFrames?: number;
  /** Finds the recordings' pitch too, where the cache does not hold it yet: `readPitch` needs it. */
  readonly pitch?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
  readonly onPitchProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Recordings that can be read anywhere at once. Close it. */
export class Corpus {
  readonly #places: ReadonlyMap<Utterance, Copy>;
  readonly #parts = new Map<string, PartReader>();
  /** The recordings themselves, by name. */
  readonly #natural: ReadonlyMap<string, Copy>;
  readonly #pitch = new Map<string, PitchFile>();
  readonly #folder: string;
  readonly #floor: number;
  #scratch = new Int16Array(0);

  /** @internal */
  constructor(
    folder: string,
    readonly format: MelFormat,
    places: ReadonlyMap<Utterance, Copy>,
    /** What was left out, and why. */
    readonly problems: readonly Problem[],
    /** What is odd, each a sentence. */
    readonly remarks: readonly string[] = [],
  ) {
    this.#places = places;
    this.#folder = folder;
    this.#natural = naturalCopies(places);
    this.#floor = Math.log(format.floor);
    this.utterances = [...places.keys()];
    for (const part of new Set([...places.values()].map((copy) => copy.part)))
      this.#parts.set(part, new PartReader(folder, part, format));
  }

  /** By name, and for each name by speed as the speeds were given. */
  readonly utterances: readonly Utterance[];

  /**
   * Reads samples in −1…1, the recording's peak being 0.95; zeros outside.
   *
   * @param first the first sample, of the utterance; may be negative
   * @param target takes `count` samples from its index `at` on
   * @throws FileError
   */
  readSamples(utterance: Utterance, first: number, count: number, target: Float32Array, at: number): void {
    const { reader, copy } = this.#find(utterance);
    const length = utterance.frames * this.format.hopLength;
    const from = Math.min(Math.max(first, 0), length);
    const to = Math.max(from, Math.min(first + count, length));
    if (this.#scratch.length < to - from) this.#scratch = new Int16Array(to - from);
    const read = this.#scratch.subarray(0, to - from);
    reader.readSamples(copy.at, from, read);
    target.fill(0, at, at + count);
    const start = at + from - first;
    for (let n = 0; n < read.length; n++) target[start + n] = read[n] / FULL_SCALE;
  }

  /**
   * Reads natural-log mel frames; frames outside hold the floor.
   *
   * @param first the first frame, of the utterance; may be negative
   * @param target takes [count, bands] from its index `at` on, counted in values
   * @throws FileError
   */
  readMel(utterance: Utterance, first: number, count: number, target: Float32Array, at: number): void {
    const { reader, copy } = this.#find(utterance);
    const { bands } = this.format;
    const from = Math.min(Math.max(first, 0), utterance.frames);
    const to = Math.max(from, Math.min(first + count, utterance.frames));
    target.fill(this.#floor, at, at + count * bands);
    if (to === from) return;
    const start = at + (from - first) * bands;
    reader.readMel(copy.at, from, target.subarray(start, start + (to - from) * bands));
  }

  /**
   * Reads the pitch of frames, six values each: Hz, 0 where there is no voice, then the voicing of five bands. The ends'
   * frames stand for those outside. The corpus has to have been opened with `pitch`.
   *
   * @param first the first frame, of the utterance
   * @param target takes [count, 6] from its index `at` on, counted in values
   * @throws FileError; Error for an utterance whose pitch is not known
   */
  readPitch(utterance: Utterance, first: number, count: number, target: Float32Array, at: number): void {
    const copy = this.#natural.get(utterance.name);
    if (copy === undefined)
      throw new Error(`The recording of '${utterance.name}' itself is not in the corpus.`);
    const centre = this.format.padding === "center" ? 0 : 0.5;
    const position = (frame: number): number => naturalFrame(frame, utterance.speed, centre);
    const limited = (frame: number): number => Math.min(Math.max(frame, 0), copy.frames - 1);
    const begin = limited(Math.floor(position(first)));
    const end = limited(Math.ceil(position(first + count - 1))) + 1;
    const rows = new Float32Array((end - begin) * PITCH_VALUES);
    this.#pitchOf(copy.part).read(copy.at, begin, rows);
    for (let i = 0; i < count; i++)
      readPitchAt(rows, position(first + i) - begin, utterance.speed, target, at + i * PITCH_VALUES);
  }

  #pitchOf(part: string): PitchFile {
    const file = this.#pitch.get(part) ?? new PitchFile(this.#folder, part);
    this.#pitch.set(part, file);
    return file;
  }

  /** Closes its files. */
  close(): void {
    for (const file of this.#pitch.values()) file.close();
    this.#pitch.clear();
    for (const reader of this.#parts.values()) reader.close();
    this.#parts.clear();
  }

  #find(utterance: Utterance): { reader: PartReader; copy: Copy } {
    const copy = this.#places.get(utterance);
    const reader = copy && this.#parts.get(copy.part);
    if (copy === undefined || reader === undefined)
      throw new Error(`The utterance '${utterance.name}' is of another corpus, or this one was closed.`);
    return { reader, copy };
  }
}

/**
 * Opens a corpus: finds its recordings, and prepares those that the cache does not hold as they are now.
 *
 * @throws NoRecordingsError, CacheSpaceError, FileError; InputError where options contradict each other or nothing is
 *   left to train on; the signal's reason where it was aborted. What was prepared until then is kept.
 */
export async function openCorpus(options: CorpusOptions): Promise<Corpus> {
  const { format, minimumFrames = DEFAULT_MINIMUM_FRAMES, onProgress, signal } = options;
  checkSpeeds(options);
  const { sources, problems, unlisted, remarks } = await findSources(options);
  const { wanted, withoutMel, melRemarks } = await planRecordings(sources, options.speeds, options.mels);
  const { melReading } = options;
  const settings = { format, minimumFrames, ...(melReading && { melReading }) };
  const folders = [options.folder, options.mels ?? ""];
  await adoptEarlierFolder(options.cacheFolder, settings, folders);
  const folder = cacheFolderOf(options.cacheFolder, settings, folders);
  await makeFolder(folder);
  const stored = await readIndex(folder, settings);
  const accepted = await acceptSameContent(stored, wanted, signal);
  const entries = currentEntries(stored, wanted, unlisted);
  // where it cannot be noted, the next run looks again
  if (accepted > 0) await writeIndex(folder, settings, [...entries.values()]).catch(() => undefined);
  await prepareCorpus(wanted, entries, {
    ...settings,
    folder,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
  // a list says what is held out, and nothing else is
  const fewest = options.heldOutList === undefined ? minimumFrames : undefined;
  const places = placeUtterances(sources, entries, options.speeds, fewest);
  const left = wanted.flatMap(({ source: { name } }) => {
    const reason = entries.get(name)?.problem;
    return reason === undefined ? [] : [{ name, reason }];
  });
  const all = [...problems, ...withoutMel, ...left].sort((a, b) => (a.name < b.name ? -1 : 1));
  requireBothParts([...places.keys()], all, melRemarks, options.folder);
  if (options.pitch) {
    await labelPitch(folder, [...naturalCopies(places).values()], format, {
      ...(options.onPitchProgress && { onProgress: options.onPitchProgress }),
      ...(signal && { signal }),
    });
  }
  return new Corpus(folder, format, places, all, [
    ...remarks,
    ...melRemarks,
    ...remarksOn(sources, entries, places),
  ]);
}

function naturalCopies(places: ReadonlyMap<Utterance, Copy>): Map<string, Copy> {
  const natural = [...places].filter(([{ speed }]) => speed === 1);
  return new Map(natural.map(([{ name }, copy]) => [name, copy]));
}

function checkSpeeds({ speeds, mels }: CorpusOptions): void {
  const wrong = speeds.find((speed) => !(speed >= 0.25 && speed <= 4));
  if (wrong !== undefined)
    throw new InputError(`The speed ${wrong} cannot be used: speeds lie between 0.25 and 4.`);
  if (!speeds.includes(1) || new Set(speeds).size < speeds.length)
    throw new InputError(
      `The speeds are ${speeds.join(", ") || "none"}; give 1, which the recordings have, and each once.`,
    );
  if (mels !== undefined && (speeds.length > 1 || speeds[0] !== 1))
    throw new InputError(
      `The mels in '${mels}' are of the recordings as they are, and the speeds are ${speeds.join(", ")}. Give speed 1 alone.`,
    );
}

const MOST_NAMED = 5;

function requireBothParts(
  utterances: readonly Utterance[],
  problems: readonly Problem[],
  remarks: readonly string[],
  folder: string,
): void {
  const training = utterances.some(({ heldOut }) => !heldOut);
  if (training && utterances.some(({ heldOut }) => heldOut)) return;
  const named = problems.slice(0, MOST_NAMED).map(({ name, reason }) => `\n  ${name}: ${reason}`);
  const more = problems.length > MOST_NAMED ? `\n  … and ${problems.length - MOST_NAMED} more` : "";
  throw new InputError(
    (utterances.length === 0
      ? `No recording in '${folder}' can be trained on.`
      : `The usable recordings in '${folder}' are all ${training ? "for training" : "held out"}: at least two are needed, one to train on and one to hold out, or a single one that is long enough to hold out its end.`) +
      named.join("") +
      more +
      remarks.map((remark) => `\n${remark}`).join(""),
  );
}
