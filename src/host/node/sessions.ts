// From an ONNX model to an onnxruntime session, by way of the cache of compiled graphs.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import type { InferenceSession } from "onnxruntime-node";
import { GraphEngine, type GraphTarget, type OpenGraph } from "../../engine/graph-engine.js";
import type { Model, ModelOptions, ModelTensor, Signature } from "../../engine/engine.js";
import { CompiledCache, isCodeReadable, keyOfModel, keyOfSource, type Target } from "./compiled-cache.js";
import { FileFacts } from "./file-facts.js";
import { Lifetime } from "../thread-pool.js";

/**
 * Fusions that are left out: onnxruntime's SkipLayerNormalization takes nine times as long on the CPU as a sum and its
 * LayerNormalization, 1.5 µs a row of 320 in place of 0.2.
 */
const UNWANTED_FUSIONS = ["SkipLayerNormFusion", "BiasSkipLayerNormFusion"];

/** A model as bytes of a .onnx file. */
interface ModelBytes {
  readonly model: Uint8Array;
  /** Whether onnxruntime wrote it when it had optimised it. */
  readonly isOptimised: boolean;
}

/**
 * Opens a session for a model, compiled earlier if possible.
 *
 * @param factsOf of the folder of compiled graphs
 * @param makeModel traces the model; not called if the signature's source is known to the cache
 */
async function openGraph(
  factsOf: (cacheFolder: string) => FileFacts,
  target: GraphTarget,
  signature: Signature,
  makeModel: () => Promise<Uint8Array>,
): Promise<OpenGraph> {
  const { cacheFolder, device } = target;
  if (cacheFolder === undefined) return openBytes({ model: await makeModel(), isOptimised: false }, target);
  // weights in memory belong to a run that is over soon
  const facts = signature.stored && factsOf(cacheFolder);
  const cache = new CompiledCache(cacheFolder, facts);
  const runtimeVersion = ort.env.versions.node ?? ort.env.versions.common;
  const keyTarget: Target = { runtimeVersion, device, withoutFusions: UNWANTED_FUSIONS };
  const { source } = signature;
  const keyNow =
    source === undefined || !isCodeReadable()
      ? undefined
      : () => keyOfSource(signature, source, keyTarget, facts);
  let key = keyNow?.();
  let model: Uint8Array | undefined;
  if (!key) {
    model = await makeModel();
    key = keyOfModel(model, keyTarget);
  }
  const compiled = await cache.read(key);
  if (compiled) {
    const opened = await tryCompiled({ model: compiled, isOptimised: device === "cpu" }, target);
    if (opened) return opened;
    await cache.remove(key);
  }
  if (!model) {
    model = await makeModel();
    // weights that were written anew meanwhile are not those of the key
    if (signature.stored && keyNow?.() !== key) return openBytes({ model, isOptimised: false }, target);
  }
  // an optimised graph for another device than the CPU holds only on that very device: keep the model itself
  if (device !== "cpu") {
    await cache.write(key, model);
    return openBytes({ model, isOptimised: false }, target);
  }
  return compile(model, target, cache, key);
}

/** The session of a compiled graph; undefined if onnxruntime refuses it, as another build of it might. */
async function tryCompiled(compiled: ModelBytes, target: GraphTarget): Promise<OpenGraph | undefined> {
  try {
    return await openBytes(compiled, target);
  } catch {
    return undefined;
  }
}

async function openBytes(bytes: ModelBytes, options: ModelOptions): Promise<OpenGraph> {
  return { open: await openModel(bytes, options), ...bytes };
}

/** Opens a model as it is. */
export async function openModel({ model, isOptimised }: ModelBytes, options: ModelOptions): Promise<Model> {
  const session = await createSession(model, options, {
    graphOptimizationLevel: isOptimised ? "disabled" : "all",
  });
  return new SessionModel(session);
}

/** Optimises a model into a session and stores the optimised graph. */
async function compile(
  model: Uint8Array,
  target: GraphTarget,
  cache: CompiledCache,
  key: string,
): Promise<OpenGraph> {
  const folder = await mkdtemp(join(tmpdir(), "vocode-"));
  try {
    const optimizedModelFilePath = join(folder, "optimised.onnx");
    const session = await createSession(model, target, { optimizedModelFilePath });
    const optimised = await readFile(optimizedModelFilePath);
    await cache.write(key, optimised);
    return { open: new SessionModel(session), model: optimised, isOptimised: true };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function createSession(
  model: Uint8Array,
  { device, threads, freesMemory, flushesDenormals = false }: ModelOptions,
  options: InferenceSession.SessionOptions = {},
): Promise<InferenceSession> {
  return ort.InferenceSession.create(model, {
    executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
    intraOpNumThreads: threads,
    enableCpuMemArena: !freesMemory,
    enableMemPattern: !freesMemory,
    graphOptimizationLevel: "all",
    // warnings here are about the optimised graph's tie to this machine, which the cache's key takes care of
    logSeverityLevel: 3,
    extra: {
      // between runs its threads leave the cores to others: the signal path, mel corrections, the caller
      session: {
        force_spinning_stop: "1",
        set_denormal_as_zero: flushesDenormals ? "1" : "0",
        // they spin from the moment that they are there: what gives its memory back runs once a tile, and until then
        // they would take a core from whatever is opened beside it
        intra_op: { allow_spinning: freesMemory ? "0" : "1" },
      },
      optimization: { disable_specified_optimizers: UNWANTED_FUSIONS.join(";") },
    },
    ...options,
  });
}

class SessionModel implements Model {
  readonly #session: InferenceSession;
  // onnxruntime begins a run a turn of the event loop later, and a session that was released meanwhile ends the process
  readonly #lifetime = new Lifetime("A compiled network");

  constructor(session: InferenceSession) {
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
    const fetches: Record<string, ort.Tensor | null> = {};
    // onnxruntime writes into the memory of a tensor that it is given for an output
    for (const name of this.outputNames) fetches[name] = name in into ? toOrt(into[name]) : null;
    const feeds = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, toOrt(value)]));
    const outputs = await this.#session.run(feeds, fetches);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { type, data, dims }]) => [
        name,
        { type, data: data as ModelTensor["data"], shape: dims },
      ]),
    );
  }

  async release(): Promise<void> {
    await this.#lifetime.end(() => this.#session.release());
  }
}

function toOrt({ data, shape }: ModelTensor): ort.Tensor {
  return data instanceof BigInt64Array
    ? new ort.Tensor("int64", data, shape)
    : new ort.Tensor("float32", data as Float32Array, shape);
}

/** The graph engine on onnxruntime for Node. */
export function graphEngine(target: Omit<GraphTarget, "freesMemory">): GraphEngine {
  let facts: FileFacts | undefined;
  const factsOf = (cacheFolder: string): FileFacts => (facts ??= new FileFacts(cacheFolder));
  return new GraphEngine(target, (...asked) => openGraph(factsOf, ...asked));
}
