// Kernels that pick and scatter by index.
import * as tf from "@tensorflow/tfjs";
import { gatherKernels } from "../../../../src/engine/trace/kernels/shape.js";
import { describeKernels, integers, type KernelCase } from "./compare.js";

const rows = [5, 3];
const chosen = integers([4], [4, 0, 0, 2]);

const cases: KernelCase[] = [
  {
    kernel: "GatherV2",
    fn: (x, i) => tf.gather(x, i),
    inputs: [rows, chosen],
    gradient: false,
  },
  {
    kernel: "GatherV2",
    note: "along the last axis, with gradient",
    fn: (x) => tf.gather(x, tf.tensor1d([2, 0, 2], "int32"), 1),
    inputs: [rows],
  },
  {
    kernel: "UnsortedSegmentSum",
    fn: (x) => tf.unsortedSegmentSum(x, tf.tensor1d([0, 2, 2, 1, 0], "int32"), 4),
    inputs: [rows],
    gradient: false,
  },
  {
    kernel: "GatherNd",
    fn: (x, i) => tf.gatherND(x, i),
    inputs: [rows, integers([2, 2], [4, 1, 0, 2])],
    gradient: false,
  },
  {
    kernel: "ScatterNd",
    fn: (i, updates) => tf.scatterND(i, updates, [5, 3]),
    inputs: [integers([3, 1], [4, 0, 4]), [3, 3]],
    gradient: false,
  },
  { kernel: "OneHot", fn: (i) => tf.oneHot(i, 5, 2, -1), inputs: [chosen], gradient: false },
];

describeKernels("index kernels", gatherKernels, cases);
