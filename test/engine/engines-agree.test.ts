// The same function gives the same numbers on every engine: forward, and steps of training with AdamW and Muon.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { afterAll, describe, expect, it } from "vitest";
import { gelu, layerNorm } from "../../src/models/layers/composites.js";
import { packageFault } from "../../src/host/node/backends.js";
import { openEngine } from "../../src/host/node/engines.js";
import {
  type EngineName,
  frames,
  type Program,
  type Signature,
  type TensorFunction,
  type TensorValue,
} from "../../src/engine/engine.js";
import { randomValue, relativeDifference } from "./values.js";

const cacheFolder = mkdtempSync(join(tmpdir(), "vocode-test-"));
afterAll(() => {
  rmSync(cacheFolder, { recursive: true });
});

async function compileOn(engine: EngineName, fn: TensorFunction, signature: Signature): Promise<Program> {
  const runtime = await openEngine({ engine, threads: 1, cacheFolder });
  return runtime.compile(fn, signature);
}

function expectSame(
  actual: Readonly<Record<string, TensorValue>>,
  expected: Readonly<Record<string, TensorValue>>,
): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) {
    expect(actual[name].shape, name).toEqual(value.shape);
    expect(relativeDifference(actual[name], value), name).toBeLessThan(1e-3);
  }
}

/** conv1d → layer norm → product → GELU → product → residual, [batch, frames, 8] → the same. */
const network: TensorFunction = ({ x }, { filter, scale, shift, up, down }) => {
  const y = tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 1, "same");
  const rows = tf.reshape(layerNorm(y, scale, shift), [-1, 8]);
  const hidden = gelu(tf.matMul(rows, up));
  return { y: tf.add(x, tf.reshape(tf.matMul(hidden, down), x.shape)) };
};

const weights = {
  filter: randomValue(1, [3, 8, 8]),
  scale: randomValue(2, [8]),
  shift: randomValue(3, [8]),
  up: randomValue(4, [8, 24]),
  down: randomValue(5, [24, 8]),
};
const names = Object.keys(weights);

/** AdamW: the next weight and moments. */
function adamW(
  name: string,
  gradient: tf.Tensor,
  held: Readonly<Record<string, tf.Tensor>>,
): tf.TensorContainerObject {
  const mean = tf.add(tf.mul(held[`${name}.mean`], 0.9), tf.mul(gradient, 0.1));
  const square = tf.add(tf.mul(held[`${name}.square`], 0.99), tf.mul(tf.square(gradient), 0.01));
  const update = tf.add(tf.div(mean, tf.add(tf.sqrt(square), 1e-3)), tf.mul(held[name], 0.01));
  return {
    [name]: tf.sub(held[name], tf.mul(update, 0.01)),
    [`${name}.mean`]: mean,
    [`${name}.square`]: square,
  };
}

/** Muon: momentum made orthogonal by five Newton–Schulz steps. */
function muon(
  name: string,
  gradient: tf.Tensor,
  held: Readonly<Record<string, tf.Tensor>>,
): tf.TensorContainerObject {
  const mean = tf.add(tf.mul(held[`${name}.mean`], 0.95), gradient);
  let x = tf.div(mean, tf.add(tf.norm(mean), 1e-7));
  for (let step = 0; step < 5; step++) {
    const a = tf.matMul(x, x, false, true);
    const b = tf.add(tf.mul(a, -4.775), tf.mul(tf.matMul(a, a), 2.0315));
    x = tf.add(tf.mul(x, 3.4445), tf.matMul(b, x));
  }
  return { [name]: tf.sub(held[name], tf.mul(x, 0.02)), [`${name}.mean`]: mean };
}

/** One step on the squared error of the network, gradients clipped to norm 1: Muon for products, AdamW for the rest. */
const trainingStep: TensorFunction = (inputs, held) => {
  const loss = (...tensors: tf.Tensor[]): tf.Tensor => {
    const given = Object.fromEntries(names.map((name, index) => [name, tensors[index]]));
    return tf.mean(tf.square(tf.sub(network(inputs, given)["y"], inputs["target"])));
  };
  const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => held[name]));
  const norm = tf.sqrt(tf.addN(grads.map((gradient) => tf.sum(tf.square(gradient)))));
  const factor = tf.minimum(tf.div(1, norm), 1);
  const results: tf.TensorContainerObject = { loss: value };
  for (const [index, name] of names.entries()) {
    const clipped = tf.mul(grads[index], factor);
    Object.assign(results, (name === "up" || name === "down" ? muon : adamW)(name, clipped, held));
  }
  return results as Record<string, tf.Tensor>;
};

/** Weights and zero moments. */
function startState(): Record<string, TensorValue> {
  const state: Record<string, TensorValue> = {};
  for (const [name, value] of Object.entries(weights)) {
    const zeros = { data: new Float32Array(value.data.length), shape: value.shape };
    state[name] = value;
    state[`${name}.mean`] = zeros;
    if (name !== "up" && name !== "down") state[`${name}.square`] = zeros;
  }
  return state;
}

const faults: Partial<Record<EngineName, string>> = {};
const tensorFlowFault = packageFault("@tensorflow/tfjs-node");
if (tensorFlowFault !== undefined) faults.tensorflow = tensorFlowFault;

describe.each(["graph", "tensorflow"] as const)("the engine %s against plain JavaScript", (engine) => {
  it("computes a network at several frame counts", async (context) => {
    if (faults[engine]) context.skip(faults[engine]);
    const signature: Signature = { inputs: { x: { shape: [1, frames(), 8] } }, weights };
    const reference = await compileOn("javascript", network, signature);
    const program = await compileOn(engine, network, signature);
    for (const count of [1, 7, 64, 129]) {
      const x = randomValue(count, [1, count, 8]);
      expectSame(await program.run({ x }), await reference.run({ x }));
    }
  });

  it("writes results where it is told to", async (context) => {
    if (faults[engine]) context.skip(faults[engine]);
    const signature: Signature = { inputs: { x: { shape: [1, frames(), 8] } }, weights };
    const program = await compileOn(engine, network, signature);
    const x = randomValue(7, [1, 7, 8]);
    const { y: expected } = await program.run({ x });
    const target = { data: new Float32Array(56), shape: [1, 7, 8] };
    const { y } = await program.run({ x }, { y: target });
    expect(y.data).toEqual(expected.data);
    expect(target.data).toEqual(expected.data);
    await expect(async () => program.run({ x }, { z: target })).rejects.toThrow("no result 'z'");
    await expect(async () => program.run({ x }, { y: { ...target, shape: [1, 8, 7] } })).rejects.toThrow();
    await expect(async () => program.run({ x }, { y: { ...target, shape: [1, 8, 8] } })).rejects.toThrow(
      "56 elements",
    );
    await program.dispose();
  });

  it("trains: three steps leave the same weights and moments", async (context) => {
    if (faults[engine]) context.skip(faults[engine]);
    const shape = [2, 16, 8];
    const signature: Signature = { inputs: { x: { shape }, target: { shape } }, state: startState() };
    const reference = await compileOn("javascript", trainingStep, signature);
    const program = await compileOn(engine, trainingStep, signature);
    for (const seed of [10, 20, 30]) {
      const inputs = { x: randomValue(seed, shape), target: randomValue(seed + 1, shape) };
      expectSame(await program.run(inputs), await reference.run(inputs));
    }
    const trained = await program.readState();
    expectSame(trained, await reference.readState());
    for (const name of names)
      expect(relativeDifference(trained[name], startState()[name])).toBeGreaterThan(1e-3);
    await program.dispose();
    await reference.dispose();
  });
});
