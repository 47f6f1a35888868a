import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { traceToGraph } from "../../../src/engine/trace/frame-dimension.js";
import { graphEngine } from "../../../src/host/node/sessions.js";
import { frames, type Signature, type TensorFunction } from "../../../src/engine/engine.js";
import { randomValue } from "../values.js";

const signature: Signature = {
  inputs: { x: { shape: [frames(), 8] } },
  weights: { w: randomValue(1, [8, 8]) },
};

/** Calls one layer with a constant of its own three times; the first two calls are the same. */
const repeated: TensorFunction = ({ x }, { w }) => {
  const layer = (input: tf.Tensor): tf.Tensor => {
    const table = tf.tensor2d(
      Float32Array.from({ length: 64 }, (_, i) => i / 64),
      [8, 8],
    );
    return tf.matMul(input, tf.matMul(w as tf.Tensor2D, table));
  };
  return { first: layer(x), second: layer(x), third: layer(tf.add(x, 1)) };
};

describe("equal parts of a graph", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it("are there once, each output under its own name", () => {
    const { nodes, constants, outputs } = traceToGraph(repeated, signature);
    // w × table, x × that, (x + 1) × that
    expect(nodes.filter(({ operator }) => operator === "MatMul")).toHaveLength(3);
    expect([...constants.values()].filter(({ shape }) => shape.join() === "8,8")).toHaveLength(2);
    expect(outputs.map(({ name }) => name)).toEqual(["first", "second", "third"]);
  });

  it("compute what they computed apart", async () => {
    const graph = graphEngine({ device: "cpu", threads: 1, cacheFolder: undefined });
    const program = await graph.compile(repeated, signature);
    const { first, second, third } = await program.run({ x: randomValue(2, [5, 8]) });
    expect(second).toEqual(first);
    expect(third).not.toEqual(first);
    await program.dispose();
  });
});
