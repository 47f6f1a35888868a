// Kernels of two broadcast tensors.
import * as tf from "@tensorflow/tfjs";
import { pairwiseKernels } from "../../../../src/engine/trace/kernels/elementwise.js";
import { describeKernels, integers, type KernelCase, numbers } from "./compare.js";

const matrix = [3, 4];
const row = [4];
const column = [3, 1];
const steps = numbers([3, 4], [1, 2, 3, -1, -2, -3, 0.5, 1, 2, 0, 0, 0]);
const others = numbers([4], [1, -2, 3, 0]);

const cases: KernelCase[] = [
  { kernel: "Add", fn: tf.add, inputs: [matrix, row] },
  { kernel: "Add", note: "both broadcast", fn: tf.add, inputs: [column, row] },
  { kernel: "Sub", fn: tf.sub, inputs: [row, matrix] },
  { kernel: "Multiply", fn: tf.mul, inputs: [column, matrix] },
  { kernel: "Multiply", note: "by ones", fn: (x) => tf.mul(x, tf.ones([2, 3, 4])), inputs: [matrix] },
  {
    kernel: "RealDiv",
    fn: (a, b) => tf.div(a, tf.add(b, 2)),
    inputs: [matrix, column],
  },
  { kernel: "Pow", fn: (a, b) => tf.pow(tf.add(a, 2), b), inputs: [matrix, row] },
  { kernel: "Maximum", fn: tf.maximum, inputs: [matrix, matrix] },
  { kernel: "Maximum", note: "broadcast", fn: tf.maximum, inputs: [matrix, row], gradient: false },
  { kernel: "Minimum", fn: tf.minimum, inputs: [matrix, matrix] },
  { kernel: "Minimum", note: "broadcast", fn: tf.minimum, inputs: [matrix, row], gradient: false },
  { kernel: "SquaredDifference", fn: tf.squaredDifference, inputs: [matrix, matrix] },
  {
    kernel: "SquaredDifference",
    note: "broadcast",
    fn: tf.squaredDifference,
    inputs: [matrix, row],
    gradient: false,
  },
  { kernel: "AddN", fn: (a, b) => tf.addN([a, b, a]), inputs: [matrix, matrix] },
  { kernel: "Mod", fn: (a, b) => tf.mod(tf.mul(a, 9), b), inputs: [matrix, row] },
  { kernel: "FloorDiv", fn: (a, b) => tf.floorDiv(tf.mul(a, 9), b), inputs: [matrix, row], gradient: false },
  {
    kernel: "FloorDiv",
    note: "of integers",
    fn: tf.floorDiv,
    inputs: [integers([4], [7, -7, 8, -1]), integers([4], [2, 2, -3, 5])],
    gradient: false,
  },
  { kernel: "Equal", fn: tf.equal, inputs: [steps, others], gradient: false },
  { kernel: "NotEqual", fn: tf.notEqual, inputs: [steps, others], gradient: false },
  { kernel: "Greater", fn: tf.greater, inputs: [steps, others], gradient: false },
  { kernel: "GreaterEqual", fn: tf.greaterEqual, inputs: [steps, others], gradient: false },
  { kernel: "Less", fn: tf.less, inputs: [steps, others], gradient: false },
  { kernel: "LessEqual", fn: tf.lessEqual, inputs: [steps, others], gradient: false },
  {
    kernel: "LogicalAnd",
    fn: (a, b) => tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0)),
    inputs: [steps, others],
    gradient: false,
  },
  {
    kernel: "LogicalOr",
    fn: (a, b) => tf.logicalOr(tf.greater(a, 0), tf.greater(b, 0)),
    inputs: [steps, others],
    gradient: false,
  },
  {
    kernel: "Select",
    fn: (a, b) => tf.where(tf.tensor2d([[1, 0, 1, 1]], [1, 4], "bool"), a, b),
    inputs: [matrix, matrix],
  },
];

describeKernels("pairwise kernels", pairwiseKernels, cases);
