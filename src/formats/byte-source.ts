// Bytes that are read where and when they are needed: of an array in memory or of a file, which then never is in memory
// as a whole.
import { type FileHandle, open, stat } from "node:fs/promises";
import { FileError } from "../errors.js";
import { describeSystemError, readWholeFile } from "../host/node/read-files.js";

/** A fixed number of bytes with random access. */
export interface ByteSource {
  readonly length: number;
  /**
   * The bytes from `at` on: `count` of them, or as many as there are up to the end.
   *
   * @returns for the caller to read, not to change
   * @throws FileError where the file system refuses, or the file has become shorter
   */
  read(at: number, count: number): Promise<Uint8Array>;
  /** Ends all reading. */
  close(): Promise<void>;
}

// what node:fs reads at once
const MOST_AT_ONCE = 2 ** 31 - 1;

/** Bytes in memory as a source, which copies none of them. */
export function byteSource(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    read: (at, count) => Promise.resolve(bytes.subarray(at, at + count)),
    close: () => Promise.resolve(),
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
