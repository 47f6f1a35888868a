// What prepares recordings one after the other: this thread, or another one.
import { randomBytes } from "node:crypto";
import { PartWriter } from "./corpus-part.js";
import {
  prepareRecording,
  type PreparationJob,
  type PreparationSettings,
  type Prepared,
} from "./prepare-recording.js";
import type { WorkerRequest, WorkerStart } from "./preparation-worker.js";
import { AskedThread } from "./worker-thread.js";

/** What a thread of its own runs, where it is compiled. */
export const preparationWorker = new URL("./preparation-worker.js", import.meta.url);

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
  const workerData: WorkerStart = { folder, part, settings };
  const thread = new AskedThread<WorkerRequest, Prepared | undefined>(preparationWorker, workerData);
  return {
    part,
    prepare: async (job) => {
      const prepared = await thread.ask(job);
      if (prepared === undefined) throw new Error("A preparation thread answered nothing.");
      return prepared;
    },
    // waits for the recording at work, since a thread answers in order
    flush: async () => {
      await thread.ask("flush");
    },
    close: () => thread.close(),
  };
}
