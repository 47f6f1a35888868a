// Files appear whole or not at all: the content goes to a neighbour with a temporary name, is flushed to the disk
// and renamed onto the target. A full disk, Ctrl-C or a kill leaves the old file or none.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileError } from "../errors.js";
import { requireTarget } from "./require-target.js";
import { describeSystemError, systemCode } from "./system-error.js";

const unfinished = new Set<string>();

/** Removes what unfinished writes have left beside their targets; for a signal handler, hence synchronous. */
export function removeUnfinishedFiles(): void {
  for (const path of unfinished) rmSync(path, { force: true });
  unfinished.clear();
}

/**
 * Writes a file piece by piece, so that `path` either holds the complete content or is untouched.
 *
 * @param path target; an existing file is replaced
 * @param write gets the open handle of the temporary file and writes everything to it
 * @throws FileError where the file system refuses
 */
export async function streamAtomically<T>(path: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  const temporary = join(
    dirname(path),
    `.${basename(path).slice(0, 100)}.${randomBytes(6).toString("hex")}.part`,
  );
  let file: FileHandle;
  try {
    file = await open(temporary, "wx");
  } catch (error) {
    // what is missing or may not be written to is the folder, not the file
    await requireTarget(path);
    if (systemCode(error) !== "ENOENT") throw describeSystemError(error, path);
    const message = `'${path}' could not be written: its file system takes no new files. Choose another place.`;
    throw new FileError(message, path, "ENOENT", { cause: error });
  }
  unfinished.add(temporary);
  try {
    let result: T;
    try {
      result = await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    throw describeSystemError(error, path);
  } finally {
    unfinished.delete(temporary);
  }
}

/**
 * Writes a whole file at once, so that `path` either holds the complete content or is untouched.
 *
 * @throws FileError where the file system refuses
 */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  await streamAtomically(path, (file) => file.writeFile(content));
}
