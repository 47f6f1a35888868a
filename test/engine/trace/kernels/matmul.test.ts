// Matrix products, plain and transposed, of matrices and of stacks.
import * as tf from "@tensorflow/tfjs";
import { contract } from "../../../../src/models/layers/hop-grid.js";
import { matMulKernels } from "../../../../src/engine/trace/kernels/matmul.js";
import { describeKernels, type KernelCase } from "./compare.js";

const fused = (activation: "relu" | "relu6" | "elu" | "sigmoid" | "leakyrelu" | "linear"): KernelCase => ({
  kernel: "_FusedMatMul",
  note: activation,
  fn: (a, b, bias) => tf.fused.matMul({ a, b, bias, activation, leakyreluAlpha: 0.3 }),
  inputs: [[3, 4], [4, 5], [5]],
  gradient: false,
});

const cases: KernelCase[] = [
  {
    kernel: "BatchMatMul",
    fn: (a, b) => tf.matMul(a, b),
    inputs: [
      [3, 4],
      [4, 5],
    ],
  },
  {
    kernel: "BatchMatMul",
    note: "aᵀ·b",
    fn: (a, b) => tf.matMul(a, b, true),
    inputs: [
      [4, 3],
      [4, 5],
    ],
  },
  {
    kernel: "BatchMatMul",
    note: "a·bᵀ",
    fn: (a, b) => tf.matMul(a, b, false, true),
    inputs: [
      [3, 4],
      [5, 4],
    ],
  },
  {
    kernel: "BatchMatMul",
    note: "aᵀ·bᵀ",
    fn: (a, b) => tf.matMul(a, b, true, true),
    inputs: [
      [4, 3],
      [5, 4],
    ],
  },
  {
    kernel: "BatchMatMul",
    note: "stacks",
    fn: (a, b) => tf.matMul(a, b),
    inputs: [
      [2, 3, 4],
      [2, 4, 5],
    ],
  },
  {
    kernel: "BatchMatMul",
    note: "stacks, transposed",
    fn: (a, b) => tf.matMul(a, b, true, true),
    inputs: [
      [2, 2, 4, 3],
      [2, 2, 5, 4],
    ],
  },
  {
    kernel: "BatchMatMul",
    note: "one matrix for a stack",
    fn: (a, b) => tf.matMul(a, b),
    inputs: [
      [2, 3, 4],
      [1, 4, 5],
    ],
    gradient: false,
  },
  ...(["linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu"] as const).map(fused),
  {
    kernel: "_FusedMatMul",
    note: "prelu",
    fn: (a, b, bias, slopes) =>
      tf.fused.matMul({ a, b, bias, activation: "prelu", preluActivationWeights: slopes }),
    inputs: [[3, 4], [4, 5], [5], [5]],
    gradient: false,
  },
  {
    kernel: "Einsum",
    fn: (a, b) => tf.einsum("bij,bjk->bki", a, b),
    inputs: [
      [2, 3, 4],
      [2, 4, 5],
    ],
    gradient: false,
  },
  ...(
    [
      ["c1eqm,bmcef->cbeqf", [2, 1, 2, 5, 4], [3, 4, 2, 2, 6]],
      ["c1emq,cbeqf->bmcef", [2, 1, 2, 4, 5], [2, 3, 2, 5, 6]],
      ["neq,beqf->bnf", [4, 2, 5], [3, 2, 5, 6]],
      ["eqn,bnf->beqf", [2, 5, 4], [3, 4, 6]],
    ] as const
  ).map(([equation, matrix, x]): KernelCase => ({
    kernel: "Contraction",
    note: equation,
    fn: (a, b) => contract(equation, a, b),
    inputs: [matrix, x],
    gradient: false,
  })),
];

describeKernels("matrix products", matMulKernels, cases);
