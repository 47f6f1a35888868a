// From an ONNX model to a session of onnxruntime for the web: WebAssembly SIMD on the calling thread, or WebGPU.
import type * as Ort from "onnxruntime-web";
import type { Model, ModelOptions, ModelTensor, OpenModel } from "../../engine/engine.js";
import { InputError } from "../../errors.js";
import { Lifetime } from "../thread-pool.js";

/** Where onnxruntime's WebAssembly lies, by address; without one where the package's own loader looks for it. */
export interface RuntimeFiles {
  /** For the CPU; ends in .gz where it is compressed with gzip. */
  readonly wasm?: string;
  /** For WebGPU, the same. */
  readonly webgpu?: string;
  /** Whether they were fetched a moment ago, by the owner of this thread: then the browser still has them. */
  readonly areFetched?: boolean;
}

/** As in host/node/sessions.ts. */
const UNWANTED_FUSIONS = ["SkipLayerNormFusion", "BiasSkipLayerNormFusion"];

const runtimes = new Map<string, Promise<typeof Ort>>();

/** Loads onnxruntime, once for each device. */
async function loadRuntime(device: string, files: RuntimeFiles): Promise<typeof Ort> {
  const isGpu = device === "webgpu";
  const loading = runtimes.get(device) ?? loadPackage(isGpu, files);
  runtimes.set(device, loading);
  // one that could not be fetched may be there the next time
  loading.catch(() => runtimes.delete(device));
  return loading;
}

async function loadPackage(isGpu: boolean, { wasm, webgpu, areFetched }: RuntimeFiles): Promise<typeof Ort> {
  const address = isGpu ? webgpu : wasm;
  const [ort, binary] = await Promise.all([
    isGpu ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm"),
    address === undefined ? undefined : fetchWasm(address, areFetched),
  ]);
  // vocode has threads of its own, one session each
  ort.env.wasm.numThreads = 1;
  if (binary) ort.env.wasm.wasmBinary = binary;
  return ort;
}

async function fetchWasm(address: string, isFetched = false): Promise<ArrayBuffer> {
  const response = await fetch(address, { cache: isFetched ? "force-cache" : "default" });
  if (!response.ok || !response.body)
    throw new InputError(
      `onnxruntime's WebAssembly is not at ${address}: the server answers ${response.status}.`,
    );
  // a server may have unpacked it on the way, by its own Content-Encoding
  const packed = new Uint8Array(await response.arrayBuffer());
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return packed.buffer;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** What opens models in this Worker. @param first the device whose runtime is loaded at once, beside what comes before */
export function modelOpener(files: RuntimeFiles, first?: "cpu" | "webgpu"): OpenModel {
  // who opens a model hears of a failure
  if (first) loadRuntime(first, files).catch(() => undefined);
  return async ({ model }, { device, freesMemory }: ModelOptions) => {
    const ort = await loadRuntime(device, files);
    const session = await ort.InferenceSession.create(model, {
      executionProviders: device === "webgpu" ? ["webgpu"] : ["wasm"],
      graphOptimizationLevel: "all",
      enableCpuMemArena: !freesMemory,
      enableMemPattern: !freesMemory,
      logSeverityLevel: 3,
      extra: { optimization: { disable_specified_optimizers: UNWANTED_FUSIONS.join(";") } },
    });
    return new SessionModel(ort, session);
  };
}

class SessionModel implements Model {
  readonly #ort: typeof Ort;
  readonly #session: Ort.InferenceSession;
  readonly #lifetime = new Lifetime("A compiled network");

  constructor(ort: typeof Ort, session: Ort.InferenceSession) {
    this.#ort = ort;
    this.#session = session;
  }

  get inputNames(): readonly string[] {
    return this.#session.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.#session.outputNames;
  }

  run(
    inputs: Readonly<Record<string, ModelTensor>>,
    into: Readonly<Record<string, ModelTensor>>,
  ): Promise<Record<string, ModelTensor>> {
    return this.#lifetime.during(() => this.#run(inputs, into));
  }

  async #run(
    inputs: Readonly<Record<string, ModelTensor>>,
    into: Readonly<Record<string, ModelTensor>>,
  ): Promise<Record<string, ModelTensor>> {
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [name, this.#toOrt(value)]),
    );
    const outputs = await this.#session.run(feeds);
    const results: Record<string, ModelTensor> = {};
    for (const [name, { type, data, dims }] of Object.entries(outputs)) {
      const found = { type, data: data as ModelTensor["data"], shape: dims };
      results[name] = name in into ? written(found, into[name]) : found;
    }
    // messages come in here, such as one that ends the work: WebAssembly itself never lets them
    await nextTurn();
    return results;
  }

  #toOrt({ data, shape }: ModelTensor): Ort.Tensor {
    return data instanceof BigInt64Array
      ? new this.#ort.Tensor("int64", data, shape)
      : new this.#ort.Tensor("float32", data as Float32Array, shape);
  }

  async release(): Promise<void> {
    await this.#lifetime.end(() => this.#session.release());
  }
}

/** Copies a result into the memory that was given for it. */
function written(found: ModelTensor, target: ModelTensor): ModelTensor {
  if (found.data instanceof BigInt64Array) (target.data as BigInt64Array).set(found.data);
  else (target.data as Float32Array).set(found.data);
  return { ...found, data: target.data };
}

/** A turn of the event loop, without the four milliseconds that a timer takes. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
