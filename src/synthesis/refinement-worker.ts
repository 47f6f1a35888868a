// A thread of a RefinementPool: refines its range of a shared waveform, waiting for the others after each correction.
import { parentPort } from "node:worker_threads";
import type { Mel } from "../audio/mel-format/mel-format.js";
import { MelCorrection } from "./mel-correction.js";
import { refineRange, type RefinementOptions, type RefinementState } from "./mel-consistency.js";
import { waitForAll } from "./thread-barrier.js";

/** What a thread is asked to do. All arrays lie in shared memory. */
export interface RefinementTask {
  readonly state: RefinementState;
  readonly target: Mel;
  readonly options: RefinementOptions;
  readonly range: readonly [number, number];
  readonly threads: number;
  readonly barrier: Int32Array;
}

async function work(task: RefinementTask): Promise<void> {
  const correction = await MelCorrection.create(task.target.format);
  for (let k = 0; k < task.options.iterations; k++) {
    refineRange(correction, task.state, k, task.target, task.options, task.range);
    waitForAll(task.barrier, task.threads);
  }
  correction.dispose();
}

const port = parentPort;
port?.on("message", (task: RefinementTask) => {
  void work(task).then(() => {
    port.postMessage("done");
  });
});
