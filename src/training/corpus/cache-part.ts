// A part of the cache: two files of one run and thread, to which utterances are appended as they are made, 16-bit
// samples [frames·hop] in the one and natural-log mels [frames, bands] float32 in the other. One offset in frames holds
// for both.
import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { MelFormat } from "../../mel/format.js";
import { FileError } from "../../errors.js";
import { describeSystemError } from "../../host/node/read-files.js";

/** A cache's file became shorter while it was in use. */
export class CacheChangedError extends FileError {
  constructor(path: string) {
    super(`'${path}' became shorter while it was in use. Start again: the cache is then rebuilt.`, path);
  }
}

const endings = ["samples", "mels"] as const;

/** The name of the file with the pitch of a part's recordings, where that was asked for. */
export function pitchFile(part: string): string {
  return `${part}.pitch`;
}

/** The names of all files that a part may have. */
export function allPartFiles(part: string): readonly string[] {
  return [...partFiles(part), pitchFile(part)];
}

/** The names of the files that a part has to have: the samples', then the mels'. */
function partFiles(part: string): readonly [string, string] {
  return [`${part}.${endings[0]}`, `${part}.${endings[1]}`];
}

/** The part that a file belongs to; undefined for a file that is none of a cache's. */
export function partOfFile(name: string): string | undefined {
  return /^(part-[0-9a-f]+)\.(?:samples|mels|pitch)$/.exec(name)?.[1];
}

/** Bytes of a frame in the two files. */
function frameBytes({ hopLength, bands }: MelFormat): readonly [number, number] {
  return [hopLength * Int16Array.BYTES_PER_ELEMENT, bands * Float32Array.BYTES_PER_ELEMENT];
}

/** Whether both files of a part hold at least so many frames. */
export function partHolds(folder: string, part: string, frames: number, format: MelFormat): boolean {
  const bytes = frameBytes(format);
  return partFiles(part).every((file, i) => {
    const found = statSync(join(folder, file), { throwIfNoEntry: false });
    return found !== undefined && found.size >= frames * bytes[i];
  });
}

/** Appends utterances to a new part. */
export class PartWriter {
  readonly #paths: readonly string[];
  readonly #files: readonly number[];
  readonly #bytes: readonly [number, number];
  #frames = 0;

  /** @throws FileError */
  constructor(folder: string, part: string, format: MelFormat) {
    this.#bytes = frameBytes(format);
    this.#paths = partFiles(part).map((file) => join(folder, file));
    this.#files = this.#paths.map((path) => attempt(path, () => openSync(path, "wx")));
  }

  /**
   * Appends one utterance.
   *
   * @param samples [frames·hop]
   * @param mel [frames, bands]
   * @returns the frame at which it stands in the part
   * @throws FileError; the part is as before
   */
  append(samples: Int16Array, mel: Float32Array): number {
    try {
      [samples, mel].forEach((values, i) => {
        this.#write(i, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      });
    } catch (error) {
      // on a full disk, the index needs what half an utterance took
      this.#files.forEach((file, i) => {
        ftruncateSync(file, this.#frames * this.#bytes[i]);
      });
      throw error;
    }
    const at = this.#frames;
    this.#frames += samples.byteLength / this.#bytes[0];
    return at;
  }

  #write(which: number, bytes: Uint8Array): void {
    const start = this.#frames * this.#bytes[which];
    attempt(this.#paths[which], () => {
      for (let done = 0; done < bytes.length;)
        done += writeSync(this.#files[which], bytes, done, bytes.length - done, start + done);
    });
  }

  /** Brings everything to the disk. @throws FileError */
  flush(): void {
    this.#files.forEach((file, i) => {
      attempt(this.#paths[i], () => {
        fsyncSync(file);
      });
    });
  }

  close(): void {
    for (const file of this.#files) closeSync(file);
  }
}

/** Reads from a part. */
export class PartReader {
  readonly #files: readonly number[];
  readonly #paths: readonly string[];
  readonly #bytes: readonly [number, number];

  /** @throws FileError */
  constructor(folder: string, part: string, format: MelFormat) {
    this.#bytes = frameBytes(format);
    this.#paths = partFiles(part).map((file) => join(folder, file));
    this.#files = this.#paths.map((path) => attempt(path, () => openSync(path, "r")));
  }

  /** Fills `target` with samples from sample `first` of the utterance that stands at frame `at`. */
  readSamples(at: number, first: number, target: Int16Array): void {
    this.#read(0, at * this.#bytes[0] + first * Int16Array.BYTES_PER_ELEMENT, target);
  }

  /** Fills `target` with mel values from frame `first` of the utterance that stands at frame `at`. */
  readMel(at: number, first: number, target: Float32Array): void {
    this.#read(1, (at + first) * this.#bytes[1], target);
  }

  close(): void {
    for (const file of this.#files) closeSync(file);
  }

  #read(which: 0 | 1, position: number, target: Int16Array | Float32Array): void {
    const path = this.#paths[which];
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    attempt(path, () => {
      for (let done = 0; done < bytes.length;) {
        const count = readSync(this.#files[which], bytes, done, bytes.length - done, position + done);
        if (count === 0) throw new CacheChangedError(path);
        done += count;
      }
    });
  }
}

/** What an action on a file returns. @throws FileError where the file system refuses */
export function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw describeSystemError(error, path);
  }
}
