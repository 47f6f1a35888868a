// Bytes that are read where and when they are needed: of an array in memory or of a file, which then never is in memory
// as a whole.

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

/** Where files are read from. */
export interface Files {
  /**
   * Reads the whole of a file.
   *
   * @param place its path, or whatever the platform names files by
   */
  read(place: string): Promise<Uint8Array>;
  /** Opens a file to read parts of it; close it. */
  open(place: string): Promise<ByteSource>;
}

/** Bytes in memory as a source, which copies none of them. */
export function byteSource(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    read: (at, count) => Promise.resolve(bytes.subarray(at, at + count)),
    close: () => Promise.resolve(),
  };
}
