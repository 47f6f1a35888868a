// test/fixtures/model/golden.safetensors: values of a tiny random model, its transforms and its sampler, computed once
// by an independent PyTorch implementation. Weights are in PyTorch's layout: Linear [out, in], Conv1d [out, in, taps].
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import * as tf from "@tensorflow/tfjs-core";
import { parseSafetensors, tensorFloats } from "../../src/formats/safetensors.js";

const { tensors } = parseSafetensors(
  readFileSync(new URL("../fixtures/model/golden.safetensors", import.meta.url)),
);

/** The names of the reference tensors. */
export function goldenNames(): string[] {
  return [...tensors.keys()];
}

/** A reference tensor's values. */
export function goldenValues(name: string): Float32Array {
  return tensorFloats(tensors.get(name)!);
}

/** A reference tensor's shape. */
export function goldenShape(name: string): readonly number[] {
  return tensors.get(name)!.shape;
}

/** A reference tensor with a batch dimension of 1 before its own. */
export function goldenTensor(name: string): tf.Tensor {
  return tf.tensor(goldenValues(name), [1, ...goldenShape(name)]);
}

/** Checks that values are the reference's, to 1e−4 of its largest value. */
export function expectGolden(actual: tf.Tensor | Float32Array, name: string, tolerance = 1e-4): void {
  const values = actual instanceof Float32Array ? actual : (actual.dataSync() as Float32Array);
  const expected = goldenValues(name);
  expect(values.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - values[i])), 0);
  expect(difference / largest, name).toBeLessThan(tolerance);
}
