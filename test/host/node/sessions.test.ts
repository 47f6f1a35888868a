import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { frames, type Program } from "../../../src/engine/engine.js";
import { graphEngine } from "../../../src/host/node/sessions.js";
import { DisposedError } from "../../../src/host/thread-pool.js";

function compiled(): Promise<Program> {
  const runtime = graphEngine({ device: "cpu", threads: 1, cacheFolder: undefined });
  return runtime.compile(({ x }) => ({ y: tf.mul(x, 2) }), { inputs: { x: { shape: [frames()] } } });
}

const x = { data: Float32Array.of(1, 2), shape: [2] };

describe("a session of onnxruntime", () => {
  it("ends a run that has begun before it is freed", async () => {
    const program = await compiled();
    const run = program.run({ x });
    await program.dispose();
    expect([...(await run).y.data]).toEqual([2, 4]);
  });

  it("can be freed twice, and refuses to run afterwards with an error that can be caught", async () => {
    const program = await compiled();
    await Promise.all([program.dispose(), program.dispose()]);
    await program.dispose();
    await expect(program.run({ x })).rejects.toBeInstanceOf(DisposedError);
  });
});
