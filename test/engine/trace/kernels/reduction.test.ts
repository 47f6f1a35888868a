// Kernels along axes.
import * as tf from "@tensorflow/tfjs";
import { reductionKernels } from "../../../../src/engine/trace/kernels/reduction.js";
import { describeKernels, type KernelCase } from "./compare.js";

const block = [2, 3, 4];

const cases: KernelCase[] = [
  { kernel: "Sum", fn: (x) => tf.sum(x, [0, 2]), inputs: [block] },
  { kernel: "Sum", note: "of everything", fn: (x) => tf.sum(x), inputs: [block] },
  {
    kernel: "Sum",
    note: "of truths",
    fn: (x) => tf.sum(tf.greater(x, 0), 1),
    inputs: [block],
    gradient: false,
  },
  { kernel: "Mean", fn: (x) => tf.mean(x, -1, true), inputs: [block] },
  { kernel: "Max", fn: (x) => tf.max(x, 1), inputs: [block] },
  { kernel: "Min", fn: (x) => tf.min(x, [1, 2], true), inputs: [block] },
  { kernel: "Prod", fn: (x) => tf.prod(x, 2), inputs: [block], gradient: false },
  { kernel: "All", fn: (x) => tf.all(tf.greater(x, -0.5), 2), inputs: [block], gradient: false },
  { kernel: "Any", fn: (x) => tf.any(tf.greater(x, 0.5), 2), inputs: [block], gradient: false },
  { kernel: "ArgMax", fn: (x) => tf.argMax(x, -1), inputs: [block], gradient: false },
  { kernel: "ArgMin", fn: (x) => tf.argMin(x, 1), inputs: [block], gradient: false },
  { kernel: "Softmax", fn: (x) => tf.softmax(x), inputs: [block] },
  { kernel: "Cumsum", fn: (x) => tf.cumsum(x, 2), inputs: [block] },
  {
    kernel: "Cumsum",
    note: "exclusive, from the end",
    fn: (x) => tf.cumsum(x, 2, true, true),
    inputs: [block],
  },
];

describeKernels("reductions", reductionKernels, cases);
