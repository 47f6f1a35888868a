// What prepares recordings one after the other: this thread, or another one.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { FileError } from "../../errors.js";
import { PartWriter } from "./corpus-part.js";
import {
  prepareRecording,
  type PreparationJob,
  type PreparationSettings,
  type Prepared,
} from "./prepare-recording.js";
import type { WorkerAnswer, WorkerRequest, WorkerStart } from "./preparation-worker.js";

const workerFile = new URL("./preparation-worker.js", import.meta.url);

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

/** Whether there is a compiled file to start a thread from; run from TypeScript, there is not. */
export function canStartThreads(): boolean {
  return existsSync(fileURLToPath(workerFile));
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
  const worker = new Worker(workerFile, { workerData });
  // flushing waits for the recording at work, since a thread answers in order
  let last: Promise<unknown> = Promise.resolve();
  const ask = (request: WorkerRequest): Promise<Prepared | undefined> => {
    const answer = last.then(() => exchange(worker, request));
    last = answer.catch(() => undefined);
    return answer;
  };
  return {
    part,
    prepare: async (job) => {
      const prepared = await ask(job);
      if (prepared === undefined) throw new Error("A preparation thread answered nothing.");
      return prepared;
    },
    flush: async () => {
      await ask("flush");
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

async function exchange(worker: Worker, request: WorkerRequest): Promise<Prepared | undefined> {
  const answer = await new Promise<WorkerAnswer>((resolve, reject) => {
    const onExit = (): void => {
      reject(new Error("A preparation thread ended early."));
    };
    worker.once("message", (message: WorkerAnswer) => {
      worker.off("error", reject);
      worker.off("exit", onExit);
      resolve(message);
    });
    worker.once("error", reject);
    worker.once("exit", onExit);
    worker.postMessage(request);
  });
  if (!("failure" in answer)) return answer.prepared;
  const { failure, foreseen, path = "", code } = answer;
  throw foreseen ? new FileError(failure, path, code) : new Error(failure);
}
