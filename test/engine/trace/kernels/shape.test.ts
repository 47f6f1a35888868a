// Kernels that move data.
import * as tf from "@tensorflow/tfjs";
import { shapeKernels } from "../../../../src/engine/trace/kernels/shape.js";
import { describeKernels, type KernelCase } from "./compare.js";

const block = [2, 3, 4];

const cases: KernelCase[] = [
  { kernel: "Reshape", fn: (x) => tf.reshape(x, [-1, 6]), inputs: [block] },
  {
    kernel: "Concat",
    note: "of more parts than a node of WebGPU takes",
    fn: (x) =>
      tf.concat(
        Array.from({ length: 40 }, (_, i) => tf.mul(x, i)),
        1,
      ),
    inputs: [block],
  },
  {
    kernel: "SplitV",
    note: "into more pieces than a node of WebGPU gives",
    fn: (x) => tf.concat(tf.split(x, 17, 1).reverse(), 1),
    inputs: [[2, 34, 3]],
  },
  { kernel: "ExpandDims", fn: (x) => tf.expandDims(x, -1), inputs: [block] },
  { kernel: "Transpose", fn: (x) => tf.transpose(x, [2, 0, 1]), inputs: [block] },
  { kernel: "Slice", fn: (x) => tf.slice(x, [0, 1, 1], [-1, 2, 2]), inputs: [block] },
  {
    kernel: "StridedSlice",
    fn: (x) => tf.stridedSlice(x, [0, 0, 1], [2, 3, 4], [1, 2, 2]),
    inputs: [block],
    gradient: false,
  },
  {
    kernel: "StridedSlice",
    note: "dropping an axis",
    fn: (x) => tf.stridedSlice(x, [0, 1, 0], [2, 2, 4], [1, 1, 1], 0, 0, 0, 0, 2),
    inputs: [block],
    gradient: false,
  },
  {
    kernel: "PadV2",
    fn: (x) =>
      tf.pad(
        x,
        [
          [0, 0],
          [1, 2],
          [3, 0],
        ],
        0.5,
      ),
    inputs: [block],
  },
  {
    kernel: "MirrorPad",
    fn: (x) =>
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [1, 2],
          [3, 0],
        ],
        "reflect",
      ),
    inputs: [block],
    gradient: false,
  },
  { kernel: "Concat", fn: (a, b) => tf.concat([a, b, a], 1), inputs: [block, [2, 1, 4]] },
  { kernel: "SplitV", fn: (x) => tf.split(x, [1, 3], -1), inputs: [block] },
  { kernel: "SplitV", note: "equal parts", fn: (x) => tf.split(x, 3, 1), inputs: [block] },
  { kernel: "Pack", fn: (a, b) => tf.stack([a, b], 1), inputs: [block, block] },
  { kernel: "Unpack", fn: (x) => tf.unstack(x, 1), inputs: [block] },
  { kernel: "Tile", fn: (x) => tf.tile(x, [1, 2, 3]), inputs: [block] },
  { kernel: "Reverse", fn: (x) => tf.reverse(x, [0, 2]), inputs: [block] },
  { kernel: "Fill", fn: (x) => tf.mul(x, tf.fill([2, 1, 4], 3)), inputs: [block] },
  { kernel: "ZerosLike", fn: (x) => tf.add(x, tf.zerosLike(x)), inputs: [block] },
  { kernel: "OnesLike", fn: (x) => tf.add(x, tf.onesLike(x)), inputs: [block] },
  { kernel: "Range", fn: (x) => tf.mul(x, tf.range(0.5, 4.5)), inputs: [block] },
  { kernel: "Range", note: "downwards", fn: (x) => tf.mul(x, tf.range(4, 0, -1)), inputs: [block] },
];

describeKernels("shape kernels", shapeKernels, cases);
