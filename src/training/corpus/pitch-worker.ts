// A thread that finds the pitch of recordings in a cache, one after the other.
import { workerData } from "node:worker_threads";
import type { MelFormat } from "../../mel/format.js";
import { PitchLabeller } from "./pitch-labels.js";
import type { Copy } from "./prepare-recording.js";
import { answerRequests } from "./threads.js";

/** What a thread is started with. */
export interface PitchWorkerStart {
  readonly folder: string;
  readonly format: MelFormat;
}

const { folder, format } = workerData as PitchWorkerStart;
let labeller: PitchLabeller | undefined;

answerRequests(async (copy): Promise<true> => {
  labeller ??= await PitchLabeller.create(folder, format);
  labeller.label(copy as Copy);
  return true;
});
