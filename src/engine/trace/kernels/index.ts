// Gives the tracing backend its kernels: those with an ONNX form, and for every other kernel that tfjs names one that
// says so, since tfjs's own message would not tell where it was called.
import * as tf from "@tensorflow/tfjs-core";
import { UnsupportedKernelError } from "../../../errors.js";
import { callerFrame, type Value } from "../recorder.js";
import { tracingBackend } from "../tracing-backend.js";
import { columnKernels, convolutionKernels, depthwiseKernels } from "./convolution.js";
import { elementwiseKernels, pairwiseKernels } from "./elementwise.js";
import { gatherKernels, shapeKernels } from "./shape.js";
import { hashNoiseKernels } from "./hash-noise.js";
import { kernel, type TracedKernel, type Unary } from "./nodes.js";
import { matMulKernels } from "./matmul.js";
import { pulseTrainKernels } from "./pulse-train.js";
import { reductionKernels } from "./reduction.js";

// Composites that models name, because onnxruntime computes them in one pass over the data: the kernels "Gelu" and
// "LayerNorm". Models register them with the other tfjs backends as compositions of tfjs ops.

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

/** Every kernel with an ONNX form. */
const tracedKernels: readonly TracedKernel[] = [
  ...elementwiseKernels,
  ...pairwiseKernels,
  ...reductionKernels,
  ...shapeKernels,
  ...matMulKernels,
  ...convolutionKernels,
  ...columnKernels,
  ...depthwiseKernels,
  ...gatherKernels,
  ...compositeKernels,
  ...pulseTrainKernels,
  ...hashNoiseKernels,
];

/** Registers the kernels with tfjs; once a process. */
export function registerTracedKernels(): void {
  const backend = tracingBackend();
  if (tf.getKernel("Add", backend.name)) return;
  for (const { name, record } of tracedKernels) {
    tf.registerKernel({
      kernelName: name,
      backendName: backend.name,
      kernelFunc: ({ inputs, attrs }) => {
        const graph = backend.active;
        graph.kernels.push(name);
        const results = record(backend.valuesOf(inputs) as never, graph, attrs as never);
        return Array.isArray(results)
          ? results.map((value) => backend.tensorOf(value))
          : backend.tensorOf(results);
      },
    });
  }
  for (const kernelName of kernelNames()) {
    if (tf.getKernel(kernelName, backend.name)) continue;
    tf.registerKernel({
      kernelName,
      backendName: backend.name,
      kernelFunc: () => {
        throw new UnsupportedKernelError(kernelName, callerFrame());
      },
    });
  }
}

/** The kernel names that tfjs exports, each as a constant of its own name. */
function kernelNames(): string[] {
  const exported = Object.entries(tf as Readonly<Record<string, unknown>>);
  return exported
    .filter(([name, value]) => typeof value === "string" && (value === name || value === `_${name}`))
    .map(([, value]) => value as string);
}
