// What a page and the Worker with its vocoder say to each other. A request has a number; its answers carry it.
import { FileError, InputError } from "../../errors.js";
import type { DeviceName, EngineSettings, Precision } from "../../engine/engine.js";
import type { ReadMelOptions } from "../../mel/file.js";
import type { Mel, MelFormat } from "../../mel/format.js";
import type { SynthesisReport } from "../../synthesis/report.js";
import type { StepView, StreamOptions } from "../../synthesis/settings.js";
import type { RuntimeFiles } from "./sessions.js";

/** Loads the Worker's vocoder. */
export interface LoadRequest {
  readonly kind: "load";
  readonly folder: string;
  readonly precision?: Precision;
  readonly device: DeviceName | "auto";
  readonly threads?: EngineSettings["threads"];
  readonly runtime: RuntimeFiles;
  readonly keeps: boolean;
}

/** What the vocoder is, when it is loaded. */
export interface Loaded {
  readonly format: MelFormat;
  readonly denoiser: string;
  readonly precision: Precision;
  readonly device: string;
  readonly threads: number;
  /** Why the GPU is not used, where one was there. */
  readonly remark?: string;
}

/** Options that can be sent: no functions, no signal. */
export type SentOptions = Omit<StreamOptions, "signal" | "onProgress" | "onStep">;

/** Turns a mel, or the frames of `frames` messages, into speech. */
export interface SpeechRequest {
  readonly kind: "speech";
  readonly mel?: Mel;
  readonly options: SentOptions;
  readonly views: boolean;
}

/** How to read a file; `mel` as of the command line's --mel-format. */
export interface ReadFileOptions extends Omit<ReadMelOptions, "expected" | "assume"> {
  /** What a mel that does not state its format is taken for, as in `--mel-format`. */
  readonly melFormat?: string;
}

/** Reads a mel file or a recording. */
export interface ReadRequest {
  readonly kind: "read";
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly name: string;
  readonly options: ReadFileOptions;
}

/** What a file held. */
export interface ReadFile {
  /** In the vocoder's format. */
  readonly mel: Mel;
  /** The recording that it was made from, at the format's rate; undefined for a mel file. */
  readonly samples?: Float32Array<ArrayBuffer>;
  /** How a mel file's mel lay in it, in the words of `vocode info`; undefined for a recording. */
  readonly layout?: string;
  /** What was done and noticed, each a sentence. */
  readonly notes: readonly string[];
}

/** The mel of samples at some rate. */
export interface AnalyseRequest {
  readonly kind: "analyse";
  readonly samples: Float32Array;
  readonly sampleRate: number;
}

export type Request = LoadRequest | SpeechRequest | ReadRequest | AnalyseRequest;

/** From the page to the Worker. */
export type ToWorker =
  | { readonly id: number; readonly request: Request }
  | { readonly id: number; readonly frames: Float32Array | undefined }
  | { readonly id: number; readonly end: true };

/** From the Worker to the page. */
export type ToPage =
  | { readonly id: number; readonly download: readonly [number, number | undefined, string] }
  | { readonly id: number; readonly progress: readonly [number, number] }
  | { readonly id: number; readonly view: StepView }
  | { readonly id: number; readonly piece: Float32Array; readonly report: SynthesisReport }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: SentError };

/** An error on its way. */
export interface SentError {
  readonly message: string;
  readonly kind: "file" | "input" | "other";
  readonly path?: string;
  readonly code?: string;
}

/** An error as what can be sent. */
export function sentError(error: unknown): SentError {
  const { message } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof FileError) {
    const { path, code } = error;
    return { message, kind: "file", path, ...(code !== undefined && { code }) };
  }
  return { message, kind: error instanceof InputError ? "input" : "other" };
}

/** What was sent as an error again: a FileError, an InputError or an Error. */
export function receivedError({ message, kind, path = "", code }: SentError): Error {
  if (kind === "file") return new FileError(message, path, code);
  return kind === "input" ? new InputError(message) : new Error(message);
}

/** Values that one side puts in and the other takes out, in order. */
export class Queue<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  put(value: T): void {
    this.#values.push(value);
    this.#wake?.();
  }

  /** Says that no more will come, or why. */
  end(failure?: { readonly error: unknown }): void {
    this.#end ??= failure ?? {};
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      while (this.#values.length > 0) yield this.#values.shift()!;
      if (this.#end) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
