// onnxruntime's execution providers: whether one works here is found by running one addition on it.
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as ort from "onnxruntime-node";
import type { Graph } from "../../engine/trace/graph.js";
import { encodeModel } from "../../engine/trace/onnx-model.js";

/** Devices of the graph engine, by onnxruntime's names of their providers. */
export const providers = ["cpu", "webgpu", "cuda"] as const;

/** A device of the graph engine. */
export type Provider = (typeof providers)[number];

const sumOfOne: Graph = {
  inputs: [{ name: "x", shape: [1], type: "float32" }],
  outputs: [{ name: "y", shape: [1], type: "float32" }],
  nodes: [{ operator: "Add", inputs: ["x", "x"], outputs: ["y"], attributes: {}, origin: "probe" }],
  values: new Map(),
  constants: new Map(),
};

/** onnxruntime's message without its source file and function. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [line] = message.trim().split("\n");
  const told = /was false\. (.*)$/.exec(line)?.[1] ?? line;
  return told.endsWith(".") ? told : `${told}.`;
}

/** Whether onnxruntime's CUDA libraries, which its package does not bundle, lie beside its own. */
function hasCudaLibraries(): boolean {
  const packageFolder = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  const files = readdirSync(join(packageFolder, "bin"), { recursive: true, encoding: "utf8" });
  return files.some((file) => file.includes("providers_cuda"));
}

/** Why a provider does not work on this machine; undefined if it does. */
export async function providerFault(provider: Provider): Promise<string | undefined> {
  if (provider === "cuda" && !hasCudaLibraries()) {
    return "onnxruntime's CUDA libraries are not installed: run 'npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12'.";
  }
  try {
    const session = await ort.InferenceSession.create(encodeModel(sumOfOne), {
      executionProviders: [provider],
      logSeverityLevel: 4,
    });
    await session.run({ x: new ort.Tensor("float32", Float32Array.of(1), [1]) });
    await session.release();
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** onnxruntime's version. */
export function onnxRuntimeVersion(): string {
  return ort.env.versions.node ?? ort.env.versions.common;
}
