// How a traced kernel is tested: a function that uses it runs on onnxruntime and on tfjs's `cpu` backend, forwards and,
// unless the case says otherwise, through tf.grads; every kernel of a family must have a case.
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { EagerEngine } from "../../../../src/engine/eager.js";
import { graphEngine } from "../../../../src/host/node/sessions.js";
import type { TracedKernel } from "../../../../src/engine/trace/kernels/nodes.js";
import { trace } from "../../../../src/engine/trace/trace.js";
import type { Engine, Signature, TensorFunction, TensorValue } from "../../../../src/engine/engine.js";
import { randomValue, relativeDifference } from "../../values.js";

/** A function of tensors that uses a kernel, and what it is given. */
export interface KernelCase {
  readonly kernel: string;
  readonly fn: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** Values, or shapes to fill with random numbers in [−1, 1). */
  readonly inputs: readonly (TensorValue | readonly number[])[];
  /** False for functions without gradient. */
  readonly gradient?: boolean;
  readonly note?: string;
}

const graph: Engine = graphEngine({ device: "cpu", threads: 1, cacheFolder: undefined });
const reference: Engine = new EagerEngine("javascript", "cpu", "cpu");

function asFloat(value: tf.Tensor): tf.Tensor {
  return value.dtype === "float32" ? value : tf.cast(value, "float32");
}

/** The function's results and, on demand, the gradients of a weighted sum of them. */
function withGradient({ fn, gradient = true }: KernelCase): TensorFunction {
  const results = (inputs: tf.Tensor[]): tf.Tensor[] => [fn(...inputs)].flat().map(asFloat);
  return (inputs) => {
    const given = Object.values(inputs);
    const outputs: Record<string, tf.Tensor> = {};
    results(given).forEach((value, index) => (outputs[`result${index}`] = value));
    if (!gradient) return outputs;
    const weightedSum = (...tensors: tf.Tensor[]): tf.Tensor =>
      tf.addN(
        results(tensors).map((value) => {
          // different weights for every element, so that a misplaced gradient shows
          const weights = Array.from({ length: value.size }, (_, index) => 1 + 0.5 * Math.sin(index));
          return tf.sum(tf.mul(value, tf.tensor(weights, value.shape)));
        }),
      );
    tf.grads(weightedSum)(given).forEach((value, index) => (outputs[`gradient${index}`] = value));
    return outputs;
  };
}

async function check(testCase: KernelCase): Promise<void> {
  const values = testCase.inputs.map((input, index) =>
    "data" in input ? input : randomValue(index + 1, input),
  );
  const named = Object.fromEntries(values.map((value, index) => [`x${index}`, value]));
  const specs = Object.entries(named).map(([name, { shape, data }]) => {
    return [name, { shape, type: data instanceof Int32Array ? "int32" : "float32" }] as const;
  });
  const signature: Signature = { inputs: Object.fromEntries(specs) };
  const fn = withGradient(testCase);
  const used = trace(fn, signature, 1).recorder.kernels;
  expect(used, "kernels that the case uses").toContain(testCase.kernel);
  const compiled = await graph.compile(fn, signature);
  const expected = await (await reference.compile(fn, signature)).run(named);
  const actual = await compiled.run(named);
  await compiled.dispose();
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) {
    expect(actual[name].shape, name).toEqual(value.shape);
    expect(relativeDifference(actual[name], value), name).toBeLessThan(1e-5);
  }
}

/** Declares the tests of a family of kernels. */
export function describeKernels(
  family: string,
  kernels: readonly TracedKernel[],
  cases: readonly KernelCase[],
): void {
  describe(`${family} in onnxruntime and in tfjs's cpu backend`, () => {
    for (const testCase of cases) {
      it(testCase.note ? `${testCase.kernel}: ${testCase.note}` : testCase.kernel, async () => {
        await tf.setBackend("cpu");
        await check(testCase);
      });
    }
    it("every kernel has a case", () => {
      const tested = new Set(cases.map(({ kernel }) => kernel));
      expect(kernels.map(({ name }) => name).filter((name) => !tested.has(name))).toEqual([]);
    });
  });
}

/** A value of integers. */
export function integers(shape: readonly number[], data: readonly number[]): TensorValue {
  return { data: Int32Array.from(data), shape };
}

/** A value of given numbers. */
export function numbers(shape: readonly number[], data: readonly number[]): TensorValue {
  return { data: Float32Array.from(data), shape };
}
