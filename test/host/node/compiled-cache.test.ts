// Compiled graphs on disk: found again, never believed when damaged, shared by those who compile at once.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CompiledCache, defaultCacheFolder } from "../../../src/host/node/compiled-cache.js";
import { graphEngine } from "../../../src/host/node/sessions.js";
import { frames, type Signature, type TensorFunction, type TensorValue } from "../../../src/engine/engine.js";
import { randomValue } from "../../engine/values.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vocode-cache-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A function that counts how often it is traced. */
function countedFunction(): { fn: TensorFunction; calls: () => number } {
  let calls = 0;
  const fn: TensorFunction = ({ x }, { matrix }) => {
    calls++;
    return { y: tf.tanh(tf.matMul(x as tf.Tensor2D, matrix as tf.Tensor2D)) };
  };
  return { fn, calls: () => calls };
}

const signature: Signature = {
  inputs: { x: { shape: [frames(), 4] } },
  weights: { matrix: randomValue(1, [4, 3]) },
};

async function runIn(cacheFolder: string, fn: TensorFunction, given: Signature): Promise<TensorValue> {
  const program = await graphEngine({ device: "cpu", threads: 1, cacheFolder }).compile(fn, given);
  const { y } = await program.run({ x: randomValue(2, [5, 4]) });
  await program.dispose();
  return y;
}

describe("the cache of compiled graphs", () => {
  it("gives back what was written, and nothing that is damaged", async () => {
    const cache = new CompiledCache(join(folder, "not", "there", "yet"));
    const graph = Uint8Array.of(1, 2, 3, 4, 5);
    expect(await cache.read("key")).toBeUndefined();
    await cache.write("key", graph);
    expect(new Uint8Array((await cache.read("key"))!)).toEqual(graph);
    const [file] = readdirSync(cache.folder);
    const path = join(cache.folder, file);
    const content = readFileSync(path);
    for (const damaged of [content.subarray(0, -1), content.subarray(0, 10), Buffer.alloc(0)]) {
      writeFileSync(path, damaged);
      expect(await cache.read("key")).toBeUndefined();
      expect(readdirSync(cache.folder)).toEqual([]);
    }
    content[content.length - 1] ^= 1;
    writeFileSync(path, content);
    expect(await cache.read("key")).toBeUndefined();
  });

  it("never fails where it cannot write", async () => {
    writeFileSync(join(folder, "file"), "");
    const cache = new CompiledCache(join(folder, "file"));
    await cache.write("key", Uint8Array.of(1));
    expect(await cache.read("key")).toBeUndefined();
  });

  it("lies where the platform keeps caches, or where $VOCODE_CACHE says", () => {
    expect(defaultCacheFolder({ VOCODE_CACHE: "/here" }, "linux")).toBe("/here");
    expect(defaultCacheFolder({ VOCODE_CACHE: "" }, "linux")).toBeUndefined();
    expect(defaultCacheFolder({ XDG_CACHE_HOME: "/xdg" }, "linux")).toBe(join("/xdg", "vocode"));
    expect(defaultCacheFolder({}, "linux")).toMatch(/\.cache.vocode$/);
    expect(defaultCacheFolder({}, "darwin")).toMatch(/Library.Caches.vocode$/);
    expect(defaultCacheFolder({ LOCALAPPDATA: "C:/Local" }, "win32")).toBe(
      join("C:/Local", "vocode", "Cache"),
    );
  });
});

describe("the graph engine's cache", () => {
  it("spares tracing where the function's source is named", async () => {
    const named = { ...signature, source: "matrix and tanh" };
    const first = countedFunction();
    const expected = await runIn(folder, first.fn, named);
    expect(first.calls()).toBe(3);
    const second = countedFunction();
    expect(await runIn(folder, second.fn, named)).toEqual(expected);
    expect(second.calls()).toBe(0);
  });

  it("holds one graph for each source, signature and set of weights", async () => {
    const { fn } = countedFunction();
    await runIn(folder, fn, { ...signature, source: "a" });
    await runIn(folder, fn, { ...signature, source: "b" });
    await runIn(folder, fn, { ...signature, source: "a", inputs: { x: { shape: [5, 4] } } });
    await runIn(folder, fn, { ...signature, source: "a", weights: { matrix: randomValue(9, [4, 3]) } });
    expect(readdirSync(folder)).toHaveLength(4);
  });

  it("goes by the traced graph where no source is named", async () => {
    await runIn(folder, countedFunction().fn, signature);
    await runIn(folder, countedFunction().fn, signature);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("compiles anew what is damaged or not a graph", async () => {
    const named = { ...signature, source: "matrix and tanh" };
    const expected = await runIn(folder, countedFunction().fn, named);
    const [file] = readdirSync(folder);
    writeFileSync(join(folder, file), "rubbish");
    expect(await runIn(folder, countedFunction().fn, named)).toEqual(expected);
    // whole by its digest, but nothing that onnxruntime could read
    const cache = new CompiledCache(folder);
    await cache.write(file.replace(".graph", ""), Uint8Array.of(1, 2, 3));
    const again = countedFunction();
    expect(await runIn(folder, again.fn, named)).toEqual(expected);
    expect(again.calls()).toBe(3);
  });

  it("serves several compilations of one graph at once", async () => {
    const named = { ...signature, source: "matrix and tanh" };
    const results = await Promise.all(
      Array.from({ length: 4 }, () => runIn(folder, countedFunction().fn, named)),
    );
    for (const result of results) expect(result).toEqual(results[0]);
    expect(readdirSync(folder)).toHaveLength(1);
  });
});
