// Composites that models name, because onnxruntime computes them in one pass over the data: the kernels "Gelu" and
// "LayerNorm". Models register them with the other tfjs backends as compositions of tfjs ops.
import type { Value } from "../recorder.js";
import { kernel, type TracedKernel, type Unary } from "./kernel.js";

interface LayerNormInputs {
  /** [… , channels] */
  readonly x: Value;
  /** [channels] */
  readonly scale: Value;
  /** [channels] */
  readonly shift: Value;
}

/** Kernels of composites. */
export const compositeKernels: readonly TracedKernel[] = [
  // x·½·(1 + erf(x/√2))
  kernel<Unary>("Gelu", ({ x }, graph) => graph.emit("Gelu", [x], x.shape)),
  // (x − mean)/√(variance + epsilon)·scale + shift over the last axis
  kernel<LayerNormInputs, { epsilon: number }>("LayerNorm", ({ x, scale, shift }, graph, { epsilon }) =>
    graph.emit("LayerNormalization", [x, scale, shift], x.shape, {
      axis: { int: -1 },
      epsilon: { float: epsilon },
    }),
  ),
];
