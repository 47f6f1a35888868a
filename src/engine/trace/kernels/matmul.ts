// Matrix products. A product of two matrices with a transposed operand is a Gemm, which reads it transposed; stacks of
// matrices get a Transpose node, which onnxruntime folds into its FusedMatMul.
import type {
  _FusedMatMulAttrs,
  _FusedMatMulInputs,
  BatchMatMulAttrs,
  EinsumAttrs,
} from "@tensorflow/tfjs-core";
import type { Recorder, Value } from "../recorder.js";
import { finishFused } from "./elementwise.js";
import { type Binary, kernel, matMul, type TracedKernel, transpose, transposeMatrix } from "./nodes.js";

/** a·b, each transposed on demand; [… , m, k] × [… , k, n] → [… , m, n]. */
export function product(
  graph: Recorder,
  a: Value,
  b: Value,
  transposeA: boolean,
  transposeB: boolean,
): Value {
  if (a.shape.length === 2 && b.shape.length === 2 && (transposeA || transposeB)) {
    const shape = [a.shape[transposeA ? 1 : 0], b.shape[transposeB ? 0 : 1]];
    const attributes = { transA: { int: transposeA ? 1 : 0 }, transB: { int: transposeB ? 1 : 0 } };
    return graph.emit("Gemm", [a, b], shape, attributes);
  }
  return matMul(
    graph,
    transposeA ? transposeMatrix(graph, a) : a,
    transposeB ? transposeMatrix(graph, b) : b,
  );
}

/** Output shape of an einsum: each letter's size comes from the operand that has it. */
function einsumShape(equation: string, operands: readonly Value[]): number[] {
  const [left, right] = equation.replaceAll(" ", "").split("->");
  const sizes = new Map<string, number>();
  left.split(",").forEach((letters, operand) => {
    Array.from(letters).forEach((letter, axis) => sizes.set(letter, operands[operand].shape[axis]));
  });
  return Array.from(right, (letter) => sizes.get(letter)!);
}

/** The models' products with a constant. */
interface Contraction {
  readonly matrix: Value;
  readonly x: Value;
}

function einsum(graph: Recorder, equation: string, operands: readonly Value[]): Value {
  return graph.emit("Einsum", operands, einsumShape(equation, operands), { equation: { text: equation } });
}

/** Kernels of matrix products. */
export const matMulKernels: readonly TracedKernel[] = [
  kernel<Binary, BatchMatMulAttrs>("BatchMatMul", ({ a, b }, graph, { transposeA, transposeB }) =>
    product(graph, a, b, transposeA, transposeB),
  ),
  kernel<{ [Key in keyof _FusedMatMulInputs]: Value }, _FusedMatMulAttrs>(
    "_FusedMatMul",
    (inputs, graph, attributes) => {
      const { transposeA, transposeB } = attributes;
      return finishFused(
        graph,
        product(graph, inputs.a, inputs.b, transposeA, transposeB),
        inputs,
        attributes,
      );
    },
  ),
  kernel<readonly Value[], EinsumAttrs>("Einsum", (operands, graph, { equation }) =>
    einsum(graph, equation, operands),
  ),
  kernel<Contraction, EinsumAttrs>("Contraction", ({ matrix, x }, graph, { equation }) => {
    // by hand these two take three quarters of an Einsum's time
    if (equation === "c1eqm,bmcef->cbeqf") return matMul(graph, matrix, transpose(graph, x, [2, 0, 3, 1, 4]));
    if (equation === "c1emq,cbeqf->bmcef") return transpose(graph, matMul(graph, matrix, x), [1, 3, 0, 2, 4]);
    return einsum(graph, equation, [matrix, x]);
  }),
];
