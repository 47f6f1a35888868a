// Mel consistency on several cores: the waveform lies in memory that threads share, each refines its own range of it.
// The result is bit for bit that of one thread, since every sample is summed from the same frames in the same order.
import { Worker } from "node:worker_threads";
import type { Mel } from "../audio/mel-format/mel-format.js";
import type { RefinementOptions } from "./mel-consistency.js";
import type { RefinementTask } from "./refinement-worker.js";
import { createBarrier } from "./thread-barrier.js";

/** Threads that refine waveforms, one waveform at a time; later calls wait for earlier ones. */
export class RefinementPool {
  readonly #workers: readonly Worker[];
  #last: Promise<unknown> = Promise.resolve();

  /** @param threads at least 1; the calling thread stays free */
  constructor(threads: number) {
    this.#workers = Array.from(
      { length: threads },
      () => new Worker(new URL("./refinement-worker.js", import.meta.url)),
    );
    // an idle pool does not keep the process alive
    for (const worker of this.#workers) worker.unref();
  }

  /**
   * The same as `refine` of mel-consistency.ts.
   *
   * @param samples the start, [samples]; left as it is
   * @param target the log-mel that the waveform should have
   */
  async refine(samples: Float32Array, target: Mel, options: RefinementOptions): Promise<Float32Array> {
    const run = this.#last.then(() => this.#run(samples, target, options));
    this.#last = run.catch(() => undefined);
    return run;
  }

  /** Ends the threads. */
  async dispose(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  async #run(samples: Float32Array, target: Mel, options: RefinementOptions): Promise<Float32Array> {
    const threads = this.#workers.length;
    const task = {
      state: { current: shared(samples), starts: [shared(samples), shared(samples)] },
      target: { ...target, values: shared(target.values) },
      options,
      threads,
      barrier: createBarrier(),
    } as const;
    const border = (thread: number): number => Math.round((samples.length * thread) / threads);
    await Promise.all(
      this.#workers.map((worker, thread) => {
        const range = [border(thread), border(thread + 1)] as const;
        return runTask(worker, { ...task, range });
      }),
    );
    return task.state.current.slice();
  }
}

function shared(values: Float32Array): Float32Array<SharedArrayBuffer> {
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
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
