// The machine of a measurement, without anything that would tell whose it is; and whether it is busy with other things.
import { cpus, totalmem } from "node:os";

/** What figures depend on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly platform: string;
  readonly architecture: string;
  readonly versions: { readonly vocode: string; readonly node: string; readonly v8: string };
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
