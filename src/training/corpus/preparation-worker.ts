// A thread that prepares recordings, one after the other, into a part of the cache of its own.
import { parentPort, workerData } from "node:worker_threads";
import { VocodeError } from "../../errors.js";
import { systemCode } from "../../files/system-error.js";
import { PartWriter } from "./corpus-part.js";
import {
  prepareRecording,
  type PreparationJob,
  type PreparationSettings,
  type Prepared,
} from "./prepare-recording.js";

/** What a thread is started with. */
export interface WorkerStart {
  readonly folder: string;
  readonly part: string;
  readonly settings: PreparationSettings;
}

/** What a thread is asked: to prepare a recording, or to bring what it has to the disk. */
export type WorkerRequest = PreparationJob | "flush";

/** What a thread answers; errors lose their class between threads. */
export type WorkerAnswer =
  | { readonly prepared?: Prepared }
  | { readonly failure: string; readonly code?: string; readonly path?: string; readonly foreseen: boolean };

async function answer(
  writer: PartWriter,
  { part, settings }: WorkerStart,
  request: WorkerRequest,
): Promise<WorkerAnswer> {
  if (request !== "flush") return { prepared: await prepareRecording(request, settings, writer, part) };
  writer.flush();
  return {};
}

function failure(error: unknown): WorkerAnswer {
  const foreseen = error instanceof VocodeError;
  const text =
    error instanceof Error ? (foreseen ? error.message : (error.stack ?? error.message)) : String(error);
  const code = systemCode(error);
  const path = error instanceof Error && "path" in error ? String(error.path) : undefined;
  return { failure: text, foreseen, ...(code && { code }), ...(path !== undefined && { path }) };
}

const port = parentPort;
if (port) {
  const start = workerData as WorkerStart;
  let writer: PartWriter | undefined;
  port.on("message", (request: WorkerRequest) => {
    void (async () => {
      writer ??= new PartWriter(start.folder, start.part, start.settings.format);
      return answer(writer, start, request);
    })()
      .catch(failure)
      .then((message) => {
        port.postMessage(message);
      });
  });
}
