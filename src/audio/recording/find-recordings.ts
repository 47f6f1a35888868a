// The recordings in a folder and the folders below it, by their names' endings.
import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { InputError } from "../../errors.js";
import { describeSystemError } from "../../files/system-error.js";

/** The endings of files that are taken for recordings. */
export const RECORDING_EXTENSIONS: readonly string[] = [".wav", ".wave", ".flac"];

/** A folder holds no recording, at no depth. */
export class NoRecordingsError extends InputError {
  constructor(readonly folder: string) {
    super(
      `The folder '${folder}' holds no recordings: no file in it or below it ends in ${RECORDING_EXTENSIONS.join(", ")}.`,
    );
  }
}

/** Whether a file's name ends as a recording's does. */
export function isRecordingName(path: string): boolean {
  return RECORDING_EXTENSIONS.some((extension) => path.toLowerCase().endsWith(extension));
}

/**
 * Paths of the recordings in and below a folder, relative to it, in alphabetical order. Hidden ones and linked
 * folders are passed over, linked files are not.
 *
 * @throws NoRecordingsError where there are none, FileError where the folder cannot be read
 */
export async function findRecordings(folder: string): Promise<string[]> {
  try {
    const found: string[] = [];
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = relative(folder, join(entry.parentPath, entry.name));
      const hidden = path.split(sep).some((part) => part.startsWith("."));
      if (hidden || !isRecordingName(entry.name)) continue;
      if (entry.isFile() || (entry.isSymbolicLink() && (await isLinkedFile(join(folder, path)))))
        found.push(path);
    }
    if (found.length === 0) throw new NoRecordingsError(folder);
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
