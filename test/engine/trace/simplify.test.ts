import * as tf from "@tensorflow/tfjs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, describe, expect, it } from "vitest";
import { traceToGraph } from "../../../src/engine/trace/frame-dimension.js";
import { encodeModel } from "../../../src/engine/trace/onnx-model.js";
import { simplified } from "../../../src/engine/trace/simplify.js";
import { frames, type Signature, type TensorFunction } from "../../../src/engine/engine.js";
import { randomValue } from "../values.js";

const signature: Signature = {
  inputs: { x: { shape: [1, frames(), 8] } },
  weights: { w: randomValue(1, [8, 6]), b: randomValue(2, [6]), gain: randomValue(3, [6]) },
};

function operators(fn: TensorFunction): string[] {
  return simplified(traceToGraph(fn, signature)).nodes.map(({ operator }) => operator);
}

/** Values of the graph as it is and simplified. */
async function bothOf(fn: TensorFunction): Promise<Float32Array[]> {
  const graph = traceToGraph(fn, signature);
  const x = randomValue(4, [1, 5, 8]);
  const results: Float32Array[] = [];
  for (const each of [graph, simplified(graph)]) {
    const session = await InferenceSession.create(encodeModel(each), { intraOpNumThreads: 1 });
    const { y } = await session.run({ x: new Tensor("float32", x.data as Float32Array, x.shape) });
    results.push(y.data as Float32Array);
    await session.release();
  }
  return results;
}

/** A linear layer with a gain, in rows and back. */
const layer: TensorFunction = ({ x }, { w, b, gain }) => {
  const rows = tf.reshape(tf.reshape(x, [1, 1, -1, 8]), [-1, 8]);
  const product = tf.mul(tf.add(tf.matMul(rows as tf.Tensor2D, w as tf.Tensor2D), b), gain);
  return { y: tf.reshape(product, [1, x.shape[1]!, 6]) };
};

const sumOfSquares: TensorFunction = ({ x }) => ({ y: tf.sum(tf.square(tf.reshape(x, x.shape)), 2) });

const constants: TensorFunction = ({ x }, { w }) => ({
  y: tf.matMul(tf.reshape(x, [-1, 8]), tf.reshape(tf.transpose(tf.transpose(w)), [8, 6])),
});

const bySum: TensorFunction = ({ x }, { w, b }) => ({
  y: tf.add(tf.reshape(b, [1, 6]), tf.matMul(tf.reshape(x, [-1, 8]), w as tf.Tensor2D)),
});

const neutral: TensorFunction = ({ x }) => ({ y: tf.neg(tf.add(tf.mul(x, 1), 0)) });

describe("a simplified graph", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it.each([
    ["a layer with a gain is one product between its reshapes", layer, ["Reshape", "Gemm", "Reshape"]],
    ["a sum of squares is one node", sumOfSquares, ["ReduceSumSquare"]],
    ["what is done to constants is done", constants, ["Reshape", "MatMul"]],
    ["a row is added by the product, whichever stands first", bySum, ["Reshape", "Gemm"]],
    ["times one and plus zero are nothing", neutral, ["Neg"]],
  ])("%s", (_, fn, expected) => {
    // the last node gives the result its name
    expect(operators(fn).filter((operator) => operator !== "Identity")).toEqual(expected);
  });

  it.each([
    ["a layer with a gain", layer],
    ["a sum of squares", sumOfSquares],
    ["reordered constants", constants],
    ["a row and a product", bySum],
    ["neutral operations", neutral],
  ])("computes the same for %s", async (_, fn) => {
    const [plain, simple] = await bothOf(fn);
    expect(simple.length).toBe(plain.length);
    simple.forEach((value, i) => {
      expect(Math.abs(value - plain[i])).toBeLessThan(1e-5);
    });
  });
});

describe("a graph that joins and splits much", () => {
  it("has no node with more than 7 inputs and outputs, which is what WebGPU takes", () => {
    const fn: TensorFunction = ({ x }) => {
      const wide = tf.concat(
        Array.from({ length: 41 }, (_, i) => tf.mul(x, i)),
        2,
      );
      return { y: tf.concat(tf.split(wide, 41, 2).reverse(), 2) };
    };
    const { nodes } = traceToGraph(fn, signature);
    const tensors = nodes.map(({ inputs, outputs }) => inputs.length + outputs.length);
    expect(Math.max(...tensors)).toBeLessThanOrEqual(7);
  });
});
