// One graph for every frame count: sizes that follow the input, and functions for which there is no such graph.
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { EagerEngine } from "../../../src/engine/eager.js";
import { FrameDependenceError } from "../../../src/errors.js";
import { fitLinear, linearText, traceToGraph } from "../../../src/engine/trace/frame-dimension.js";
import { graphEngine } from "../../../src/host/node/sessions.js";
import { frames, type Signature, type TensorFunction } from "../../../src/engine/engine.js";
import { randomValue, relativeDifference } from "../values.js";

/** Overlap-add of frames of 8 at hop 4, as reshapes, pads and slices; [frames, 8] → [4·frames]. */
const overlapAdd: TensorFunction = ({ x }) => {
  const [count] = x.shape;
  const first = tf.slice(x, [0, 0], [count, 4]);
  const second = tf.slice(x, [0, 4], [count, 4]);
  const later = tf.slice(
    tf.pad(second, [
      [1, 0],
      [0, 0],
    ]),
    [0, 0],
    [count, 4],
  );
  return { y: tf.reshape(tf.add(first, later), [4 * count]) };
};

/** Grouped frames, a repeated row, positions, a slice from the middle: [4, frames, 6] and [6·frames + 2]. */
const mixed: TensorFunction = ({ x, wave }) => {
  const [, count] = x.shape;
  const groups = tf.reshape(x, [4, 2, Math.trunc(count / 2), 6]);
  const swapped = tf.reshape(tf.transpose(groups, [0, 2, 1, 3]), x.shape);
  const row = tf.tile(tf.slice(x, [0, 0, 0], [4, 1, 6]), [1, count, 1]);
  const positions = tf.reshape(tf.range(0, count), [count, 1]);
  const samples = tf.reshape(tf.slice(wave, [1], [6 * count]), [count, 6]);
  const ends = tf.slice(x, [0, count - 3, 0], [4, 2, 6]);
  return { y: tf.add(tf.add(swapped, row), tf.add(positions, tf.add(samples, tf.zeros([count, 6])))), ends };
};

async function compareAt(fn: TensorFunction, signature: Signature, counts: readonly number[]): Promise<void> {
  await tf.setBackend("cpu");
  const graph = await graphEngine({ device: "cpu", threads: 1, cacheFolder: undefined }).compile(
    fn,
    signature,
  );
  const reference = await new EagerEngine("javascript", "cpu", "cpu").compile(fn, signature);
  for (const count of counts) {
    const inputs = Object.fromEntries(
      Object.entries(signature.inputs).map(([name, { shape }]) => {
        const sizes = shape.map((size) => (typeof size === "number" ? size : size.times * count + size.plus));
        return [name, randomValue(count, sizes)];
      }),
    );
    const [actual, expected] = [await graph.run(inputs), await reference.run(inputs)];
    for (const [name, value] of Object.entries(expected)) {
      expect(actual[name].shape).toEqual(value.shape);
      expect(relativeDifference(actual[name], value)).toBeLessThan(1e-6);
    }
  }
}

const oneFrameInput: Signature = { inputs: { x: { shape: [frames(), 8] } } };

function messageOf(fn: TensorFunction, signature: Signature): string {
  try {
    traceToGraph(fn, signature);
  } catch (error) {
    if (error instanceof FrameDependenceError) return error.message;
    throw error;
  }
  throw new Error("no FrameDependenceError");
}

describe("a graph with a frame dimension", () => {
  it("serves every frame count", async () => {
    await compareAt(overlapAdd, oneFrameInput, [1, 2, 33, 100]);
  });

  it("reads the frame count from a size with factor and offset, and computes other sizes from it", async () => {
    const signature: Signature = {
      inputs: { wave: { shape: [frames(6, 2)] }, x: { shape: [4, frames(), 6] } },
    };
    await compareAt(mixed, signature, [4, 6, 38]);
  });

  it("names the sizes of inputs and outputs", () => {
    const { inputs, outputs } = traceToGraph(overlapAdd, oneFrameInput);
    expect(inputs.map(({ shape }) => shape)).toEqual([["frames", 8]]);
    expect(outputs.map(({ shape }) => shape)).toEqual([["4*frames"]]);
  });

  it("needs no nodes for sizes where a Reshape or a Slice can do without", () => {
    const { nodes } = traceToGraph(overlapAdd, oneFrameInput);
    expect(nodes.filter(({ operator }) => operator === "Shape")).toEqual([]);
  });

  it("keeps no nodes that no output needs", () => {
    const { nodes } = traceToGraph(({ x }) => {
      tf.exp(x);
      return { y: tf.neg(x) };
    }, oneFrameInput);
    expect(nodes.map(({ operator }) => operator)).toEqual(["Neg", "Identity"]);
  });
});

describe("a function that no single graph serves is refused", () => {
  it("for a constant that depends on the frame count", () => {
    const fn: TensorFunction = ({ x }) => ({ y: tf.div(x, x.shape[0]) });
    expect(messageOf(fn, oneFrameInput)).toContain("constant of shape [] in tfjs's kernel RealDiv depends");
  });

  it("for a size that is not linear in it", () => {
    const fn: TensorFunction = ({ x }) => ({ y: tf.tile(x, [x.shape[0], 1]) });
    expect(messageOf(fn, oneFrameInput)).toMatch(/dimension 0 of 'y' is not linear/);
  });

  it("for operations that depend on it", () => {
    const fn: TensorFunction = ({ x }) => ({ y: x.shape[0] > 100 ? tf.exp(tf.neg(x)) : tf.neg(x) });
    expect(messageOf(fn, oneFrameInput)).toMatch(/it has 2 operations and at another count 3/);
  });
});

describe("linear sizes", () => {
  it("are found with their fractions, or not at all", () => {
    const counts = [64, 96, 160];
    expect(fitLinear(counts, [5, 5, 5])).toBe(5);
    expect(fitLinear(counts, [128, 192, 320])).toEqual({ numerator: 2, offset: 0, divisor: 1 });
    expect(fitLinear(counts, [17, 25, 41])).toEqual({ numerator: 1, offset: 4, divisor: 4 });
    expect(fitLinear(counts, [64, 96, 161])).toBeUndefined();
  });

  it("are written in terms of the frames: 256*frames-3", () => {
    expect(linearText({ numerator: 1, offset: 0, divisor: 1 })).toBe("frames");
    expect(linearText({ numerator: 256, offset: -3, divisor: 1 })).toBe("256*frames-3");
    expect(linearText({ numerator: 1, offset: 4, divisor: 4 })).toBe("(frames+4)/4");
  });
});
