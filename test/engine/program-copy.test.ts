import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, it } from "vitest";
import { openCopy } from "../../src/engine/graph-engine.js";
import { graphEngine, openModel } from "../../src/host/node/sessions.js";
import { frames, type Signature } from "../../src/engine/engine.js";

const cache = mkdtempSync(join(tmpdir(), "vocode-test-"));
afterAll(() => {
  rmSync(cache, { recursive: true });
});

const signature: Signature = {
  inputs: { x: { shape: [frames(), 2] } },
  weights: { w: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] } },
  source: "copy test",
};

describe("the copy of a program", () => {
  // with a cache the first is optimised and stored, the second comes from there
  it.each([
    ["without a cache", undefined],
    ["into the cache", cache],
    ["out of the cache", cache],
  ])("computes what the program does, %s", async (_, cacheFolder) => {
    const runtime = graphEngine({ device: "cpu", threads: 1, cacheFolder });
    const { program, copy } = await runtime.compileWithCopy(
      ({ x }, { w }) => ({ y: tf.matMul(x, w) }),
      signature,
    );
    // as a message brings it to a thread
    const other = await openCopy(structuredClone(copy), openModel);
    for (const each of [program, other]) {
      const { y } = await each.run({ x: { data: Float32Array.of(1, 0, 0, 1, 1, 1), shape: [3, 2] } });
      expect(y.shape).toEqual([3, 2]);
      expect([...y.data]).toEqual([1, 2, 3, 4, 4, 6]);
      await each.dispose();
    }
    expect(copy.isOptimised).toBe(cacheFolder !== undefined);
  });
});
