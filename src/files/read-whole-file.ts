// A whole file in memory, or a sentence why not.
import { readFile, stat } from "node:fs/promises";
import { FileError } from "../errors.js";
import { describeSystemError } from "./system-error.js";

// what node:fs reads at once
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Reads a file.
 *
 * @returns its bytes, which nobody else holds
 * @throws FileError where it is missing, a folder, a device, unreadable or larger than 2 GiB
 */
export async function readWholeFile(path: string): Promise<Uint8Array> {
  try {
    const { size, ...kind } = await statOf(path);
    if (kind.folder)
      throw new FileError(
        `'${path}' is a folder, and a file was expected. Name a file in it.`,
        path,
        "EISDIR",
      );
    if (kind.device)
      throw new FileError(`'${path}' is a device, and a file was expected. Name a file.`, path);
    if (size > MAX_BYTES)
      throw new FileError(`'${path}' has ${size} bytes; files of up to 2 GiB can be read.`, path, "EFBIG");
    return await readFile(path);
  } catch (error) {
    throw describeSystemError(error, path);
  }
}

async function statOf(path: string): Promise<{ size: number; folder: boolean; device: boolean }> {
  const status = await stat(path);
  return {
    size: status.size,
    folder: status.isDirectory(),
    // a device may never end
    device: status.isCharacterDevice() || status.isBlockDevice() || status.isSocket(),
  };
}
