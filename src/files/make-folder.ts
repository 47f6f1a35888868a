// Folders for files to be written into.
import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FileError } from "../errors.js";
import { isFolder } from "./is-folder.js";
import { describeSystemError, systemCode } from "./system-error.js";

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
