import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { constantStart } from "../../../src/models/weights.js";
import { adamWStep, muonStep, optimiserStep, startState } from "../../../src/training/optimiser/optimiser.js";
import { randomValue } from "../../engine/values.js";

beforeAll(() => tf.setBackend("cpu"));

const specs = [
  { name: "a", shape: [3, 4], start: constantStart(0) },
  { name: "m", shape: [4, 6], start: constantStart(0) },
];
const names = specs.map(({ name }) => name);
const values = { a: randomValue(1, [3, 4]), m: randomValue(2, [4, 6]) };
const adamW = { beta1: 0.9, beta2: 0.99, weightDecay: 0.01 };
const muon = { momentum: 0.95, weightDecay: 0.01 };
const usesMuon = (name: string): boolean => name === "m";
const settings = { adamW, muon, adamWRate: 1e-3, muonRate: 0.02, gradientNorm: 1, usesMuon };

const tensorOf = ({ data, shape }: { data: ArrayLike<number>; shape: readonly number[] }): tf.Tensor =>
  tf.tensor(Float32Array.from(data), [...shape]);
/** The start state as tensors; the average is not the weights, so that it shows what it is made of. */
function held(): Record<string, tf.Tensor> {
  const state = Object.fromEntries(
    Object.entries(startState(specs, values, usesMuon)).map(([name, value]) => [name, tensorOf(value)]),
  );
  return { ...state, "average/a": tensorOf(randomValue(7, [3, 4])) };
}
/** Gradients whose norm over both weights is `norm`. */
function gradientsOf(norm: number): tf.Tensor[] {
  const raw = [randomValue(3, [3, 4]), randomValue(4, [4, 6])];
  const size = Math.hypot(...raw.flatMap(({ data }) => [...data]));
  return raw.map((value) => tf.mul(tensorOf(value), norm / size));
}
const schedule = {
  rateFactor: tf.scalar(0.5),
  correction1: tf.scalar(0.1),
  correction2: tf.scalar(0.01),
  averageDecay: tf.scalar(0.8),
};

function expectEqual(actual: tf.Tensor, expected: tf.Tensor, tolerance = 1e-6): void {
  expect(actual.shape).toEqual(expected.shape);
  const difference = tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0];
  expect(difference).toBeLessThanOrEqual(tolerance);
}

describe("the optimiser", () => {
  it("keeps a weight, its average, and its own optimiser's moments", () => {
    const state = startState(specs, values, usesMuon);
    expect(Object.keys(state).sort()).toEqual(
      ["average/a", "average/m", "mean/a", "momentum/m", "square/a", "weight/a", "weight/m"].sort(),
    );
    expect([...state["average/m"].data]).toEqual([...values.m.data]);
    expect(state["average/m"].data).not.toBe(state["weight/m"].data);
    expect(state["momentum/m"].data.every((value) => value === 0)).toBe(true);
    expect(
      Object.keys(optimiserStep(names, gradientsOf(1), held(), settings, schedule).state).sort(),
    ).toEqual(Object.keys(state).sort());
  });

  it("gives each weight to its optimiser at its rate times the schedule's factor", () => {
    const gradients = gradientsOf(0.9);
    const { state } = optimiserStep(names, gradients, held(), settings, schedule);
    const zeros = tf.zeros([3, 4]);
    const a = adamWStep(tensorOf(values.a), gradients[0], { mean: zeros, square: zeros }, adamW, {
      ...schedule,
      learningRate: tf.scalar(0.5e-3),
    });
    const m = muonStep(tensorOf(values.m), gradients[1], tf.zeros([4, 6]), muon, tf.scalar(0.01));
    expectEqual(state["weight/a"], a.weight);
    expectEqual(state["square/a"], a.square);
    expectEqual(state["weight/m"], m.weight);
    expectEqual(state["momentum/m"], m.momentum);
  });

  it("limits the norm over all weights, and says what it was", () => {
    const momentumAfter = (norm: number): { norm: number; kept: tf.Tensor } => {
      const result = optimiserStep(names, gradientsOf(norm), held(), settings, schedule);
      return { norm: result.norm.dataSync()[0], kept: result.state["momentum/m"] };
    };
    const small = momentumAfter(0.25);
    const limit = momentumAfter(1);
    const large = momentumAfter(40);
    expect(small.norm).toBeCloseTo(0.25, 6);
    expect(large.norm).toBeCloseTo(40, 4);
    // below the limit nothing is changed, above it only the length
    expectEqual(tf.mul(small.kept, 4), limit.kept);
    expectEqual(large.kept, limit.kept);
  });

  it("moves the average towards the new weights", () => {
    const before = held();
    const { state } = optimiserStep(names, gradientsOf(1), before, settings, schedule);
    const expected = tf.add(tf.mul(before["average/a"], 0.8), tf.mul(state["weight/a"], 0.2));
    expectEqual(state["average/a"], expected);
  });

  it("says where a gradient is no number", () => {
    const [a, m] = gradientsOf(1);
    const { norm } = optimiserStep(names, [tf.div(a, 0), m], held(), settings, schedule);
    expect(norm.dataSync()[0]).not.toSatisfy(Number.isFinite);
  });
});
