// The recordings in a folder and the folders below it, by their names' endings.
import { InputError } from "../../errors.js";
import { findFiles } from "../../files/find-files.js";

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
  const found = await findFiles(folder, isRecordingName);
  if (found.length === 0) throw new NoRecordingsError(folder);
  return found;
}
