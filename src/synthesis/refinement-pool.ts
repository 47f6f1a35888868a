// Mel consistency on several cores: the waveform lies in memory that threads share, each refines its own range of it.
// The result is bit for bit that of one thread, since every sample is summed from the same frames in the same order.
import { Worker } from "node:worker_threads";
import type { RefinementTask } from "./refinement-worker.js";
import { SharedMemory } from "./shared-memory.js";
import { createBarrier } from "./thread-barrier.js";
import { Turns } from "./turns.js";

/** Threads that refine waveforms, one at a time; later calls wait for earlier ones. */
export class RefinementPool {
  /** For what is to be refined. */
  readonly memory = new SharedMemory();
  readonly #workers: readonly Worker[];
  readonly #turns = new Turns();

  /** @param threads at least 1; the calling thread stays free */
  constructor(threads: number) {
    this.#workers = Array.from(
      { length: threads },
      () => new Worker(new URL("./refinement-worker.js", import.meta.url)),
    );
    // an idle pool does not keep the process alive
    for (const worker of this.#workers) worker.unref();
  }

  /** Applies corrections to a shared state in place: correction k to all samples of range k. */
  async refine(task: Omit<RefinementTask, "thread" | "threads" | "barrier">): Promise<void> {
    const threads = this.#workers.length;
    await this.#turns.take(async () => {
      const barrier = createBarrier();
      await Promise.all(
        this.#workers.map((worker, thread) => runTask(worker, { ...task, thread, threads, barrier })),
      );
    });
  }

  /** Ends the threads. */
  async dispose(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

async function runTask(worker: Worker, task: RefinementTask): Promise<void> {
  worker.ref();
  try {
    await new Promise<void>((resolve, reject) => {
      worker.once("message", () => {
        worker.off("error", reject);
        resolve();
      });
      worker.once("error", reject);
      worker.postMessage(task);
    });
  } finally {
    worker.unref();
  }
}
