// Threads that measure pairs of clips: a pair keeps one core busy for a twentieth of its length.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { InputError } from "../errors.js";
import type { ClipMeasurement, MeasureJob } from "./measure.js";
import type { MeasureAnswer } from "./measure-worker.js";

/** Measures pairs on several threads; `dispose` ends them. */
export class MeasurePool {
  readonly #workers: readonly Worker[];
  readonly #idle: Worker[];
  readonly #waiting: ((worker: Worker) => void)[] = [];

  /** @param threads at least 1 */
  constructor(threads: number) {
    const file = new URL("./measure-worker.js", import.meta.url);
    this.#workers = Array.from({ length: threads }, () => new Worker(file));
    this.#idle = [...this.#workers];
    // an idle pool does not keep the process alive
    for (const worker of this.#workers) worker.unref();
  }

  /**
   * Measures a pair as soon as a thread is free.
   *
   * @throws InputError where a clip cannot be used
   */
  async measure(job: MeasureJob): Promise<ClipMeasurement> {
    const worker = this.#idle.pop() ?? (await new Promise<Worker>((resolve) => this.#waiting.push(resolve)));
    worker.ref();
    try {
      const answer = await exchange(worker, job);
      if ("measurement" in answer) return answer.measurement;
      throw answer.foreseen ? new InputError(answer.failure) : new Error(answer.failure);
    } finally {
      worker.unref();
      const next = this.#waiting.shift();
      if (next) next(worker);
      else this.#idle.push(worker);
    }
  }

  /** Ends the threads. */
  async dispose(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

async function exchange(worker: Worker, job: MeasureJob): Promise<MeasureAnswer> {
  // an "error" of the worker rejects both
  const listeners = new AbortController();
  const { signal } = listeners;
  try {
    const answered = once(worker, "message", { signal }).then(([answer]) => answer as MeasureAnswer);
    const ended = once(worker, "exit", { signal }).then(() => {
      throw new Error("A measuring thread ended early.");
    });
    worker.postMessage(job);
    return await Promise.race([answered, ended]);
  } finally {
    listeners.abort();
  }
}
