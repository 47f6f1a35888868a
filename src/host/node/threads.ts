// Threads of Node: worker_threads that share memory with their owner (host/controlled-thread.ts).
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type MessagePort, Worker } from "node:worker_threads";
import type { ScriptName, Thread, ThreadScript } from "../../host.js";
import {
  type Answer,
  answering,
  Control,
  ControlledThread,
  type Question,
  states,
} from "../controlled-thread.js";
import { addressInPackage } from "./read-files.js";

/** What every thread runs. A bundle has it under a name that no other program's threads have. */
const entry = addressInPackage("worker.js", "vocode-worker.js");

/** Whether threads can be started: run from TypeScript, or in a bundle alone, there is no compiled file for them. */
export function hasThreads(): boolean {
  return existsSync(fileURLToPath(entry));
}

/** What a thread is started with. */
interface ThreadStart {
  readonly script: ScriptName;
  readonly buffer: SharedArrayBuffer;
}

// The owner's side.

/** Starts a thread. */
export function spawn(script: ScriptName): Thread {
  return new ControlledThread(script, (thread) => {
    const workerData: ThreadStart = { script, buffer: thread.control.buffer };
    const worker = new Worker(entry, { workerData });
    worker.on("message", (answer: Answer) => {
      thread.heard(answer);
    });
    const end = (fault?: Error): void => {
      thread.ended(fault);
      engineThreads.delete(thread.control);
    };
    worker.on("error", (error: unknown) => {
      end(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on("exit", () => {
      end();
    });
    worker.unref();
    if (script === "synthesis") addEngineThread(thread.control);
    return {
      post: (question) => {
        worker.postMessage(question);
      },
      end: () => worker.terminate(),
      hold: (isHeld) => {
        if (isHeld) worker.ref();
        else worker.unref();
      },
    };
  });
}

/** Starts so many threads, where threads can be started. */
export function spawnAll(script: ScriptName, threads: number): Thread[] {
  return hasThreads() ? Array.from({ length: threads }, () => spawn(script)) : [];
}

// A process that ends while a thread of it is inside an engine is aborted by the engine, with a core dump in place of its
// exit code; so its end waits until each has come back, which is a matter of milliseconds.

/** As long as opening an engine takes on a busy machine; a thread that hangs shall not keep the process alive. */
const LONGEST_WAIT_MS = 3000;

const engineThreads = new Set<Control>();
let waits = false;

function addEngineThread(control: Control): void {
  engineThreads.add(control);
  // process.exit, a signal's handler and an error that nobody catches all come by here
  if (!waits) process.on("exit", waitForEngineThreads);
  waits = true;
}

/** Blocks the calling thread until no other is inside an engine. */
function waitForEngineThreads(): void {
  const end = performance.now() + LONGEST_WAIT_MS;
  const outside: readonly number[] = [states.idle, states.failed];
  for (const control of engineThreads) {
    for (;;) {
      const { state } = control;
      const left = end - performance.now();
      if (outside.includes(state) || left <= 0) break;
      control.sleep(state, left);
    }
  }
}

// The thread's side.

/** Does what a thread's owner asks. @param load gives the script that the thread was started with */
export async function serveOwner(
  port: MessagePort,
  start: unknown,
  load: (script: ScriptName) => Promise<ThreadScript>,
): Promise<void> {
  const { script, buffer } = start as ThreadStart;
  const { answer, begin } = answering(new Control(buffer), await load(script), (message) => {
    port.postMessage(message);
  });
  port.on("message", (question: Question) => {
    void answer(question);
  });
  await begin();
}
