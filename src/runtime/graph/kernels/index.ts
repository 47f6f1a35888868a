// Gives the tracing backend its kernels: those with an ONNX form, and for every other kernel that tfjs names one that
// says so, since tfjs's own message would not tell where it was called.
import * as tf from "@tensorflow/tfjs-core";
import { UnsupportedKernelError } from "../../errors.js";
import { callerFrame } from "../caller.js";
import { tracingBackend, tracingBackendName } from "../tracing-backend.js";
import { convolutionKernels } from "./convolution.js";
import { depthwiseKernels } from "./depthwise.js";
import { elementwiseKernels } from "./elementwise.js";
import { gatherKernels } from "./gather.js";
import type { TracedKernel } from "./kernel.js";
import { matMulKernels } from "./matmul.js";
import { compositeKernels } from "./composite.js";
import { pairwiseKernels } from "./pairwise.js";
import { pulseTrainKernels } from "./pulse-train.js";
import { reductionKernels } from "./reduction.js";
import { shapeKernels } from "./shape.js";

/** Every kernel with an ONNX form. */
export const tracedKernels: readonly TracedKernel[] = [
  ...elementwiseKernels,
  ...pairwiseKernels,
  ...reductionKernels,
  ...shapeKernels,
  ...matMulKernels,
  ...convolutionKernels,
  ...depthwiseKernels,
  ...gatherKernels,
  ...compositeKernels,
  ...pulseTrainKernels,
];

/** Registers the kernels with tfjs; once a process. */
export function registerTracedKernels(): void {
  if (tf.getKernel("Add", tracingBackendName)) return;
  for (const { name, record } of tracedKernels) {
    tf.registerKernel({
      kernelName: name,
      backendName: tracingBackendName,
      kernelFunc: ({ inputs, attrs }) => {
        const backend = tracingBackend();
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
    if (tf.getKernel(kernelName, tracingBackendName)) continue;
    tf.registerKernel({
      kernelName,
      backendName: tracingBackendName,
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
