// Files appear whole or not at all: the content goes to a neighbour with a temporary name, is flushed to the disk
// and renamed onto the target. A full disk, Ctrl-C or a kill leaves the old file or none.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { open, realpath, rename, rm, type FileHandle } from "node:fs/promises";
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
 * @param path target; an existing file is replaced, a link's file and not the link
 * @param write gets the open handle of the temporary file and writes everything to it
 * @throws FileError where the file system refuses
 */
export async function streamAtomically<T>(path: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  // also here, since renaming would replace a device, /dev/null for everybody
  await requireTarget(path);
  const target = await behindLinks(path);
  const temporary = join(
    dirname(target),
    `.${basename(target).slice(0, 100)}.${randomBytes(6).toString("hex")}.part`,
  );
  let file: FileHandle;
  try {
    file = await open(temporary, "wx");
  } catch (error) {
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
    await rename(temporary, target);
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

/** The file that a link leads to, or the path itself. */
async function behindLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return path;
    throw describeSystemError(error, path);
  }
}
