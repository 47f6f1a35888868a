// A thread that is asked one thing after the other, and what runs in it. Errors lose their class between threads, so they
// travel as text and become errors again.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parentPort, Worker } from "node:worker_threads";
import { FileError, VocodeError } from "../../errors.js";
import { systemCode } from "../../host/node/read-files.js";
import { randomBytes } from "node:crypto";
import { PartWriter } from "./cache-part.js";
import {
  type PreparationJob,
  type PreparationSettings,
  type Prepared,
  prepareRecording,
} from "./prepare-recording.js";
import type { WorkerRequest, WorkerStart } from "./preparation-worker.js";

/** What a thread answers. */
type WorkerAnswer<Answer> =
  | { readonly answer: Answer }
  | { readonly failure: string; readonly code?: string; readonly path?: string; readonly foreseen: boolean };

/** Pieces of work from which on threads are worth their start. */
const WORTH_THREADS = 24;
const MOST_THREADS = 16;

/** How many threads of a compiled file some pieces of work are worth; 0 where the calling thread does as well. */
export function threadCount(pieces: number, file: URL): number {
  const threads = Math.min(availableParallelism(), MOST_THREADS, pieces);
  // run from TypeScript, there is no compiled file
  return threads > 1 && pieces >= WORTH_THREADS && existsSync(fileURLToPath(file)) ? threads : 0;
}

/** A thread of a compiled file that calls `answerRequests`. */
export class AskedThread<Request, Answer> {
  readonly #worker: Worker;
  // a thread answers in order, and answers carry no number
  #last: Promise<unknown> = Promise.resolve();

  /** @param workerData what it is started with */
  constructor(file: URL, workerData: unknown) {
    this.#worker = new Worker(file, { workerData });
  }

  /**
   * Waits for earlier requests, then for the answer to this one.
   *
   * @throws FileError where the thread met one, Error for any other that it met
   */
  ask(request: Request): Promise<Answer> {
    const answer = this.#last.then(() => this.#exchange(request));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  /** Ends the thread, at work or not. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #exchange(request: Request): Promise<Answer> {
    const worker = this.#worker;
    const answer = await new Promise<WorkerAnswer<Answer>>((resolve, reject) => {
      const onExit = (): void => {
        reject(new Error("A preparation thread ended early."));
      };
      worker.once("message", (message: WorkerAnswer<Answer>) => {
        worker.off("error", reject);
        worker.off("exit", onExit);
        resolve(message);
      });
      worker.once("error", reject);
      worker.once("exit", onExit);
      worker.postMessage(request);
    });
    if ("answer" in answer) return answer.answer;
    const { failure, foreseen, path = "", code } = answer;
    throw foreseen ? new FileError(failure, path, code) : new Error(failure);
  }
}

/** What the compiled file does: answers each request of the thread that started it. */
export function answerRequests(answer: (request: unknown) => Promise<unknown>): void {
  const port = parentPort;
  port?.on("message", (request: unknown) => {
    void answer(request)
      .then((result): WorkerAnswer<unknown> => ({ answer: result }), failure)
      .then((message) => {
        port.postMessage(message);
      });
  });
}

function failure(error: unknown): WorkerAnswer<never> {
  const foreseen = error instanceof VocodeError;
  const text =
    error instanceof Error ? (foreseen ? error.message : (error.stack ?? error.message)) : String(error);
  const code = systemCode(error);
  const path = error instanceof Error && "path" in error ? String(error.path) : undefined;
  return { failure: text, foreseen, ...(code && { code }), ...(path !== undefined && { path }) };
}

// What prepares recordings one after the other: this thread, or another one.

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
