// A thread of a RefinementPool: refines its ranges of a shared waveform, waiting for the others after each correction.
import { parentPort } from "node:worker_threads";
import type { MelFormat } from "../mel/format.js";
import {
  createMelCorrection,
  type RefinementOptions,
  type RefinementState,
  refineRange,
} from "./consistency.js";
import type { MelCorrection, MelPart } from "../mel/correction.js";
import { waitForAll } from "./memory.js";

/** What a thread is asked to do. All arrays lie in shared memory. */
export interface RefinementTask {
  readonly state: RefinementState;
  readonly format: MelFormat;
  readonly target: MelPart;
  readonly options: RefinementOptions;
  /** For each correction the samples of all threads, from and to. */
  readonly ranges: readonly (readonly [number, number])[];
  readonly thread: number;
  readonly threads: number;
  readonly barrier: Int32Array;
}

let latest: Promise<MelCorrection> | undefined;
let latestFormat = "";

/** The tables of the format that was asked for last are kept: tiles of a long waveform follow each other. */
async function correctionFor(format: MelFormat): Promise<MelCorrection> {
  const text = JSON.stringify(format);
  if (!latest || latestFormat !== text) {
    (await latest)?.dispose();
    latest = createMelCorrection(format);
    latestFormat = text;
  }
  return latest;
}

async function work(task: RefinementTask): Promise<void> {
  const { state, target, options, thread, threads } = task;
  const correction = await correctionFor(task.format);
  for (const [k, [from, to]] of task.ranges.entries()) {
    const border = (index: number): number => from + Math.round(((to - from) * index) / threads);
    refineRange(correction, state, k, target, options, [border(thread), border(thread + 1)]);
    waitForAll(task.barrier, threads);
  }
}

const port = parentPort;
port?.on("message", (task: RefinementTask) => {
  void work(task).then(() => {
    port.postMessage("done");
  });
});
