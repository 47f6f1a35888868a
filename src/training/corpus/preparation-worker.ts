// A thread that prepares recordings, one after the other, into a part of the cache of its own.
import { workerData } from "node:worker_threads";
import { PartWriter } from "./cache-part.js";
import {
  prepareRecording,
  type PreparationJob,
  type PreparationSettings,
  type Prepared,
} from "./prepare-recording.js";
import { answerRequests } from "./threads.js";

/** What a thread is started with. */
export interface WorkerStart {
  readonly folder: string;
  readonly part: string;
  readonly settings: PreparationSettings;
}

/** What a thread is asked: to prepare a recording, or to bring what it has to the disk. */
export type WorkerRequest = PreparationJob | "flush";

const { folder, part, settings } = workerData as WorkerStart;
let writer: PartWriter | undefined;

answerRequests(async (message): Promise<Prepared | undefined> => {
  const request = message as WorkerRequest;
  writer ??= new PartWriter(folder, part, settings.format);
  if (request !== "flush") return prepareRecording(request, settings, writer, part);
  writer.flush();
  return undefined;
});
