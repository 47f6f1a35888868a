// Which voice a command speaks with: the one that its options name, or of those that come with vocode the one that takes
// the mel as it is.
import { basename } from "node:path";
import { NotCalibratedError } from "../engine/engine.js";
import { CheckpointError } from "../errors.js";
import type { MelFormat } from "../mel/format.js";
import {
  localCheckpoint,
  shippedCheckpoint,
  type ShippedVoice,
  shippedVoices,
  voiceFor,
} from "../host/node/voices.js";
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
  // loaded here, so that a command's help does not wait for the engines
  const { Vocoder } = await import("../node.js");
  return Vocoder.load(await checkpointFolder(place, options), {
    ...engineOf(options),
    ...(precision === undefined ? {} : { precision }),
  });
}

/** Says what of the options does nothing or harm, once for a command. */
export function remarkChoice(options: SynthesisChoice & OutputOptions): void {
  const { steps, schedule } = options;
  remarkThreads(options);
  if (steps !== undefined && schedule !== undefined)
    printNote(
      options,
      `--steps ${steps} does nothing: the schedule ${typeof schedule === "string" ? schedule : schedule.name} has its own number of steps.`,
    );
}

/** A voice that speaks. */
export interface ChosenVoice {
  /** Of a voice that comes with vocode its name; else as it was named. */
  readonly name: string;
  readonly vocoder: Vocoder;
}

/** A voice on its way. */
interface LoadingVoice {
  readonly loading: Promise<Vocoder>;
  /** What loading it took, when it is loaded. */
  seconds: number;
  /** Whether a mel was for it. */
  isUsed: boolean;
}

/** The voices of a command that speaks mels, each loaded when the first mel is of its format. */
export class ChosenVoices {
  readonly #options: SynthesisChoice & OutputOptions;
  readonly #voices = new Map<string, LoadingVoice>();
  /** Read once, for a folder of many mels. */
  #shipped: Promise<readonly ShippedVoice[]> | undefined;
  #failed = false;

  constructor(options: SynthesisChoice & OutputOptions) {
    this.#options = options;
    remarkChoice(options);
  }

  /** What loading the voices took that were used until now. */
  get loadSeconds(): number {
    return [...this.#voices.values()].reduce((sum, { isUsed, seconds }) => sum + (isUsed ? seconds : 0), 0);
  }

  /** Whether loading fails for more than the mels of one voice: the named or the default one, or not for what the voice is. */
  get failed(): boolean {
    return this.#failed;
  }

  /**
   * The voice for a mel; where the options name none, a note says which one speaks a format other than the default.
   *
   * @param format undefined where nothing says it
   * @throws what loadVoice throws
   */
  async for(format: MelFormat | undefined): Promise<ChosenVoice> {
    const { checkpoint } = this.#options;
    const chosen =
      checkpoint === undefined && format
        ? voiceFor(format, await (this.#shipped ??= shippedVoices()))
        : undefined;
    const place = checkpoint ?? chosen?.folder ?? shippedCheckpoint;
    const name = checkpoint ?? basename(place);
    if (!this.#voices.has(place) && this.#usual !== place)
      printNote(
        this.#options,
        `The voice is ${name}, for mels of ${format?.sampleRate} Hz; --voice names another.`,
      );
    const voice = this.#voice(place);
    voice.isUsed = true;
    return { name, vocoder: await voice.loading };
  }

  /**
   * Waits for something while the voice that was named, or else the default one, is loaded.
   *
   * @throws what the work throws; what loadVoice throws, where that is before the work is done
   */
  async meanwhile<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, this.#voice(this.#usual).loading.then(() => work)]);
  }

  /** The place of the voice that speaks what says nothing of itself. */
  get #usual(): string {
    return this.#options.checkpoint ?? shippedCheckpoint;
  }

  #voice(place: string): LoadingVoice {
    const known = this.#voices.get(place);
    if (known) return known;
    const begun = performance.now();
    const voice: LoadingVoice = { loading: this.#load(place), seconds: 0, isUsed: false };
    const loaded = (): void => {
      voice.seconds = (performance.now() - begun) / 1000;
    };
    voice.loading.then(loaded, loaded);
    this.#voices.set(place, voice);
    return voice;
  }

  async #load(place: string): Promise<Vocoder> {
    try {
      return await loadVoice(place, this.#options);
    } catch (error) {
      const isItsOwn = error instanceof CheckpointError || error instanceof NotCalibratedError;
      this.#failed ||= place === this.#usual || !isItsOwn;
      throw error;
    }
  }

  async dispose(): Promise<void> {
    for (const { loading } of this.#voices.values()) {
      // one that could not be loaded has said so to whom it was for
      const vocoder = await loading.catch(() => undefined);
      await vocoder?.dispose();
    }
  }
}
