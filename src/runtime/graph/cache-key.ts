// The key of a compiled graph: a hash of everything that it depends on. Where the caller says what its function depends
// on (Signature.source), the key is known without tracing; vocode's own code counts by its content.
import { createHash, type Hash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Signature, TensorValue } from "../runtime.js";

/** Where a graph will run; onnxruntime's optimised graphs hold for one version and one kind of processor. */
export interface Target {
  readonly runtimeVersion: string;
  readonly device: string;
  /** onnxruntime's fusions that are left out. */
  readonly withoutFusions: readonly string[];
}

const sourceFolder = fileURLToPath(new URL("../..", import.meta.url));

let sourceDigest: string | undefined;

/** A hash of vocode's compiled code, read once a process: a few hundred kilobytes. */
function digestOfSource(): string {
  if (sourceDigest) return sourceDigest;
  const hash = createHash("sha256");
  const files = readdirSync(sourceFolder, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => /\.[jt]s$/.test(name)).sort()) {
    hash.update(file).update(readFileSync(join(sourceFolder, file)));
  }
  sourceDigest = hash.digest("hex");
  return sourceDigest;
}

function newHash(target: Target): Hash {
  const processor = cpus()[0]?.model ?? "";
  return createHash("sha256").update(JSON.stringify([target, platform(), arch(), processor]));
}

function bytesOf({ data }: TensorValue): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function shapesOf(
  values: Readonly<Record<string, TensorValue>> = {},
): [string, readonly number[], boolean][] {
  return Object.entries(values).map(([name, { shape, data }]) => [name, shape, data instanceof Int32Array]);
}

/** The key of a function that names its source, found without tracing it. */
export function keyOfSource(signature: Signature, source: string, target: Target): string {
  const { inputs, weights = {}, state, quantised, observed } = signature;
  const hash = newHash(target)
    .update(digestOfSource())
    .update(JSON.stringify([source, inputs, shapesOf(weights), shapesOf(state), quantised, observed]));
  for (const value of Object.values(weights)) hash.update(bytesOf(value));
  return hash.digest("hex");
}

/** The key of a traced model. */
export function keyOfModel(model: Uint8Array, target: Target): string {
  return newHash(target).update(model).digest("hex");
}
