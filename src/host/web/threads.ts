// Threads of a browser: Workers that share memory with their owner, which is a Worker itself: a page's own thread may not
// wait for others. A page has shared memory where its server sends COOP and COEP headers; elsewhere there are no threads.
import type { ScriptName, Thread, ThreadScript } from "../../host.js";
import { type Answer, answering, Control, ControlledThread, type Question } from "../controlled-thread.js";
import type { RuntimeFiles } from "./sessions.js";

/** The scope of a Worker, as far as it is used here. */
export interface WorkerScope {
  readonly location: { readonly href: string };
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
}

/** What a thread's first message says. */
export interface ThreadStart {
  readonly script: ScriptName;
  readonly buffer: SharedArrayBuffer;
  readonly runtime: RuntimeFiles;
}

/** Whether this page's Workers can share memory. */
export function hasSharedMemory(): boolean {
  return typeof SharedArrayBuffer !== "undefined" && globalThis.crossOriginIsolated;
}

/** Starts so many threads, where threads can be started. Each runs the script that the calling Worker runs. */
export function spawnAll(
  { location }: Pick<WorkerScope, "location">,
  runtime: RuntimeFiles,
  script: ScriptName,
  threads: number,
): Thread[] {
  if (!hasSharedMemory()) return [];
  return Array.from(
    { length: threads },
    () =>
      new ControlledThread(script, (thread) => {
        const worker = new Worker(location.href, { type: "module", name: "vocode thread" });
        worker.onmessage = ({ data }: MessageEvent<Answer>) => {
          thread.heard(data);
        };
        worker.onerror = ({ message }) => {
          thread.ended(new Error(message || "A thread's script could not be loaded."));
        };
        worker.postMessage({
          script,
          buffer: thread.control.buffer,
          runtime: { ...runtime, areFetched: true },
        } satisfies ThreadStart);
        return {
          post: (question) => {
            worker.postMessage(question);
          },
          end: () => {
            worker.terminate();
            return Promise.resolve();
          },
        };
      }),
  );
}

/** Does what a thread's owner asks, from the first message on. */
export async function serveThread(
  scope: WorkerScope,
  { buffer }: ThreadStart,
  load: () => Promise<ThreadScript>,
): Promise<void> {
  // what comes while the script loads has to wait for it
  const early: Question[] = [];
  scope.onmessage = ({ data }) => {
    early.push(data as Question);
  };
  const { answer, begin } = answering(new Control(buffer), await load(), (message) => {
    scope.postMessage(message);
  });
  scope.onmessage = ({ data }) => {
    void answer(data as Question);
  };
  if (early.length > 0) for (const question of early) await answer(question);
  else await begin();
}
