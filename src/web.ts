// The public API for web pages: a vocoder in a Worker, mels and recordings from their bytes, and the diffusion core. The
// page's own thread only sends and receives.
import { InputError } from "./errors.js";
import { DisposedError, Lifetime } from "./host/thread-pool.js";
import type { DeviceName, Precision } from "./engine/engine.js";
import {
  type Loaded,
  type LoadRequest,
  Queue,
  type ReadFile,
  type ReadFileOptions,
  receivedError,
  type Request,
  type SentOptions,
  type ToPage,
  type ToWorker,
} from "./host/web/messages.js";
import type { FetchOptions } from "./host/web/files.js";
import type { RuntimeFiles } from "./host/web/sessions.js";
import { concatenate } from "./formats/bytes.js";
import { WavFile, type WavOutputEncoding } from "./audio/write-wav.js";
import { isFloat32Array, kindOf, type Mel, type MelFormat, requireMel } from "./mel/format.js";
import type { Synthesis } from "./vocoder.js";
import type { StreamOptions, SynthesisOptions } from "./synthesis/settings.js";
import type { SynthesisReport } from "./synthesis/report.js";

export * from "./core.js";
export { parseMel } from "./mel/file.js";
export { parseFormatOption } from "./mel/format-option.js";
export { decodeRecording } from "./audio/open-recording.js";
export type { ReadFile, ReadFileOptions, RuntimeFiles };

/** How to load a vocoder in a page. */
export interface WebVocoderOptions {
  /** float32 without it, which is the faster one in WebAssembly; int8 on the CPU, for a checkpoint that was calibrated. */
  readonly precision?: Precision;
  /**
   * "cpu", also without it: WebAssembly SIMD. "auto": the GPU where WebGPU reaches one and its answers are those of the
   * CPU, else the CPU. "webgpu" the same, with an error where there is no GPU.
   */
  readonly device?: Extract<DeviceName, "cpu" | "webgpu"> | "auto";
  /** Without it as many as there are processors, up to 4; 1 where the page has no COOP and COEP headers. */
  readonly threads?: number;
  /** Where onnxruntime's WebAssembly lies; without it where the bundler put it. */
  readonly runtime?: RuntimeFiles;
  /** Keeps the checkpoint, and the graphs that are made of it, in the browser's Cache API; true without it. */
  readonly keep?: boolean;
  /** Bytes received of a file of the checkpoint, and how many there are where the server says so. */
  readonly onDownload?: FetchOptions["onDownload"];
  /** Ends the loading with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The Worker that runs this package's web-worker.js, for bundlers that do not find it by themselves. */
  readonly worker?: Worker;
}

/** Speech that comes while it is computed: iterate over it once. */
export interface WebSpeech extends AsyncIterable<Float32Array> {
  /** Hz. */
  readonly sampleRate: number;
  /** How the waveform came about, up to the last piece; undefined before the first. */
  readonly report: SynthesisReport | undefined;
}

type Callbacks = Pick<StreamOptions, "signal" | "onProgress" | "onStep"> & {
  readonly onDownload?: FetchOptions["onDownload"];
  readonly onPiece?: (samples: Float32Array, report: SynthesisReport) => void;
};

/** What a request waits for. */
interface Waiting extends Callbacks {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The page's side of the messages. */
class WorkerClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<ToPage>) => {
      this.#hear(data);
    };
    worker.onerror = ({ message }) => {
      this.#fail(new Error(message || "The vocoder's Worker could not be loaded."));
    };
  }

  #hear(message: ToPage): void {
    const waiting = this.#waiting.get(message.id);
    // who has ended a request hears no more of it
    if (!waiting) return;
    if ("progress" in message) waiting.onProgress?.(...message.progress);
    else if ("download" in message) waiting.onDownload?.(...message.download);
    else if ("view" in message) waiting.onStep?.(message.view);
    else if ("piece" in message) waiting.onPiece?.(message.piece, message.report);
    else if ("error" in message) waiting.reject(receivedError(message.error));
    else waiting.resolve(message.result);
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }

  /** Asks for something; its number is given to `begun`. */
  async ask<Result>(
    request: Request,
    { signal, ...callbacks }: Callbacks = {},
    begun?: (id: number) => void,
  ): Promise<Result> {
    signal?.throwIfAborted();
    const id = this.#requests++;
    let abort: (() => void) | undefined;
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#waiting.set(id, {
          ...callbacks,
          resolve: (result) => {
            resolve(result as Result);
          },
          reject,
        });
        abort = () => {
          this.post({ id, end: true });
          reject(signal!.reason as Error);
        };
        signal?.addEventListener("abort", abort, { once: true });
        this.post({ id, request });
        begun?.(id);
      });
    } finally {
      this.#waiting.delete(id);
      if (abort) signal?.removeEventListener("abort", abort);
    }
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  end(error: Error): void {
    this.#worker.terminate();
    this.#fail(error);
  }
}

/** Turns mels into speech in a Worker; load it once and use it many times. */
export class Vocoder {
  /** What mels it takes. */
  readonly format: MelFormat;
  /** Which denoiser it has. */
  readonly kind: string;
  readonly precision: Precision;
  /** Where it computes: "cpu" or "webgpu". */
  readonly device: string;
  readonly threads: number;
  /** Why the GPU is not used, where one was there and "auto" was asked for. */
  readonly remark: string | undefined;
  readonly #client: WorkerClient;
  readonly #lifetime = new Lifetime("The vocoder");

  private constructor(client: WorkerClient, loaded: Loaded) {
    this.#client = client;
    this.format = loaded.format;
    this.kind = loaded.denoiser;
    this.precision = loaded.precision;
    this.device = loaded.device;
    this.threads = loaded.threads;
    this.remark = loaded.remark;
  }

  /**
   * Loads a checkpoint.
   *
   * @param folder the address of the folder with its config.json and model.safetensors
   * @throws FileError where they cannot be fetched; InputError for what is no checkpoint, or options that cannot be had;
   *   the signal's reason
   */
  static async load(folder: string | URL, options: WebVocoderOptions = {}): Promise<Vocoder> {
    const { precision, device = "cpu", threads, runtime = {}, keep = true, signal, onDownload } = options;
    if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 64))
      throw new InputError(`The number of threads is ${String(threads)}; it is a whole number from 1 to 64.`);
    // the Worker's own address is not the page's
    const absolute = (address: string): string => new URL(address, document.baseURI).href;
    const worker =
      options.worker ?? new Worker(new URL("./web-worker.js", import.meta.url), { type: "module" });
    const client = new WorkerClient(worker);
    const request: LoadRequest = {
      kind: "load",
      folder: absolute(String(folder)),
      device,
      keeps: keep,
      runtime: {
        ...(runtime.wasm !== undefined && { wasm: absolute(runtime.wasm) }),
        ...(runtime.webgpu !== undefined && { webgpu: absolute(runtime.webgpu) }),
      },
      ...(precision && { precision }),
      ...(threads !== undefined && { threads }),
    };
    try {
      const callbacks = { ...(signal && { signal }), ...(onDownload && { onDownload }) };
      return new Vocoder(client, await client.ask<Loaded>(request, callbacks));
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  /**
   * Reads a mel file (.mel, .npy, .npz, .pt, .safetensors) or a recording (WAV, FLAC, Wave64, SPHERE), recognised by its
   * content.
   *
   * @param name the file's, for messages
   * @throws InputError with the words of the command line where it is neither, or not the mel that the voice takes
   */
  async read(file: Blob | ArrayBuffer, name = "the file", options: ReadFileOptions = {}): Promise<ReadFile> {
    const bytes = new Uint8Array(file instanceof Blob ? await file.arrayBuffer() : file);
    return this.#lifetime.during(() => this.#client.ask({ kind: "read", bytes, name, options }));
  }

  /** The mel of samples, with them at the voice's rate. @param sampleRate Hz */
  async analyse(samples: Float32Array, sampleRate: number): Promise<Required<Omit<ReadFile, "layout">>> {
    return this.#lifetime.during(() => this.#client.ask({ kind: "analyse", samples, sampleRate }));
  }

  /**
   * Synthesises a waveform with the mel given.
   *
   * @throws InputError for what is no mel, a mel of another format, or options that cannot be had; the signal's reason;
   *   DisposedError
   */
  async synthesize(mel: Mel, options: SynthesisOptions = {}): Promise<Synthesis> {
    requireMel(mel, "The mel");
    const stream = this.stream(mel, options);
    const pieces: Float32Array[] = [];
    for await (const piece of stream) pieces.push(piece);
    return { samples: concatenate(pieces), sampleRate: stream.sampleRate, report: stream.report! };
  }

  /**
   * Synthesises a waveform piece by piece, also while its mel comes: the same samples as `synthesize` gives. For sound
   * that comes soon give a mel with `{ patient: false, tile: 128 }`.
   *
   * @param source a mel, or frames in the vocoder's format, [any number, bands] each
   * @throws while iterating what `synthesize` throws, and what `source` throws
   */
  stream(
    source: Mel | AsyncIterable<Float32Array> | Iterable<Float32Array>,
    { signal, onProgress, onStep, ...options }: StreamOptions = {},
  ): WebSpeech {
    this.#lifetime.requireOpen();
    const isMel = "frames" in source;
    if (isMel) requireMel(source, "The mel");
    const pieces = new Queue<Float32Array>();
    let report: SynthesisReport | undefined;
    const ended = new AbortController();
    const signals = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal;
    const run = async (): Promise<void> => {
      const request = {
        kind: "speech",
        options: options satisfies SentOptions,
        views: onStep !== undefined,
        ...(isMel && { mel: source }),
      } as const;
      const callbacks = {
        signal: signals,
        onPiece: (piece: Float32Array, now: SynthesisReport): void => {
          report = now;
          pieces.put(piece);
        },
        ...(onProgress && { onProgress }),
        ...(onStep && { onStep }),
      };
      const feed = async (id: number): Promise<void> => {
        if (isMel) return;
        for await (const frames of source) {
          if (ended.signal.aborted) return;
          if (!isFloat32Array(frames))
            throw new InputError(`A frame of the mel comes as ${kindOf(frames)}, not as a Float32Array.`);
          this.#client.post({ id, frames });
        }
        this.#client.post({ id, frames: undefined });
      };
      await this.#client.ask(request, callbacks, (id) => {
        feed(id).catch((error: unknown) => {
          ended.abort(error);
        });
      });
    };
    const iterate = async function* (this: Vocoder): AsyncGenerator<Float32Array, void> {
      const done = this.#lifetime.during(run).then(
        () => {
          pieces.end();
        },
        (error: unknown) => {
          pieces.end({ error });
        },
      );
      try {
        yield* pieces;
      } finally {
        // whoever stops to listen ends the work
        ended.abort(new InputError("The speech was not wanted any more."));
        await done;
      }
    };
    return {
      sampleRate: this.format.sampleRate,
      get report() {
        return report;
      },
      [Symbol.asyncIterator]: () => iterate.call(this),
    };
  }

  /** Ends the Worker and its threads; what is at work ends at once, and its caller gets a DisposedError. */
  async dispose(): Promise<void> {
    this.#client.end(new DisposedError("The vocoder"));
    await this.#lifetime.end(() => Promise.resolve());
  }
}

/**
 * A waveform as a WAV file, to play or to save.
 *
 * @throws InputError for a rate or an encoding that no WAV file has, or samples that are no numbers
 */
export function wavOf(
  { samples, sampleRate }: Pick<Synthesis, "samples" | "sampleRate">,
  encoding: WavOutputEncoding = "16-bit",
): Blob {
  const file = new WavFile(sampleRate, encoding);
  const bytes = file.encode(samples);
  const { header, padding } = file.finish();
  return new Blob([header, bytes, padding] as Uint8Array<ArrayBuffer>[], { type: "audio/wav" });
}
