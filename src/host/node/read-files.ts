// A whole file in memory, or a sentence why not.
import { type FileHandle, open, readdir, readFile, stat } from "node:fs/promises";
import { type ByteSource, byteSource, type Files } from "../../formats/bytes.js";
import { FileError, InputError } from "../../errors.js";
import { join, relative, sep } from "node:path";
import { isForeignName, isRecordingName, recordingEndings } from "../../audio/recording.js";

// Files that come with vocode. A bundler puts this module into another file: what it needs is looked for beside that one.

/** Whether a bundler has put this code into another file than the one that it was compiled to. */
export const isBundled = !/\/host\/node\/read-files\.[jt]s$/.test(import.meta.url);

/**
 * The address of a file or folder that comes with vocode.
 *
 * @param compiled where it lies, seen from the folder of the compiled code
 * @param bundled where it lies, seen from a bundle
 */
export function addressInPackage(compiled: string, bundled: string): URL {
  return isBundled ? new URL(bundled, import.meta.url) : new URL(`../../${compiled}`, import.meta.url);
}

// Sentences for the file system's errors: what happened to which path, and what to do about it.

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

// The files in a folder and the folders below it, chosen by their names.

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
    if (systemCode(error) === "ENOTDIR" && (await isFile(folder)))
      throw new FileError(
        `'${folder}' is a file, and a folder was expected. Name the folder that it lies in.`,
        folder,
        "ENOTDIR",
      );
    // the one at fault may be a folder further down
    throw describeSystemError(error, (error as NodeJS.ErrnoException).path ?? folder);
  }
}

/** Whether a place is an address on the web rather than a path. */
export function isAddress(place: string): boolean {
  return /^https?:\/\//i.test(place);
}

/** Whether there is something at a path that is no folder. */
export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => !found.isDirectory(),
    () => false,
  );
}

async function isLinkedFile(path: string): Promise<boolean> {
  // a link that leads nowhere is found too, so that it gets reported instead of missed
  return stat(path).then(
    (target) => !target.isDirectory(),
    () => true,
  );
}

// The recordings in a folder and the folders below it, by their names' endings.

/** A folder holds no recording, at no depth. */
export class NoRecordingsError extends InputError {
  /** @param others what it holds of other formats, a sentence */
  constructor(
    readonly folder: string,
    others?: string,
  ) {
    super(
      `The folder '${folder}' holds no recordings: no file in it or below it ends in ${recordingEndings.join(", ")}.` +
        (others === undefined ? "" : ` ${others}`),
    );
  }
}

/**
 * Paths of the recordings in and below a folder, relative to it, in alphabetical order. Hidden ones and linked
 * folders are passed over, linked files are not.
 *
 * @throws NoRecordingsError where there are none, FileError where the folder cannot be read
 */
export async function findRecordings(folder: string): Promise<string[]> {
  const found = await findFiles(folder, isRecordingName);
  if (found.length === 0) throw new NoRecordingsError(folder, await describeForeignFiles(folder));
  return found;
}

/**
 * How many files of sound in and below a folder are of formats that are not read, and what to do about it, in words;
 * undefined where there are none.
 *
 * @throws FileError where the folder cannot be read
 */
export async function describeForeignFiles(folder: string): Promise<string | undefined> {
  const names = await findFiles(folder, isForeignName);
  if (names.length === 0) return undefined;
  const formats = [
    ...new Set(names.map((name) => name.slice(name.lastIndexOf(".") + 1).toLowerCase())),
  ].sort();
  const what = names.length === 1 ? "1 file of another format" : `${names.length} files of other formats`;
  return (
    `${what} (${formats.join(", ")}) ${names.length === 1 ? "is" : "are"} passed over. ` +
    `Convert them: for f in ${formats.map((format) => `*.${format}`).join(" ")}; do ffmpeg -i "$f" "\${f%.*}.wav"; done`
  );
}

// Whether a path is a folder: the question that decides what a command's argument means.

/** Whether there is a folder at a path; false where nothing is there or nothing can be found out. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

// what node:fs reads at once
const MOST_AT_ONCE = 2 ** 31 - 1;

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
    if (size > MOST_AT_ONCE)
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

/**
 * Opens a file as a source; close it. A pipe, which can be read in order only, is taken into memory.
 *
 * @throws FileError where it is missing, a folder, a device or unreadable
 */
export async function openByteSource(path: string): Promise<ByteSource> {
  try {
    if (!(await stat(path)).isFile()) return byteSource(await readWholeFile(path));
    const file = await open(path);
    try {
      return new FileBytes(path, file, (await file.stat()).size);
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    throw describeSystemError(error, path);
  }
}

class FileBytes implements ByteSource {
  constructor(
    readonly path: string,
    readonly file: FileHandle,
    readonly length: number,
  ) {}

  async read(at: number, count: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(count, this.length - at));
    if (wanted > MOST_AT_ONCE)
      throw new FileError(
        `'${this.path}' has ${this.length} bytes; up to 2 GiB can be read at once.`,
        this.path,
        "EFBIG",
      );
    const bytes = new Uint8Array(wanted);
    try {
      for (let filled = 0; filled < wanted;) {
        const { bytesRead } = await this.file.read(bytes, filled, wanted - filled, at + filled);
        if (bytesRead === 0)
          throw new FileError(`'${this.path}' became shorter while it was read. Try again.`, this.path);
        filled += bytesRead;
      }
    } catch (error) {
      throw describeSystemError(error, this.path);
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

/** The file system. */
export const nodeFiles: Files = { read: readWholeFile, open: openByteSource };
