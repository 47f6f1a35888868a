// What a trace refuses, and what it must not be confused by.
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { ReadWhileTracingError, SignatureError, UnsupportedKernelError } from "../../../src/errors.js";
import { graphEngine } from "../../../src/host/node/sessions.js";
import { traceToOnnx } from "../../../src/engine/trace/onnx-model.js";
import type { Signature, TensorFunction } from "../../../src/engine/engine.js";

const signature: Signature = { inputs: { x: { shape: [4] } } };

function errorOf(fn: TensorFunction): unknown {
  try {
    traceToOnnx(fn, signature);
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

async function run(fn: TensorFunction): Promise<number[]> {
  const graph = graphEngine({ device: "cpu", threads: 1, cacheFolder: undefined });
  const program = await graph.compile(fn, signature);
  const { y } = await program.run({ x: { data: Float32Array.of(1, 2, 3, 4), shape: [4] } });
  return Array.from(y.data);
}

function useUnsupportedKernel(x: tf.Tensor): tf.Tensor {
  return tf.atan2(x, x);
}

describe("a trace", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it("names an unsupported kernel and where it was called", () => {
    const error = errorOf(({ x }) => ({ y: useUnsupportedKernel(x) }));
    expect(error).toBeInstanceOf(UnsupportedKernelError);
    expect((error as UnsupportedKernelError).kernel).toBe("Atan2");
    expect((error as UnsupportedKernelError).calledAt).toMatch(
      /^useUnsupportedKernel \(.*trace\.test\.ts:\d+/,
    );
    expect((error as Error).message).toContain("Atan2, used at useUnsupportedKernel");
  });

  it("names the caller of an unsupported form of a supported kernel", () => {
    const error = errorOf(({ x }) => ({ y: tf.mirrorPad(x, [[1, 1]], "symmetric") }));
    expect((error as Error).message).toMatch(/MirrorPad in mode symmetric, used at .*trace\.test\.ts/);
  });

  it("refuses to read values that do not exist yet", () => {
    const error = errorOf(({ x }) => ({ y: tf.mul(x, x.dataSync()[0]) }));
    expect(error).toBeInstanceOf(ReadWhileTracingError);
    expect((error as ReadWhileTracingError).calledAt).toContain("trace.test.ts");
  });

  it("leaves tfjs's backend as it was, also after an error", () => {
    errorOf(({ x }) => ({ y: useUnsupportedKernel(x) }));
    expect(tf.getBackend()).toBe("cpu");
  });

  it("is one of its copy of the package, where two copies share tfjs", async () => {
    const other = (await import("../../../dist/engine/trace/onnx-model.js")) as unknown as {
      readonly traceToOnnx: typeof traceToOnnx;
    };
    const fn: TensorFunction = ({ x }) => ({ y: tf.neg(x) });
    const [first, second] = [traceToOnnx(fn, signature), other.traceToOnnx(fn, signature)];
    expect(second).toEqual(first);
    expect(traceToOnnx(fn, signature)).toEqual(first);
  });

  it("refuses a result that has an input's name", () => {
    expect(errorOf(({ x }) => ({ x: tf.neg(x) }))).toBeInstanceOf(SignatureError);
  });

  it("takes tensors made before it, which stay usable after it", async () => {
    const table = tf.tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]);
    const view = table.reshape([4, 2]);
    const fn: TensorFunction = ({ x }) => ({ y: tf.sum(tf.mul(view, tf.reshape(x, [4, 1])), 1) });
    expect(await run(fn)).toEqual([3, 14, 33, 60]);
    expect(await run(fn)).toEqual([3, 14, 33, 60]);
    expect(Array.from(tf.sum(table, 1).dataSync())).toEqual([10, 26]);
  });

  it("may return an input or a constant as it is, and one value twice", async () => {
    expect(await run(({ x }) => ({ y: x }))).toEqual([1, 2, 3, 4]);
    expect(await run(() => ({ y: tf.tensor([5, 6]) }))).toEqual([5, 6]);
    expect(
      await run(({ x }) => {
        const y = tf.neg(x);
        return { y, z: y };
      }),
    ).toEqual([-1, -2, -3, -4]);
  });
});
