// The Worker of a page: it holds the vocoder that the page loaded (web.ts), or is one of that vocoder's threads. What its
// first message says decides.
import type { Host } from "./host.js";
import { GraphEngine, type OpenGraph } from "./engine/graph-engine.js";
import type { Engine } from "./engine/engine.js";
import { EngineUnavailableError, InputError } from "./errors.js";
import { byteSource } from "./formats/bytes.js";
import { FetchedFiles } from "./host/web/files.js";
import { GraphCache } from "./host/web/graph-cache.js";
import {
  type AnalyseRequest,
  type Loaded,
  type LoadRequest,
  Queue,
  type ReadFile,
  type ReadRequest,
  type Request,
  sentError,
  type SpeechRequest,
  type ToPage,
  type ToWorker,
} from "./host/web/messages.js";
import { modelOpener } from "./host/web/sessions.js";
import {
  hasSharedMemory,
  serveThread,
  spawnAll,
  type ThreadStart,
  type WorkerScope,
} from "./host/web/threads.js";
import { computeMel } from "./mel/analysis.js";
import type { Mel, MelFormat } from "./mel/format.js";
import { fewestSamples } from "./mel/frames.js";
import { Vocoder } from "./vocoder.js";

/** More threads gain little, and each holds the network's weights. */
const MOST_THREADS = 4;

const scope = globalThis as unknown as WorkerScope;

function send(message: ToPage, transfer: Transferable[] = []): void {
  scope.postMessage(message, transfer);
}

/** A browser as a host. */
function webHost(
  request: Pick<LoadRequest, "runtime" | "threads" | "keeps">,
  device: "cpu" | "webgpu",
  files: FetchedFiles,
): Host {
  const { runtime, keeps } = request;
  const cores = Math.max(1, Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1));
  const threads = device === "cpu" && hasSharedMemory() ? (request.threads ?? cores) : 1;
  const openModel = modelOpener(runtime, device);
  const graphs = keeps ? new GraphCache(scope.location.href, (address) => files.read(address)) : undefined;
  const open = (): Engine =>
    new GraphEngine({ device, threads, cacheFolder: undefined }, async (target, signature, makeModel) => {
      const opened = async (model: Uint8Array): Promise<OpenGraph> => {
        const bytes = { model, isOptimised: false };
        return { open: await openModel(bytes, target), ...bytes };
      };
      const address = await graphs?.addressOf(signature);
      if (!graphs || address === undefined) return opened(await makeModel());
      const kept = await graphs.read(address);
      if (kept) {
        try {
          return await opened(kept);
        } catch {
          await graphs.remove(address);
        }
      }
      const model = await makeModel();
      void graphs.write(address, model);
      return opened(model);
    });
  return {
    cores,
    read: (address) => files.read(address),
    open: (address) => files.open(address),
    openModel,
    openEngine: () => Promise.resolve(open()),
    spawnAll: (script, threads) => spawnAll(scope, runtime, script, threads),
  };
}

/** The GPU's answers may differ from the CPU's by so much of the peak. */
const GPU_TOLERANCE = 1e-3;

/** A mel of a chirp with a floor of noise, of a few tiles' alignment: enough for every part of the network. */
function checkMel(format: MelFormat): Mel {
  const frames = 48;
  const values = new Float32Array(frames * format.bands);
  for (let i = 0; i < values.length; i++) {
    const [frame, band] = [Math.floor(i / format.bands), i % format.bands];
    values[i] = -6 + 4 * Math.cos(0.31 * frame + 0.17 * band) - (3 * band) / format.bands;
  }
  return { format: { ...format, log: "ln" }, frames, values };
}

/** Why a vocoder on the GPU is not to be used; undefined if its answers are those of the CPU. */
async function faultOnGpu(gpu: Vocoder, cpu: Vocoder): Promise<string | undefined> {
  const options = { steps: 2, refine: 0, seed: 1 };
  const [one, other] = [
    await gpu.synthesize(checkMel(gpu.format), options),
    await cpu.synthesize(checkMel(cpu.format), options),
  ];
  let difference = 0;
  for (let n = 0; n < one.samples.length; n++)
    difference = Math.max(difference, Math.abs(one.samples[n] - other.samples[n]));
  // written so that no number at all is a fault too
  if (difference <= GPU_TOLERANCE * other.report.peak) return undefined;
  return `the GPU's answers differ from the processor's by ${(difference / other.report.peak).toPrecision(2)} of the peak`;
}

/** Whether there is a GPU that WebGPU reaches. */
async function hasGpu(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  return (await gpu?.requestAdapter().catch(() => undefined)) != null;
}

async function openVocoder(id: number, request: LoadRequest): Promise<{ vocoder: Vocoder; loaded: Loaded }> {
  const { folder, device, keeps, precision = "float32" } = request;
  const files = new FetchedFiles({
    keeps,
    onDownload: (...download) => {
      send({ id, download });
    },
  });
  const load = async (on: "cpu" | "webgpu"): Promise<{ vocoder: Vocoder; loaded: Loaded }> => {
    const host = webHost(request, on, files);
    const vocoder = await Vocoder.load(folder, { host, precision: on === "cpu" ? precision : "float32" });
    const { format, kind: denoiser } = vocoder;
    const { threads = 1 } = await host.openEngine();
    return { vocoder, loaded: { format, denoiser, precision: vocoder.precision, device: on, threads } };
  };
  const wantsGpu = device !== "cpu" && precision === "float32" && (await hasGpu());
  if (device !== "cpu" && device !== "auto" && !wantsGpu)
    throw new EngineUnavailableError(
      "graph",
      "this browser reaches no GPU by WebGPU, or another precision than float32 was asked for. Leave 'device' out.",
    );
  if (!wantsGpu) return load("cpu");
  const cpu = await load("cpu");
  try {
    const gpu = await load("webgpu");
    const fault = await faultOnGpu(gpu.vocoder, cpu.vocoder);
    if (fault !== undefined) {
      await gpu.vocoder.dispose();
      throw new InputError(`${fault}.`);
    }
    await cpu.vocoder.dispose();
    return gpu;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...cpu, loaded: { ...cpu.loaded, remark: `The GPU is not used: ${reason}` } };
  }
}

/** Silence after a signal up to a whole frame, so that its mel covers all of it, as the command line does. */
function toWholeFrames(samples: Float32Array, format: MelFormat): Float32Array {
  const { hopLength, padding } = format;
  if (padding !== "same" || samples.length === 0) return samples;
  const whole = Math.ceil(samples.length / hopLength) * hopLength + fewestSamples(format) - hopLength;
  const padded = new Float32Array(whole);
  padded.set(samples);
  return padded;
}

async function analysed(
  { samples, sampleRate }: Omit<AnalyseRequest, "kind">,
  format: MelFormat,
): Promise<ReadFile> {
  // loaded where it is needed: it is two megabytes
  const own =
    sampleRate === format.sampleRate
      ? samples
      : await (await import("./audio/resample.js")).resample(samples, sampleRate, format.sampleRate);
  return { mel: computeMel(toWholeFrames(own, format), format), samples: own.slice(), notes: [] };
}

async function readFile({ bytes, name, options }: ReadRequest, expected: MelFormat): Promise<ReadFile> {
  const source = byteSource(bytes);
  const { isRecording } = await import("./audio/recording.js");
  if (await isRecording(source, name)) {
    const [{ openRecordingIn }, { wholeRecording }, { clippingWarning, ClippingCounter }] = await Promise.all(
      [import("./audio/open-recording.js"), import("./audio/recording.js"), import("./audio/inspection.js")],
    );
    const open = await openRecordingIn(source, name);
    const clipping = new ClippingCounter(open.source);
    const recording = await wholeRecording(open);
    for await (const { channels } of open.channelPieces()) clipping.take(channels);
    const warning = clippingWarning(clipping);
    const notes = [...recording.source.remarks, ...(warning === undefined ? [] : [warning])];
    return { ...(await analysed(recording, expected)), notes };
  }
  const { parseMel } = await import("./mel/file.js");
  const { parseMelAssumption } = await import("./mel/format-option.js");
  const { melFormat, ...others } = options;
  const assume =
    melFormat === undefined ? undefined : await parseMelAssumption(melFormat, new FetchedFiles());
  const { mel, layout, conversions, remarks } = parseMel(bytes, {
    expected,
    ...others,
    ...(assume && { assume }),
  });
  const { describeLayout } = await import("./mel/layout.js");
  const laidOut = describeLayout(mel.frames, mel.format.bands, layout);
  return { mel, layout: laidOut, notes: [...conversions, ...remarks] };
}

/** Serves a page: requests are answered as they come, and the vocoder takes their work in turns. */
class PageServer {
  readonly #aborts = new Map<number, AbortController>();
  readonly #frames = new Map<number, Queue<Float32Array>>();
  #vocoder: Vocoder | undefined;

  hear(message: ToWorker): void {
    const { id } = message;
    if ("request" in message) void this.#answer(id, message.request);
    else if ("end" in message) this.#aborts.get(id)?.abort();
    else if (message.frames) this.#frames.get(id)?.put(message.frames);
    else this.#frames.get(id)?.end();
  }

  async #answer(id: number, request: Request): Promise<void> {
    this.#aborts.set(id, new AbortController());
    try {
      send({ id, result: await this.#resultOf(id, request) });
    } catch (error) {
      send({ id, error: sentError(error) });
    } finally {
      this.#aborts.delete(id);
      this.#frames.delete(id);
    }
  }

  async #resultOf(id: number, request: Request): Promise<unknown> {
    if (request.kind === "load") {
      const { vocoder, loaded } = await openVocoder(id, request);
      this.#vocoder = vocoder;
      return loaded;
    }
    const vocoder = this.#vocoder!;
    switch (request.kind) {
      case "read":
        return readFile(request, vocoder.format);
      case "analyse":
        return analysed(request, vocoder.format);
      case "speech":
        return this.#speak(id, vocoder, request);
    }
  }

  async #speak(id: number, vocoder: Vocoder, { mel, options, views }: SpeechRequest): Promise<unknown> {
    const frames = new Queue<Float32Array>();
    this.#frames.set(id, frames);
    const { signal } = this.#aborts.get(id)!;
    let told = 0;
    const stream = vocoder.stream(mel ?? frames, {
      ...options,
      signal,
      onProgress: (done, total) => {
        // a message a tile and stage is more than a page can show
        if (performance.now() - told < 30 && done < total) return;
        told = performance.now();
        send({ id, progress: [done, total] });
      },
      ...(views && {
        onStep: (view) => {
          send({ id, view }, [view.samples.buffer]);
        },
      }),
    });
    for await (const samples of stream) {
      const piece = samples.slice();
      send({ id, piece, report: stream.report }, [piece.buffer]);
    }
    return stream.report;
  }
}

const scripts = {
  synthesis: async (runtime: ThreadStart["runtime"]) => {
    const { synthesisScript } = await import("./synthesis/thread.js");
    return synthesisScript(() => Promise.resolve(modelOpener(runtime)));
  },
};

scope.onmessage = ({ data }) => {
  if (typeof data === "object" && data !== null && "script" in data) {
    const start = data as ThreadStart;
    void serveThread(scope, start, () => scripts.synthesis(start.runtime));
    return;
  }
  const server = new PageServer();
  scope.onmessage = ({ data: message }) => {
    server.hear(message as ToWorker);
  };
  server.hear(data as ToWorker);
};
