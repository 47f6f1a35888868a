// Whether a path is a folder: the question that decides what a command's argument means.
import { stat } from "node:fs/promises";

/** Whether there is a folder at a path; false where nothing is there or nothing can be found out. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
