// What prepares recordings one after the other: this thread, or another one.
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { hasThreads, spawn } from "../../host/node/threads.js";
import { ThreadPool } from "../../host/thread-pool.js";
import { PartWriter } from "./cache-part.js";
import {
  type PreparationJob,
  type PreparationSettings,
  type Prepared,
  prepareRecording,
} from "./prepare-recording.js";
import type { RecordingTasks } from "./thread-tasks.js";

/** Pieces of work from which on threads are worth their start. */
const WORTH_THREADS = 24;
const MOST_THREADS = 16;

/** How many threads some pieces of work are worth; 0 where the calling thread does as well. */
export function threadCount(pieces: number): number {
  const threads = Math.min(availableParallelism(), MOST_THREADS, pieces);
  return threads > 1 && pieces >= WORTH_THREADS && hasThreads() ? threads : 0;
}

/** A thread for recordings. */
export function recordingThread(): ThreadPool<RecordingTasks> {
  return new ThreadPool<RecordingTasks>([spawn("recordings")]);
}

/** Prepares one recording at a time. */
export interface PreparationThread {
  /** The part of the cache that it writes. */
  readonly part: string;
  /** @throws FileError where the cache cannot be written */
  prepare(job: PreparationJob): Promise<Prepared>;
  /** Brings what was prepared to the disk. @throws FileError */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A name for a part that no other run uses. */
function newPart(): string {
  return `part-${randomBytes(8).toString("hex")}`;
}

/** Prepares on the calling thread. @throws FileError */
export function localThread(folder: string, settings: PreparationSettings): PreparationThread {
  const part = newPart();
  const writer = new PartWriter(folder, part, settings.format);
  return {
    part,
    prepare: (job) => prepareRecording(job, settings, writer, part),
    flush: async () => {
      await Promise.resolve();
      writer.flush();
    },
    close: async () => {
      await Promise.resolve();
      writer.close();
    },
  };
}

/** Prepares on a thread of its own. */
export function workerThread(folder: string, settings: PreparationSettings): PreparationThread {
  const part = newPart();
  const thread = recordingThread();
  return {
    part,
    prepare: (job) => thread.ask("prepare", { folder, part, settings, job }),
    // waits for the recording at work, since a thread does one thing after the other
    flush: () => thread.ask("flush", undefined),
    close: () => thread.dispose(),
  };
}
