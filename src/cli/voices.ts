// Which voice a command speaks with: the one that its options name, or of those that come with vocode the one that takes
// the mel as it is.
import type { MelFormat } from "../mel/format.js";
import { localCheckpoint, shippedCheckpoint, voiceFor } from "../host/node/voices.js";
import type { Vocoder } from "../node.js";
import { type EngineOptions, engineOf, remarkThreads, type SynthesisChoice } from "./options.js";
import { type OutputOptions, printNote } from "./output.js";

/**
 * The folder of a voice by its name, path or address. One at an address is fetched first, with a bar.
 *
 * @param place without it the default voice
 * @throws UnknownVoiceError, DownloadError, FileError
 */
export async function checkpointFolder(
  place: string = shippedCheckpoint,
  options: OutputOptions,
): Promise<string> {
  const { WorkProgress } = await import("./status.js");
  const progress = new WorkProgress(options);
  try {
    return await localCheckpoint(place, {
      onDownload: (received, total) => {
        progress.update(received, total ?? 0, `${(received / 1e6).toFixed(1)} MB of the voice`);
      },
      onRemark: (sentence) => {
        progress.end();
        printNote(options, sentence);
      },
    });
  } finally {
    progress.end();
  }
}

/**
 * Loads the vocoder that the options ask for.
 *
 * @param place as in checkpointFolder
 * @throws CheckpointError, FileError, EngineUnavailableError, PrecisionUnavailableError, NotCalibratedError
 */
export async function loadVoice(
  place: string | undefined,
  options: EngineOptions & Pick<SynthesisChoice, "precision"> & OutputOptions,
): Promise<Vocoder> {
  const { precision } = options;
  remarkThreads(options);
  // loaded here, so that a command's help does not wait for the engines
  const { Vocoder } = await import("../node.js");
  return Vocoder.load(await checkpointFolder(place, options), {
    ...engineOf(options),
    ...(precision === undefined ? {} : { precision }),
  });
}

/** The voices of a command that speaks mels, each loaded when the first mel is of its format. */
export class ChosenVoices {
  readonly #options: SynthesisChoice & OutputOptions;
  readonly #loaded = new Map<string, Promise<Vocoder>>();
  #loadSeconds = 0;
  #failed = false;

  constructor(options: SynthesisChoice & OutputOptions) {
    this.#options = options;
    const { steps, schedule } = options;
    if (steps !== undefined && schedule !== undefined)
      printNote(
        options,
        `--steps ${steps} does nothing: the schedule ${typeof schedule === "string" ? schedule : schedule.name} has its own number of steps.`,
      );
  }

  /** What loading took until now. */
  get loadSeconds(): number {
    return this.#loadSeconds;
  }

  /** Whether a voice could not be loaded, which is no fault of a mel's. */
  get failed(): boolean {
    return this.#failed;
  }

  /**
   * The voice for a mel; where the options name none, a note says which one speaks a format other than the default.
   *
   * @param format undefined where nothing says it
   * @throws what loadVoice throws
   */
  async for(format: MelFormat | undefined): Promise<Vocoder> {
    const { checkpoint } = this.#options;
    const chosen = checkpoint === undefined && format ? await voiceFor(format) : undefined;
    const place = checkpoint ?? chosen?.folder ?? shippedCheckpoint;
    const known = this.#loaded.get(place);
    if (known) return known;
    if (chosen && place !== shippedCheckpoint)
      printNote(this.#options, `The mel is in the format of the voice ${chosen.name}, which speaks it.`);
    const loading = this.#load(place);
    this.#loaded.set(place, loading);
    return loading;
  }

  async #load(place: string): Promise<Vocoder> {
    const begun = performance.now();
    try {
      return await loadVoice(place, this.#options);
    } catch (error) {
      this.#failed = true;
      throw error;
    } finally {
      this.#loadSeconds += (performance.now() - begun) / 1000;
    }
  }

  async dispose(): Promise<void> {
    for (const vocoder of this.#loaded.values()) await (await vocoder).dispose();
  }
}
