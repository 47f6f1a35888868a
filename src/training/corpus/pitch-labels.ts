// Completes a cache with the pitch of its recordings at their own speed: what is missing is found on all cores. A run that
// was killed is continued, since each recording's pitch is in the file as soon as it was found.
import type { MelFormat } from "../../mel/format.js";
import { PitchFile } from "./pitch-file.js";
import { type Copy, FULL_SCALE } from "./prepare-recording.js";
import { recordingThread, threadCount } from "./threads.js";
import { analysePitch, createPitchTransforms, type PitchTransforms } from "../../audio/pitch.js";
import { RealFft } from "../../audio/real-fft.js";
import { PartReader } from "./cache-part.js";

// Finds the pitch of recordings in the cache, from their 16-bit samples there, and notes it beside them.

/** Labels one utterance at a time. Close it. */
export class PitchLabeller {
  readonly #folder: string;
  readonly #format: MelFormat;
  readonly #transforms: PitchTransforms<RealFft>;
  readonly #parts = new Map<string, { readonly reader: PartReader; readonly pitch: PitchFile }>();

  private constructor(folder: string, format: MelFormat, transforms: PitchTransforms<RealFft>) {
    this.#folder = folder;
    this.#format = format;
    this.#transforms = transforms;
  }

  /** @param folder of the cache */
  static async create(folder: string, format: MelFormat): Promise<PitchLabeller> {
    const transforms = await createPitchTransforms(format.sampleRate, (size) => RealFft.create(size));
    return new PitchLabeller(folder, format, transforms);
  }

  /** @throws FileError */
  label({ part, at, frames }: Copy): void {
    const { hopLength, sampleRate } = this.#format;
    const { reader, pitch } = this.#open(part);
    const stored = new Int16Array(frames * hopLength);
    reader.readSamples(at, 0, stored);
    const samples = Float32Array.from(stored, (value) => value / FULL_SCALE);
    pitch.write(at, analysePitch(samples, sampleRate, hopLength, this.#transforms));
  }

  close(): void {
    for (const { reader, pitch } of this.#parts.values()) {
      reader.close();
      pitch.close();
    }
    this.#transforms.correlation.dispose();
    this.#transforms.filter.dispose();
  }

  #open(part: string): { reader: PartReader; pitch: PitchFile } {
    const found = this.#parts.get(part) ?? {
      reader: new PartReader(this.#folder, part, this.#format),
      pitch: new PitchFile(this.#folder, part),
    };
    this.#parts.set(part, found);
    return found;
  }
}

/** Whom to tell, and when to stop. */
interface LabelOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Finds the pitch of those copies that lack it.
 *
 * @param folder of the cache
 * @param copies of speed 1
 * @throws FileError; the signal's reason where it was aborted. What was found until then is kept.
 */
export async function labelPitch(
  folder: string,
  copies: readonly Copy[],
  format: MelFormat,
  { onProgress, signal }: LabelOptions = {},
): Promise<void> {
  const missing = withoutPitch(folder, copies);
  if (missing.length === 0) return;
  const count = threadCount(missing.length);
  const labellers = await Promise.all(
    Array.from({ length: Math.max(1, count) }, () =>
      count > 0 ? threadLabeller(folder, format) : localLabeller(folder, format),
    ),
  );
  let [next, done, failed] = [0, 0, false];
  const feed = async ({ label }: Labeller): Promise<void> => {
    while (next < missing.length && !failed && !signal?.aborted) {
      try {
        await label(missing[next++]);
      } catch (error) {
        failed = true;
        throw error;
      }
      onProgress?.(copies.length - missing.length + ++done, copies.length);
    }
  };
  // all have to be at rest before anything is closed
  const ended = await Promise.allSettled(labellers.map(feed));
  await Promise.all(labellers.map(({ close }) => close()));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
  signal?.throwIfAborted();
}

function withoutPitch(folder: string, copies: readonly Copy[]): Copy[] {
  const files = new Map(
    [...new Set(copies.map(({ part }) => part))].map((part) => [part, new PitchFile(folder, part)]),
  );
  const missing = copies.filter(({ part, at, frames }) => !files.get(part)!.holds(at, frames));
  for (const file of files.values()) file.close();
  return missing;
}

interface Labeller {
  readonly label: (copy: Copy) => Promise<void>;
  readonly close: () => Promise<void>;
}

async function localLabeller(folder: string, format: MelFormat): Promise<Labeller> {
  const labeller = await PitchLabeller.create(folder, format);
  return {
    label: async (copy) => {
      // lets an abort come through
      await Promise.resolve();
      labeller.label(copy);
    },
    close: async () => {
      await Promise.resolve();
      labeller.close();
    },
  };
}

async function threadLabeller(folder: string, format: MelFormat): Promise<Labeller> {
  await Promise.resolve();
  const thread = recordingThread();
  return {
    label: (copy) => thread.ask("label", { folder, format, copy }),
    close: () => thread.dispose(),
  };
}
