// The machine of a measurement, without anything that would tell whose it is; and whether it is busy with other things.
import { cpus, totalmem } from "node:os";
import { fork } from "node:child_process";
import type { Machine } from "./lines.js";
import type { MemoryAnswer, MemoryTask } from "./peak-memory-process.js";

// The peak memory of a synthesis, measured in a fresh process: in one that has measured other things before, the peak
// would be theirs.

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

/** @param vocode its version */
export function thisMachine(vocode: string): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    platform: process.platform,
    architecture: process.arch,
    versions: { vocode, node: process.versions.node, v8: process.versions.v8 },
  };
}

/** Above this share of the machine, others disturb a measurement. */
export const BUSY_SHARE = 0.1;

/** Milliseconds on the clocks of all processors together, and of this process. */
export interface Clocks {
  readonly busy: number;
  readonly total: number;
  /** This process's own share of `busy`. */
  readonly own: number;
}

/** The share of the machine, 0…1, that others took between two moments; NaN where the clocks did not move. */
export function shareOfOthers(before: Clocks, after: Clocks): number {
  const total = after.total - before.total;
  const others = after.busy - before.busy - (after.own - before.own);
  return total > 0 ? Math.min(1, Math.max(0, others / total)) : NaN;
}

/** The clocks now. */
export function readClocks(): Clocks {
  let [busy, total] = [0, 0];
  for (const { times } of cpus()) {
    const working = times.user + times.nice + times.sys + times.irq;
    busy += working;
    total += working + times.idle;
  }
  const { user, system } = process.cpuUsage();
  return { busy, total, own: (user + system) / 1000 };
}
