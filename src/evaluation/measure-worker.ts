// A thread of a MeasurePool: measures one pair of clips after the other.
import { parentPort } from "node:worker_threads";
import { VocodeError } from "../errors.js";
import { type ClipMeasurement, type MeasureJob, measurePair } from "./measure.js";

/** What a thread answers; errors lose their class between threads. */
export type MeasureAnswer =
  { readonly measurement: ClipMeasurement } | { readonly failure: string; readonly foreseen: boolean };

async function answer(job: MeasureJob): Promise<MeasureAnswer> {
  try {
    return { measurement: await measurePair(job) };
  } catch (error) {
    const foreseen = error instanceof VocodeError;
    const text = error instanceof Error ? (foreseen ? error.message : error.stack) : undefined;
    return { failure: text ?? String(error), foreseen };
  }
}

const port = parentPort;
port?.on("message", (job: MeasureJob) => {
  void answer(job).then((message) => {
    port.postMessage(message);
  });
});
