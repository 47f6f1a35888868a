// Programs on each engine in tests, and which engines this machine lacks.
import { packageFault } from "../../src/host/node/backends.js";
import { openEngine } from "../../src/host/node/engines.js";
import type { EngineName, Program, Signature, TensorFunction } from "../../src/engine/engine.js";

/** Why an engine cannot be tested here; undefined if it can. */
export function engineFault(engine: EngineName): string | undefined {
  return engine === "tensorflow" ? packageFault("@tensorflow/tfjs-node") : undefined;
}

/** Compiles a function on one thread of an engine's CPU, without a cache. */
export async function compileOn(
  engine: EngineName,
  fn: TensorFunction,
  signature: Signature,
): Promise<Program> {
  const runtime = await openEngine({ engine, device: "cpu", threads: 1, cacheFolder: null });
  return runtime.compile(fn, signature);
}
