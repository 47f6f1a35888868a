// A full disk is no reason to lose a run: a write that it refuses waits until there is room.
import { setTimeout } from "node:timers/promises";
import { FileError } from "../errors.js";

const FULL = ["ENOSPC", "EDQUOT"];
const WAIT_MS = 10_000;

/** Whether an error is the file system's word for a full disk. */
export function isFullDisk(error: unknown): error is FileError {
  return error instanceof FileError && FULL.includes(error.code ?? "");
}

/** Who hears of it, and who ends it. */
export interface RoomOptions {
  readonly onRemark?: (sentence: string) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds between attempts. */
  readonly diskWait?: number;
}

/**
 * Writes, and on a full disk tries again until there is room.
 *
 * @param write may be called several times; leaves nothing half-written
 * @throws what `write` throws; FileError for a full disk once the signal is aborted
 */
export async function whereThereIsRoom<T>(write: () => Promise<T>, options: RoomOptions = {}): Promise<T> {
  const { onRemark, signal, diskWait = WAIT_MS } = options;
  for (let waited = false; ; waited = true) {
    try {
      const result = await write();
      if (waited) onRemark?.("There is room on the disk again: training goes on.");
      return result;
    } catch (error) {
      if (!isFullDisk(error) || signal?.aborted) throw error;
      if (!waited) onRemark?.(`Training pauses. ${error.message} It goes on by itself when there is room.`);
      // an aborted wait makes the last attempt
      await setTimeout(diskWait, undefined, { ...(signal && { signal }) }).catch(() => undefined);
    }
  }
}
