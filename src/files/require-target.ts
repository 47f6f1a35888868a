// Whether a file can be written where a person wants it: found out before the work that makes its content.
import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { FileError } from "../errors.js";
import { describeSystemError, systemCode } from "./system-error.js";

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
