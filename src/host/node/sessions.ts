// From an ONNX model to an onnxruntime session, by way of the cache of compiled graphs.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import type { InferenceSession } from "onnxruntime-node";
import { CompiledCache, keyOfModel, keyOfSource, type Target } from "./compiled-cache.js";
import type { Signature } from "../../engine/engine.js";

/**
 * Fusions that are left out: onnxruntime's SkipLayerNormalization takes nine times as long on the CPU as a sum and its
 * LayerNormalization, 1.5 µs a row of 320 in place of 0.2.
 */
const UNWANTED_FUSIONS = ["SkipLayerNormFusion", "BiasSkipLayerNormFusion"];

/** Where and how a session runs. */
export interface SessionTarget {
  /** onnxruntime's execution provider. */
  readonly device: "cpu" | "webgpu" | "cuda";
  readonly threads: number;
  /** As in Signature. */
  readonly freesMemory: boolean;
  /** As in RuntimeOptions: false without it. */
  readonly flushesDenormals?: boolean;
  /** Folder of compiled graphs; undefined to compile each time. */
  readonly cacheFolder: string | undefined;
}

/** A session and what it was made from. */
export interface OpenSession extends SessionModel {
  readonly session: InferenceSession;
}

/** A model as bytes of a .onnx file. */
export interface SessionModel {
  readonly model: Uint8Array;
  /** Whether onnxruntime wrote it when it had optimised it. */
  readonly isOptimised: boolean;
}

/**
 * Opens a session for a model, compiled earlier if possible.
 *
 * @param makeModel traces the model; not called if the signature's source is known to the cache
 */
export async function openSession(
  target: SessionTarget,
  signature: Signature,
  makeModel: () => Promise<Uint8Array>,
): Promise<OpenSession> {
  const { cacheFolder, device } = target;
  if (cacheFolder === undefined) return openModel({ model: await makeModel(), isOptimised: false }, target);
  const cache = new CompiledCache(cacheFolder);
  const runtimeVersion = ort.env.versions.node ?? ort.env.versions.common;
  const keyTarget: Target = { runtimeVersion, device, withoutFusions: UNWANTED_FUSIONS };
  let key = signature.source && keyOfSource(signature, signature.source, keyTarget);
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
  model ??= await makeModel();
  // an optimised graph for another device than the CPU holds only on that very device: keep the model itself
  if (device !== "cpu") {
    await cache.write(key, model);
    return openModel({ model, isOptimised: false }, target);
  }
  return compile(model, target, cache, key);
}

/** The session of a compiled graph; undefined if onnxruntime refuses it, as another build of it might. */
async function tryCompiled(compiled: SessionModel, target: SessionTarget): Promise<OpenSession | undefined> {
  try {
    return await openModel(compiled, target);
  } catch {
    return undefined;
  }
}

/** Opens a model as it is. */
export async function openModel(
  { model, isOptimised }: SessionModel,
  target: Omit<SessionTarget, "cacheFolder">,
): Promise<OpenSession> {
  const session = await createSession(model, target, {
    graphOptimizationLevel: isOptimised ? "disabled" : "all",
  });
  return { session, model, isOptimised };
}

/** Optimises a model into a session and stores the optimised graph. */
async function compile(
  model: Uint8Array,
  target: SessionTarget,
  cache: CompiledCache,
  key: string,
): Promise<OpenSession> {
  const folder = await mkdtemp(join(tmpdir(), "vocode-"));
  try {
    const optimizedModelFilePath = join(folder, "optimised.onnx");
    const session = await createSession(model, target, { optimizedModelFilePath });
    const optimised = await readFile(optimizedModelFilePath);
    await cache.write(key, optimised);
    return { session, model: optimised, isOptimised: true };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function createSession(
  model: Uint8Array,
  { device, threads, freesMemory, flushesDenormals = false }: Omit<SessionTarget, "cacheFolder">,
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
      session: { force_spinning_stop: "1", set_denormal_as_zero: flushesDenormals ? "1" : "0" },
      optimization: { disable_specified_optimizers: UNWANTED_FUSIONS.join(";") },
    },
    ...options,
  });
}
