import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { openEngine } from "../../../src/host/node/engines.js";

// one test only: onnxruntime sets a process's threads with its first session
it("the graph engine counts a denormal product as 0 where a trainer asks for it", async () => {
  const product = Float32Array.of(1e-20 * 1e-20)[0];
  expect(product).toBeGreaterThan(0);
  const runtime = await openEngine({
    engine: "graph",
    threads: 1,
    cacheFolder: null,
    flushesDenormals: true,
  });
  const program = await runtime.compile(({ x }) => ({ y: tf.square(x) }), { inputs: { x: { shape: [2] } } });
  const { y } = await program.run({ x: { data: Float32Array.of(1e-20, 1e-18), shape: [2] } });
  expect(y.data[0]).toBe(0);
  expect(y.data[1]).toBeCloseTo(1e-36, 40);
  await program.dispose();
});
