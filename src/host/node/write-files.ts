// Files appear whole or not at all: the content goes to a neighbour with a temporary name, is flushed to the disk
// and renamed onto the target. A full disk, Ctrl-C or a kill leaves the old file or none.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import {
  access,
  constants,
  type FileHandle,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { FileError } from "../../errors.js";
import { encodeFloats } from "../../formats/bytes.js";
import { encodeSafetensors, rowsHeader, type StoredTensor } from "../../formats/safetensors.js";
import { describeSystemError, isFolder, systemCode } from "./read-files.js";

// Whether a file can be written where a person wants it: found out before the work that makes its content.

/**
 * Checks that there is a folder for a new file, that it may be written to, and that what has the file's name already, if
 * anything, is a file: a device or a pipe cannot be replaced by one.
 *
 * @throws FileError about `path`, whose message names the folder where that is at fault
 */
export async function requireTarget(path: string): Promise<void> {
  const folder = dirname(path);
  const [found, below] = await Promise.all([kindOf(path), kindOf(folder)]);
  if (found === "folder")
    throw new FileError(`'${path}' is a folder, and a file was expected. Name a file in it.`, path, "EISDIR");
  if (found === "device")
    throw new FileError(
      `'${path}' is a device or a pipe, and a file was expected. Name a file, or write to - where a command can.`,
      path,
      "EINVAL",
    );
  if (below === "nothing")
    throw new FileError(
      `There is no folder '${folder}' to write '${path}' into. Make it first.`,
      path,
      "ENOENT",
    );
  if (below !== "folder")
    throw new FileError(`'${folder}' is a file, and no folder to write '${path}' into.`, path, "ENOTDIR");
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    if (systemCode(error) !== "EACCES") throw describeSystemError(error, path);
    const message = `The folder '${folder}' may not be written to: permission denied. Choose another one for '${path}'.`;
    throw new FileError(message, path, "EACCES", { cause: error });
  }
}

async function kindOf(path: string): Promise<"file" | "folder" | "device" | "nothing"> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return "folder";
    return found.isFile() ? "file" : "device";
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return "nothing";
    throw describeSystemError(error, path);
  }
}

// Folders for files to be written into.

/**
 * Makes a folder and those above it, where they are not there yet.
 *
 * @throws FileError where a file is in the way or the file system refuses
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    // one by one: mkdir's own recursion never ends where a file system says ENOENT to every new folder, as /proc does
    for (const folder of await missingFolders(resolve(path))) await makeOne(folder);
  } catch (error) {
    if (systemCode(error) === "ENOENT")
      throw new FileError(
        `The folder '${path}' could not be made: its file system takes no new folders. Choose another place.`,
        path,
        "ENOENT",
        { cause: error },
      );
    throw describeSystemError(error, path);
  }
  if (!(await isFolder(path)))
    throw new FileError(`'${path}' is a file, and a folder was expected. Name another.`, path, "ENOTDIR");
}

/** The folders that a path lacks, the highest first. */
async function missingFolders(path: string): Promise<string[]> {
  try {
    await stat(path);
    return [];
  } catch (error) {
    if (systemCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    return [...(await missingFolders(dirname(path))), path];
  }
}

async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    // another process may have been faster
    if (!(await isFolder(folder))) throw error;
  }
}

const unfinished = new Set<string>();
const PART = ".part";

/** How the names of a file's unfinished neighbours begin. */
function partStart(target: string): string {
  return `.${basename(target).slice(0, 100)}.`;
}

/** Removes what processes that were killed have left beside files. Nobody may be at work on them. */
export async function removeParts(paths: readonly string[]): Promise<void> {
  const starts = new Set(paths.map((path) => join(dirname(path), partStart(path))));
  const randomLength = 12 + PART.length;
  for (const folder of new Set(paths.map((path) => dirname(path))))
    for (const name of await readdir(folder).catch(() => []))
      if (name.endsWith(PART) && starts.has(join(folder, name.slice(0, -randomLength))))
        await rm(join(folder, name), { force: true });
}

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
  const temporary = join(dirname(target), `${partStart(target)}${randomBytes(6).toString("hex")}${PART}`);
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

// Safetensors files: a header, then the tensors' values one after the other.

/**
 * Writes a safetensors file, whole or not at all.
 *
 * @throws FileError where the file system refuses
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly StoredTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const pieces = encodeSafetensors(tensors, metadata);
  await streamAtomically(path, async (file) => {
    for (const piece of pieces) await file.writeFile(piece);
  });
}

/**
 * Writes a file of one float32 tensor [rows, columns] whose number of rows is known only at the end, so that memory
 * does not grow with it. Whole or not at all, also where `pieces` throws.
 *
 * @param pieces the values in order, each a whole number of rows
 * @returns rows written
 * @throws FileError where the file system refuses, and what `pieces` throws
 */
export async function writeSafetensorsRows(
  path: string,
  name: string,
  columns: number,
  pieces: AsyncIterable<Float32Array> | Iterable<Float32Array>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<number> {
  const headerOf = rowsHeader(name, columns, metadata);
  return streamAtomically(path, async (file) => {
    let values = 0;
    await file.writeFile(headerOf(0));
    for await (const piece of pieces) {
      if (piece.length % columns !== 0)
        throw new RangeError(`a piece of ${piece.length} values is no whole number of rows of ${columns}`);
      values += piece.length;
      await file.writeFile(encodeFloats(piece));
    }
    const header = headerOf(values / columns);
    await file.write(header, 0, header.length, 0);
    return values / columns;
  });
}
