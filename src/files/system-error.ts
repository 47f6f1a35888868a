// Sentences for the file system's errors: what happened to which path, and what to do about it.
import { FileError } from "../errors.js";

const sentences: Record<string, (path: string) => string> = {
  ENOENT: (path) => `'${path}' does not exist. Check the path.`,
  EACCES: (path) =>
    `'${path}' may not be accessed: permission denied. Change its permissions or choose another path.`,
  EPERM: (path) => `'${path}' may not be changed: operation not permitted. Choose another path.`,
  EEXIST: (path) => `'${path}' exists already. Choose another path.`,
  EISDIR: (path) => `'${path}' is a folder, and a file was expected. Name a file in it.`,
  ENOTDIR: (path) => `'${path}' lies below something that is a file, not a folder. Check the path.`,
  ENOSPC: (path) =>
    `'${path}' could not be written: the disk is full. Free some space; nothing half-written was left.`,
  EDQUOT: (path) =>
    `'${path}' could not be written: your disk quota is used up. Nothing half-written was left.`,
  EFBIG: (path) => `'${path}' could not be written: it would exceed the largest file size allowed here.`,
  EROFS: (path) => `'${path}' could not be written: the file system is read-only. Choose another path.`,
  ENAMETOOLONG: (path) => `'${path}' is too long a file name. Choose a shorter one.`,
  EMFILE: (path) => `'${path}' could not be opened: too many files are open.`,
};

/** The system's code of an error thrown by node:fs, if it is one. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/**
 * A FileError with a sentence for an error that node:fs threw; any other error comes back as it is.
 *
 * @param error what was thrown
 * @param path the file or folder as the person named it
 */
export function describeSystemError(error: unknown, path: string): unknown {
  const code = systemCode(error);
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code) || error instanceof FileError) return error;
  const sentence = sentences[code]?.(path) ?? `'${path}' could not be used: the system reports ${code}.`;
  return new FileError(sentence, path, code, { cause: error });
}
