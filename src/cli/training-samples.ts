// A few held-out clips, spoken by the checkpoint that a run has stored, while it trains: what its report plays. Each time
// nearly twice as many steps are done as the last time, so a run of any length keeps few of them.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { encodingOf, storedNumber } from "../mel/encoding.js";
import { writeWav } from "../host/node/recordings.js";
import { makeFolder, writeAtomically } from "../host/node/write-files.js";
import type { CropSource, Utterance } from "../training/draws.js";
import { isFullDisk } from "../training/run.js";
import type { EngineOptions } from "./options.js";

const CLIPS = 3;
const CLIP_SECONDS = 2.5;
const GROWTH = 1.8;
const LIST = "clips.json";

/** A clip that is spoken: a part of a held-out recording. */
interface Clip {
  readonly utterance: Utterance;
  readonly first: number;
  readonly frames: number;
}

/** A held-out clip as it was spoken after some steps, or its recording. */
export interface SpokenClip {
  /** "clip 1/speech" or "clip 1/recording" */
  readonly name: string;
  readonly samples: Float32Array;
  /** The same as a WAV file. */
  readonly wav: Uint8Array;
}

/** Samples of a run, in their folder. */
export class TrainingSamples {
  readonly #folder: string;
  readonly #source: CropSource;
  readonly #clips: readonly Clip[];
  readonly #onSpoken: ((step: number, clips: readonly SpokenClip[]) => void) | undefined;

  /**
   * @param runPath the run's folder
   * @param onSpoken hears the clips too, each with its recording
   */
  constructor(
    runPath: string,
    source: CropSource,
    onSpoken?: (step: number, clips: readonly SpokenClip[]) => void,
  ) {
    this.#onSpoken = onSpoken;
    this.#folder = samplesFolder(runPath);
    this.#source = source;
    this.#clips = chosenClips(source);
  }

  /** Whether after so many steps samples are due. */
  async isDue(step: number): Promise<boolean> {
    const { steps } = await storedSamples(this.#folder);
    return !steps.includes(step) && step >= GROWTH * (steps.filter((each) => each < step).at(-1) ?? 0);
  }

  /**
   * Speaks the clips, unless they are there; where that fails, training has no reason to.
   *
   * @param checkpoint of these steps
   * @returns a sentence about what failed
   * @throws FileError for a full disk
   */
  async speak(step: number, checkpoint: string, engine: EngineOptions): Promise<string | undefined> {
    try {
      if ((await storedSamples(this.#folder)).steps.includes(step)) return undefined;
      await this.#storeRecordings();
      const { Vocoder } = await import("../node.js");
      // a graph of weights that are soon gone is not worth a place in the cache
      const vocoder = await Vocoder.load(checkpoint, { ...engine, cacheFolder: null });
      const spoken: SpokenClip[] = [];
      try {
        for (const [index, clip] of this.#clips.entries()) {
          const { samples, sampleRate } = await vocoder.synthesize(this.#melOf(clip));
          await writeWav(join(this.#folder, sampleName(step, index)), [samples], sampleRate);
          if (!this.#onSpoken) continue;
          const named = async (what: string, heard: Float32Array, file: string): Promise<SpokenClip> => ({
            name: `clip ${index + 1}/${what}`,
            samples: heard,
            wav: await readFile(join(this.#folder, file)),
          });
          spoken.push(
            await named("speech", samples, sampleName(step, index)),
            await named("recording", this.#recordingOf(clip), sampleName("recording", index)),
          );
        }
      } finally {
        await vocoder.dispose();
      }
      this.#onSpoken?.(step, spoken);
      return undefined;
    } catch (error) {
      if (isFullDisk(error)) throw error;
      return `The clips of step ${step} could not be spoken: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  async #storeRecordings(): Promise<void> {
    await makeFolder(this.#folder);
    if ((await readdir(this.#folder)).includes(LIST)) return;
    const { sampleRate } = this.#source.format;
    for (const [index, clip] of this.#clips.entries()) {
      const name = sampleName("recording", index);
      await writeWav(join(this.#folder, name), [this.#recordingOf(clip)], sampleRate);
    }
    const names = this.#clips.map(({ utterance: { name } }) => name);
    await writeAtomically(join(this.#folder, LIST), `${JSON.stringify(names)}\n`);
  }

  #recordingOf({ utterance, first, frames }: Clip): Float32Array {
    const { hopLength } = this.#source.format;
    const samples = new Float32Array(frames * hopLength);
    this.#source.readSamples(utterance, first * hopLength, samples.length, samples, 0);
    return samples;
  }

  #melOf({ utterance, first, frames }: Clip): {
    format: CropSource["format"];
    frames: number;
    values: Float32Array;
  } {
    const { format } = this.#source;
    const values = new Float32Array(frames * format.bands);
    this.#source.readMel(utterance, first, frames, values, 0);
    const encoding = encodingOf(format);
    return { format, frames, values: values.map((value) => storedNumber(value, encoding)) };
  }
}

/** Where a run keeps its samples. */
export function samplesFolder(runPath: string): string {
  return join(runPath, "samples");
}

/** The file of a clip: of the recording, or spoken after some steps. */
export function sampleName(step: number | "recording", clip: number): string {
  return `${step === "recording" ? step : String(step).padStart(8, "0")}-${clip}.wav`;
}

/** The clips' names and the steps after which they were spoken; none where nothing was. */
export async function storedSamples(
  folder: string,
): Promise<{ readonly names: readonly string[]; readonly steps: readonly number[] }> {
  const files = await readdir(folder).catch((): string[] => []);
  if (!files.includes(LIST)) return { names: [], steps: [] };
  const names = JSON.parse(await readFile(join(folder, LIST), "utf8")) as string[];
  const steps = files.flatMap((file) => {
    const match = /^(\d{8})-0\.wav$/.exec(file);
    return match ? [Number(match[1])] : [];
  });
  // a step that was cut off lacks its last clip
  const whole = steps.filter((step) => files.includes(sampleName(step, names.length - 1)));
  return { names, steps: whole.sort((a, b) => a - b) };
}

/** Parts of held-out recordings far from each other in the list, so that speakers and texts differ. */
function chosenClips({ utterances, format }: CropSource): Clip[] {
  const heldOut = utterances.filter((utterance) => utterance.heldOut && utterance.speed === 1);
  const count = Math.min(CLIPS, heldOut.length);
  const most = Math.round((CLIP_SECONDS * format.sampleRate) / format.hopLength);
  return Array.from({ length: count }, (_, index) => {
    const utterance = heldOut[Math.floor(((index + 0.5) * heldOut.length) / count)];
    const frames = Math.min(most, utterance.frames);
    return { utterance, first: Math.floor((utterance.frames - frames) / 2), frames };
  });
}
