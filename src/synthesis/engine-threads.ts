// Threads in which an engine computes. A process that ends while one of them is inside the engine is aborted by it, with a
// core dump in place of its exit code; so its end waits until each has come back, which is a matter of milliseconds.
import { commands } from "./part-memory.js";

/** As long as opening an engine takes on a busy machine; a thread that hangs shall not keep the process alive. */
const LONGEST_WAIT_MS = 3000;

const controls = new Set<Int32Array>();
let waits = false;

/** @param control the thread's command, one of `commands`, in its first value */
export function addEngineThread(control: Int32Array): void {
  controls.add(control);
  // process.exit, a signal's handler and an error that nobody catches all come by here
  if (!waits) process.on("exit", waitForEngineThreads);
  waits = true;
}

/** For a thread that has ended. */
export function removeEngineThread(control: Int32Array): void {
  controls.delete(control);
}

/** Blocks the calling thread until no other is inside an engine. */
function waitForEngineThreads(): void {
  const end = performance.now() + LONGEST_WAIT_MS;
  const outside: readonly number[] = [commands.idle, commands.failed];
  for (const control of controls) {
    for (;;) {
      const command = Atomics.load(control, 0);
      const left = end - performance.now();
      if (outside.includes(command) || left <= 0) break;
      Atomics.wait(control, 0, command, left);
    }
  }
}
