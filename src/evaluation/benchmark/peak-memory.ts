// The peak memory of a synthesis, measured in a fresh process: in one that has measured other things before, the peak
// would be theirs.
import { fork } from "node:child_process";
import type { MemoryAnswer, MemoryTask } from "./peak-memory-process.js";

/**
 * Runs a synthesis in a process of its own.
 *
 * @returns the largest resident set size, MiB
 * @throws Error where the process fails
 */
export async function peakMemory(task: MemoryTask): Promise<number> {
  const child = fork(new URL("./peak-memory-process.js", import.meta.url), { serialization: "advanced" });
  try {
    const answer = await new Promise<MemoryAnswer>((resolve, reject) => {
      child.once("message", (message) => {
        resolve(message as MemoryAnswer);
      });
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        reject(new Error(`The process that measures memory ended with ${signal ?? String(code)}.`));
      });
      child.send(task);
    });
    if ("failure" in answer) throw new Error(answer.failure);
    return answer.peakMegabytes;
  } finally {
    child.kill();
  }
}
