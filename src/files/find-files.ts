// The files in a folder and the folders below it, chosen by their names.
import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { describeSystemError } from "./system-error.js";

/**
 * Paths of files in and below a folder, relative to it, in alphabetical order. Hidden ones and linked folders are passed
 * over, linked files are not.
 *
 * @throws FileError where the folder cannot be read
 */
export async function findFiles(folder: string, isWanted: (name: string) => boolean): Promise<string[]> {
  try {
    const found: string[] = [];
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = relative(folder, join(entry.parentPath, entry.name));
      const hidden = path.split(sep).some((part) => part.startsWith("."));
      if (hidden || !isWanted(entry.name)) continue;
      if (entry.isFile() || (entry.isSymbolicLink() && (await isLinkedFile(join(folder, path)))))
        found.push(path);
    }
    return found.sort((a, b) => (a < b ? -1 : 1));
  } catch (error) {
    // the one at fault may be a folder further down
    throw describeSystemError(error, (error as NodeJS.ErrnoException).path ?? folder);
  }
}

async function isLinkedFile(path: string): Promise<boolean> {
  // a link that leads nowhere is found too, so that it gets reported instead of missed
  return stat(path).then(
    (target) => !target.isDirectory(),
    () => true,
  );
}
