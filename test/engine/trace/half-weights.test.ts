import * as tf from "@tensorflow/tfjs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, describe, expect, it } from "vitest";
import { traceToGraph } from "../../../src/engine/trace/frame-dimension.js";
import type { Graph } from "../../../src/engine/trace/graph.js";
import { halfShare, withHalfWeights } from "../../../src/engine/trace/half-weights.js";
import { encodeModel } from "../../../src/engine/trace/onnx-model.js";
import { simplified } from "../../../src/engine/trace/simplify.js";
import { frames, type Signature, type TensorFunction, type TensorValue } from "../../../src/engine/engine.js";
import { narrowToFloat16, widenFloat16 } from "../../../src/formats/bytes.js";
import { randomValue } from "../values.js";

const SIZE = 40;

/** Random values that float16 holds. */
function halves(seed: number, shape: readonly number[]): TensorValue {
  const { data } = randomValue(seed, shape);
  return { data: widenFloat16(narrowToFloat16(data as Float32Array)), shape };
}

const exact = halves(1, [SIZE, SIZE]);
// 3·2⁻²⁵ is half a subnormal number of float16, and no float16 number
const halved = (exact.data as Float32Array).map((value, i) => (i === 7 ? 3 * 2 ** -25 : value / 2));

const signature: Signature = {
  inputs: { x: { shape: [1, frames(), SIZE] } },
  weights: {
    exact,
    halved: { data: halved, shape: [SIZE, SIZE] },
    rough: randomValue(2, [SIZE, SIZE]),
    gained: halves(3, [SIZE, SIZE]),
    bias: halves(4, [SIZE]),
    gain: randomValue(5, [SIZE]),
  },
};

const network: TensorFunction = ({ x }, { exact, halved, rough, gained, bias, gain }) => {
  const rows = tf.reshape(x, [-1, SIZE]);
  const products = [exact, halved, rough].map((matrix) => tf.matMul(rows, matrix));
  return { y: tf.addN([...products, tf.mul(tf.add(tf.matMul(rows, gained), bias), gain)]) };
};

async function run(graph: Graph): Promise<Float32Array> {
  const session = await InferenceSession.create(encodeModel(graph), { intraOpNumThreads: 1 });
  const { y } = await session.run({
    x: new Tensor("float32", randomValue(6, [1, 5, SIZE]).data as Float32Array, [1, 5, SIZE]),
  });
  await session.release();
  return y.data as Float32Array;
}

describe("weights in float16", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it("are those that lose nothing, halves and products with a gain among them", () => {
    const { constants } = withHalfWeights(simplified(traceToGraph(network, signature)));
    const stored = [...constants].filter(([, { type }]) => type === "float16").map(([name]) => name);
    expect(stored.map((name) => name.replace(/\.half$/, ""))).toEqual([
      "exact",
      "halved",
      "gained * gain.matrix",
    ]);
    expect(constants.get("rough")).toMatchObject({ type: "float32" });
  });

  it("give the same values, bit for bit, in half of the bytes", async () => {
    const graph = simplified(traceToGraph(network, signature));
    const small = withHalfWeights(graph);
    expect(await run(small)).toEqual(await run(graph));
    const saved = encodeModel(graph).length - encodeModel(small).length;
    expect(saved).toBeGreaterThan(3 * 2 * SIZE ** 2 - 1500);
  });

  it("are counted", () => {
    const { data } = exact as { data: Float32Array };
    expect(halfShare([data, data.map((value) => value + 2 ** -20)])).toBe(0.5);
    expect(halfShare([])).toBe(0);
  });
});
