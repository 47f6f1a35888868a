// Linear layers in 8 bits, against sums of whole numbers taken here; rows that do not depend on their neighbours; and
// what the cache and the engines make of a signature that asks for them.
import * as tf from "@tensorflow/tfjs";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { permute } from "../../../src/models/layers/linear.js";
import { openEngine } from "../../../src/host/node/engines.js";
import { SignatureError } from "../../../src/errors.js";
import { keyOfSource } from "../../../src/host/node/compiled-cache.js";
import { traceToOnnx } from "../../../src/engine/trace/onnx-model.js";
import {
  frames,
  type InputQuantisation,
  observedName,
  type Engine,
  type Signature,
  type TensorFunction,
  type TensorValue,
} from "../../../src/engine/engine.js";
import { randomValue } from "../values.js";

const [inputs, outputs] = [20, 12];
const quantisation: InputQuantisation = { scale: 0.007, zeroPoint: 120 };
const order = Int32Array.from({ length: outputs }, (_, column) => (5 * column + 3) % outputs);

const layer: TensorFunction = ({ x }, { weight, bias }) => {
  const rows = tf.reshape(x, [-1, inputs]);
  return { y: tf.reshape(tf.add(tf.matMul(rows, weight), bias), [1, -1, outputs]) };
};

/** The same with columns in another order, as mask-net has its last layer, and without a bias. */
const reordered: TensorFunction = ({ x }, { weight }) => ({
  y: tf.matMul(tf.reshape(x, [-1, inputs]), permute(weight, order, 1)),
});

const signature: Signature = {
  inputs: { x: { shape: [1, frames(), inputs] } },
  weights: { weight: randomValue(1, [inputs, outputs]), bias: randomValue(2, [outputs]) },
};
const quantised: Signature = { ...signature, quantised: { weight: quantisation } };

/** x·W + b in whole numbers: x in 0 … 255 about the zero point, each column of W in −63 … 63. */
function referenceOf(x: TensorValue, columnOrder: readonly number[], bias: ArrayLike<number>): number[] {
  const { data: weight } = signature.weights!["weight"];
  const { scale, zeroPoint } = quantisation;
  const rows = x.data.length / inputs;
  return Array.from({ length: rows * outputs }, (_, index) => {
    const row = Math.floor(index / outputs);
    const column = columnOrder[index % outputs];
    const values = Array.from({ length: inputs }, (_, input) => weight[input * outputs + column]);
    const columnScale = Math.max(...values.map(Math.abs)) / 63;
    const sum = values.reduce((total, value, input) => {
      const level = Math.round(x.data[row * inputs + input] / scale) + zeroPoint;
      return total + (Math.min(255, Math.max(0, level)) - zeroPoint) * Math.round(value / columnScale);
    }, 0);
    return sum * scale * columnScale + (bias[index % outputs] ?? 0);
  });
}

function largestDifference(actual: TensorValue, expected: readonly number[]): number {
  expect(actual.data).toHaveLength(expected.length);
  return Math.max(...expected.map((value, index) => Math.abs(actual.data[index] - value)));
}

let folder: string;
let graph: Engine;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vocode-int8-"));
  graph = await openEngine({ engine: "graph", threads: 1, cacheFolder: folder });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function runOnce(runtime: Engine, fn: TensorFunction, given: Signature, x: TensorValue) {
  const program = await runtime.compile(fn, given);
  const results = await program.run({ x });
  await program.dispose();
  return results;
}

describe("a Linear layer in 8 bits", () => {
  it("gives the sums of whole numbers, inputs beyond the range clipped", async () => {
    const x = randomValue(3, [1, 9, inputs]);
    const { y } = await runOnce(graph, layer, quantised, x);
    const { data: bias } = signature.weights!["bias"];
    expect(largestDifference(y, referenceOf(x, [...Array(outputs).keys()], bias))).toBeLessThan(1e-5);
    // 0.007·135 < 1: some inputs are clipped; and 8 bits differ from float32
    expect(x.data.some((value) => value > 0.007 * 135)).toBe(true);
    const exact = await runOnce(graph, layer, signature, x);
    expect(largestDifference(y, [...exact["y"].data])).toBeGreaterThan(1e-3);
  });

  it("takes a weight in another order, without a bias", async () => {
    const x = randomValue(4, [1, 5, inputs]);
    const { y } = await runOnce(graph, reordered, quantised, x);
    expect(largestDifference(y, referenceOf(x, [...order], []))).toBeLessThan(1e-5);
  });

  it("gives a row the same bits in every tile", async () => {
    const x = randomValue(5, [1, 64, inputs]);
    // a loud row elsewhere would change a scale taken from the whole tile
    x.data[3] = 1000;
    const program = await graph.compile(layer, quantised);
    const { y: whole } = await program.run({ x });
    for (const [first, end] of [
      [1, 2],
      [7, 40],
      [30, 64],
    ]) {
      const part = {
        data: x.data.slice(first * inputs, end * inputs) as Float32Array,
        shape: [1, end - first, inputs],
      };
      const { y } = await program.run({ x: part });
      expect(y.data).toEqual(whole.data.slice(first * outputs, end * outputs));
    }
  });

  it("is float32 on the other engines", async () => {
    const x = randomValue(6, [1, 4, inputs]);
    const runtime = await openEngine({ engine: "javascript" });
    const one = await runOnce(runtime, layer, quantised, x);
    const other = await runOnce(runtime, layer, signature, x);
    expect(one).toEqual(other);
  });
});

describe("a signature with 8-bit layers", () => {
  it("has compiled graphs of its own", async () => {
    const target = { runtimeVersion: "1", device: "cpu", withoutFusions: [] };
    const changed = { ...signature, quantised: { weight: { scale: 0.007, zeroPoint: 121 } } };
    const observed = { ...signature, observed: ["weight"] };
    const keys = [signature, quantised, changed, observed].map((each) => keyOfSource(each, "layer", target));
    expect(new Set(keys).size).toBe(4);
    const x = randomValue(7, [1, 4, inputs]);
    const exact = await runOnce(graph, layer, { ...signature, source: "layer" }, x);
    const eightBit = await runOnce(graph, layer, { ...quantised, source: "layer" }, x);
    expect(readdirSync(folder)).toHaveLength(2);
    expect(eightBit["y"].data).not.toEqual(exact["y"].data);
    // from the cache
    expect(await runOnce(graph, layer, { ...quantised, source: "layer" }, x)).toEqual(eightBit);
  });

  it.each<[string, Signature["quantised"]]>([
    ["an unknown weight", { other: quantisation }],
    ["a weight that is no matrix", { bias: quantisation }],
    ["a scale of zero", { weight: { scale: 0, zeroPoint: 1 } }],
    ["a scale that is no number", { weight: { scale: NaN, zeroPoint: 1 } }],
    ["a zero point beyond 8 bits", { weight: { scale: 1, zeroPoint: 256 } }],
  ])("is refused for %s", async (_, wrong) => {
    const given = { ...signature, quantised: wrong! };
    expect(() => traceToOnnx(layer, given)).toThrow(SignatureError);
    const runtime = await openEngine({ engine: "javascript" });
    await expect((async () => runtime.compile(layer, given))()).rejects.toThrow(SignatureError);
  });

  it("is refused where no product uses the weight", () => {
    const sum: TensorFunction = ({ x }, { weight }) => ({ y: tf.add(tf.sum(x), tf.sum(weight)) });
    expect(() => traceToOnnx(sum, quantised)).toThrow("No matrix product has 'weight'");
  });
});

describe("observed layers", () => {
  it("return their inputs", async () => {
    const x = randomValue(8, [1, 3, inputs]);
    const doubled: TensorFunction = ({ x: given }, held) => layer({ x: tf.mul(given, 2) }, held);
    const results = await runOnce(graph, doubled, { ...signature, observed: ["weight"] }, x);
    const input = results[observedName("weight")];
    expect(input.shape).toEqual([3, inputs]);
    expect([...input.data]).toEqual(Array.from(x.data, (value) => 2 * value));
  });
});
