// Finds the pitch of recordings in the cache, from their 16-bit samples there, and notes it beside them.
import { analysePitch, createPitchTransforms, type PitchTransforms } from "../../audio/pitch/pitch.js";
import type { MelFormat } from "../../audio/mel-format/mel-format.js";
import { RealFft } from "../../synthesis/real-fft.js";
import { PartReader } from "./corpus-part.js";
import { PitchFile } from "./pitch-file.js";
import { FULL_SCALE, type Copy } from "./prepare-recording.js";

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
