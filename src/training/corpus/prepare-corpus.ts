// Brings a cache up to date: recordings that it lacks, or at speeds that it lacks, are prepared on all cores. What is
// done is noted every half minute, so that a run that was killed is continued.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { FileError } from "../../errors.js";
import {
  type CacheEntry,
  type CacheSettings,
  type FileStamp,
  READER,
  removeUnusedParts,
  writeIndex,
} from "./cache-index.js";
import { allPartFiles } from "./cache-part.js";
import type { SourceFile } from "./sources.js";
import { stampOf } from "./plan.js";
import type { PreparationSettings, Copy, Prepared } from "./prepare-recording.js";
import { localThread, type PreparationThread, threadCount, workerThread } from "./threads.js";

const SAVE_INTERVAL_MS = 30_000;

/** The disk that holds the cache is full. */
export class CacheSpaceError extends FileError {
  constructor(
    folder: string,
    /** Recordings that are prepared, of `total`; none where not even that could be noted. */
    readonly done: number,
    readonly total: number,
    bytesMissing: number,
    cause: FileError,
  ) {
    const missing = bytesMissing > 0 ? ` (about ${size(bytesMissing)} more than it takes now)` : "";
    super(
      `The disk is full: ${done} of ${total} recordings are prepared in '${folder}'. Free some space${missing}, ` +
        `or choose another folder for the cache.${done > 0 ? " What is prepared stays there." : ""}`,
      folder,
      cause.code,
      { cause },
    );
  }
}

function size(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** A recording as the cache has to hold it. */
export interface WantedRecording {
  readonly source: SourceFile;
  readonly speeds: readonly number[];
  /** The mel file to be used. */
  readonly mel?: SourceFile;
}

/** Where to, and whom to tell. */
export interface PreparationOptions extends CacheSettings, Pick<PreparationSettings, "melReading"> {
  readonly folder: string;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Prepares what a cache lacks.
 *
 * @param entries what the cache holds, by name; brought up to date
 * @throws CacheSpaceError, FileError; the signal's reason where it was aborted
 */
export async function prepareCorpus(
  wanted: readonly WantedRecording[],
  entries: Map<string, CacheEntry>,
  options: PreparationOptions,
): Promise<void> {
  const missing = wanted.filter((one) => missingSpeeds(one, entries.get(one.source.name)).length > 0);
  await removeUnusedParts(options.folder, entries.values());
  if (missing.length === 0) return;
  const preparation = new Preparation(missing, wanted.length, entries, options);
  await preparation.run();
}

/** The speeds at which an entry has neither a copy nor a problem that today's reader would meet again. */
function missingSpeeds({ speeds }: WantedRecording, entry?: CacheEntry): readonly number[] {
  if (entry?.problem !== undefined && (entry.reader ?? 1) >= READER) return [];
  return speeds.filter((speed) => !entry?.copies.some((copy) => copy.speed === speed));
}

class Preparation {
  readonly #missing: readonly WantedRecording[];
  readonly #total: number;
  readonly #entries: Map<string, CacheEntry>;
  readonly #options: PreparationOptions;
  readonly #threads: PreparationThread[] = [];
  #next = 0;
  #done = 0;
  #framesMade = 0;
  #lastSave = performance.now();
  #saving: Promise<void> = Promise.resolve();
  #failed = false;
  /** Whether the index names this run's parts. */
  #isNoted = false;

  constructor(
    missing: readonly WantedRecording[],
    total: number,
    entries: Map<string, CacheEntry>,
    options: PreparationOptions,
  ) {
    this.#missing = missing;
    this.#total = total;
    this.#entries = entries;
    this.#options = options;
  }

  async run(): Promise<void> {
    try {
      await this.#prepareAll();
      this.#options.signal?.throwIfAborted();
    } catch (error) {
      // what was done so far is kept if it can be
      await this.#save().catch(() => undefined);
      throw this.#describe(error);
    } finally {
      await Promise.all(this.#threads.map((thread) => thread.close()));
      if (!this.#isNoted) await this.#removeParts();
    }
  }

  /** What nobody can find would only fill the disk. */
  async #removeParts(): Promise<void> {
    const files = this.#threads.flatMap(({ part }) => allPartFiles(part));
    await Promise.all(files.map((file) => rm(join(this.#options.folder, file), { force: true })));
  }

  async #prepareAll(): Promise<void> {
    // not the rest: functions cannot go to a thread
    const { folder, format, minimumFrames, melReading } = this.#options;
    const settings = { format, minimumFrames, ...(melReading && { melReading }) };
    const threads = threadCount(this.#missing.length);
    for (let i = 0; i < Math.max(1, threads); i++)
      this.#threads.push((threads > 0 ? workerThread : localThread)(folder, settings));
    const runs = this.#threads.map((thread) => this.#feed(thread));
    // all have to be at rest before anything is closed
    const ended = await Promise.allSettled(runs);
    for (const end of ended) if (end.status === "rejected") throw end.reason;
    await this.#save();
  }

  async #feed(thread: PreparationThread): Promise<void> {
    while (this.#next < this.#missing.length && !this.#failed && !this.#options.signal?.aborted) {
      const wanted = this.#missing[this.#next++];
      try {
        await this.#prepare(thread, wanted);
        if (performance.now() - this.#lastSave > SAVE_INTERVAL_MS) await this.#save();
      } catch (error) {
        this.#failed = true;
        throw error;
      }
    }
  }

  async #prepare(thread: PreparationThread, wanted: WantedRecording): Promise<void> {
    const { source, mel } = wanted;
    const before = this.#entries.get(source.name);
    const speeds = missingSpeeds(wanted, before);
    const { name, path } = source;
    // before the file is read: one that changes meanwhile is then found to have changed
    const stamps = { ...(await stampOf(source)), ...(mel && { mel: await stampOf(mel) }) };
    const prepared = await thread.prepare({ name, path, speeds, ...(mel && { mel }) });
    this.#entries.set(name, entryOf(stamps, prepared, before?.copies ?? []));
    if ("copies" in prepared)
      this.#framesMade += prepared.copies.reduce((sum, { frames }) => sum + frames, 0);
    this.#done++;
    this.#options.onProgress?.(this.#total - this.#missing.length + this.#done, this.#total);
  }

  /** Notes what is done, after it is on the disk; one at a time. */
  async #save(): Promise<void> {
    this.#lastSave = performance.now();
    this.#saving = this.#saving
      .catch(() => undefined)
      .then(async () => {
        // of these, and not of what is added meanwhile, all is on the disk then
        const entries = [...this.#entries.values()].filter(({ passing }) => !passing);
        await Promise.all(this.#threads.map((thread) => thread.flush()));
        await writeIndex(this.#options.folder, this.#options, entries);
        this.#isNoted = true;
      });
    await this.#saving;
  }

  #describe(error: unknown): unknown {
    if (!(error instanceof FileError) || !["ENOSPC", "EDQUOT"].includes(error.code ?? "")) return error;
    const { hopLength, bands } = this.#options.format;
    const bytesEach = (this.#framesMade / Math.max(1, this.#done)) * (2 * hopLength + 4 * bands);
    const made = this.#isNoted ? this.#done : 0;
    const done = this.#total - this.#missing.length + made;
    const missing = bytesEach * (this.#missing.length - this.#done);
    return new CacheSpaceError(this.#options.folder, done, this.#total, missing, error);
  }
}

function entryOf(
  stamps: FileStamp & { readonly mel?: FileStamp },
  prepared: Prepared,
  before: readonly Copy[],
): CacheEntry {
  if ("problem" in prepared)
    return {
      ...stamps,
      ...{ problem: prepared.problem, reader: READER, copies: [] },
      ...(prepared.passing && { passing: true }),
    };
  return { ...stamps, copies: [...before, ...prepared.copies], sound: prepared.sound };
}
