// Graphs that are compiled with weights in a file: found again without reading them, never used where the file, the code
// or onnxruntime is another.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Signature, TensorFunction, TensorValue } from "../../../src/engine/engine.js";
import { graphRooms, keyOfSource } from "../../../src/host/node/compiled-cache.js";
import { graphEngine } from "../../../src/host/node/sessions.js";
import { randomValue } from "../../engine/values.js";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vocode-stored-"));
  path = join(folder, "weights");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(value: number): void {
  writeFileSync(path, new Uint8Array(Float32Array.of(value).buffer));
}

function read(): TensorValue {
  return { data: new Float32Array(new Uint8Array(readFileSync(path)).buffer), shape: [1] };
}

const x = randomValue(1, [1]);
const fn: TensorFunction = (inputs, held) => ({ y: tf.mul(inputs["x"], held["w"]) });

/** What one process makes of the file: x·w, and how often it read it. */
async function run(onRead = (): void => undefined): Promise<{ factor: number; reads: number }> {
  let reads = 0;
  const signature: Signature = {
    inputs: { x: { shape: [1] } },
    source: "product",
    stored: {
      path,
      read: () => {
        reads++;
        const w = read();
        onRead();
        return Promise.resolve({ w });
      },
    },
  };
  const runtime = graphEngine({ device: "cpu", threads: 1, cacheFolder: join(folder, "cache") });
  const program = await runtime.compile({ load: () => Promise.resolve(fn) }, signature);
  const { y } = await program.run({ x });
  await program.dispose();
  return { factor: Math.round(y.data[0] / x.data[0]), reads };
}

describe("a graph with weights in a file", () => {
  it("is found again without them", async () => {
    write(2);
    expect(await run()).toEqual({ factor: 2, reads: 1 });
    expect(await run()).toEqual({ factor: 2, reads: 0 });
  });

  it("is not used for weights that changed, and again for those that come back", async () => {
    write(2);
    await run();
    write(3);
    expect(await run()).toEqual({ factor: 3, reads: 1 });
    write(2);
    expect(await run()).toEqual({ factor: 2, reads: 0 });
  });

  it("is not kept where the weights changed while it was compiled", async () => {
    write(2);
    expect(
      await run(() => {
        write(3);
      }),
    ).toEqual({ factor: 2, reads: 1 });
    expect(await run()).toEqual({ factor: 3, reads: 1 });
  });

  it("is another for another onnxruntime, device or content", () => {
    const signature = (content: number): Signature => {
      write(content);
      return { inputs: {}, source: "s", stored: { path, read: () => Promise.resolve({}) } };
    };
    const key = (content: number, runtimeVersion: string, device: string): string =>
      keyOfSource(signature(content), "s", { runtimeVersion, device, withoutFusions: [] });
    const keys = [
      key(1, "1.30.0", "cpu"),
      key(2, "1.30.0", "cpu"),
      key(1, "1.31.0", "cpu"),
      key(1, "1.30.0", "cuda"),
    ];
    expect(new Set(keys).size).toBe(4);
    expect(key(1, "1.30.0", "cpu")).toBe(keys[0]);
  });
});

describe("the code that a compiled graph counts on", () => {
  const source = fileURLToPath(new URL("../../../src", import.meta.url));

  /** All files that a file imports, at once or later, and those that they import. */
  function closure(file: string, seen = new Set<string>()): Set<string> {
    if (seen.has(file)) return seen;
    seen.add(file);
    const text = readFileSync(file, "utf8").replace(/import type [^;]*;|export type [^;]*;/g, "");
    for (const [, place] of text.matchAll(/(?:from|import\() ?"(\.[^"]*)\.js"/g)) {
      closure(join(dirname(file), `${place}.ts`), seen);
    }
    return seen;
  }

  it("is all that networks and the tracer import", () => {
    const graphs = readdirSync(join(source, "models"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith("graph.ts"))
      .map((name) => join(source, "models", name));
    expect(graphs.length).toBeGreaterThan(3);
    const files = new Set<string>();
    for (const entry of [...graphs, join(source, "engine", "trace", "onnx-model.ts")]) closure(entry, files);
    const outside = [...files]
      .map((file) => relative(source, file))
      .filter((file) => !graphRooms.some((room) => file.startsWith(join(room, "/"))));
    // what checks a config, and says what is wrong with it, is no part of a graph
    expect(outside.sort()).toEqual(["errors.ts", join("formats", "json-fields.ts")]);
  });
});
