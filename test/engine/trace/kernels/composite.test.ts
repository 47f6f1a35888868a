// GELU and layer normalisation: composites that the models name and onnxruntime has as single operators.
import { ones, zeros } from "@tensorflow/tfjs";
import { gelu, layerNorm } from "../../../../src/models/layers/composites.js";
import { compositeKernels } from "../../../../src/engine/trace/kernels/index.js";
import { describeKernels, type KernelCase } from "./compare.js";

const cases: KernelCase[] = [
  { kernel: "Gelu", fn: gelu, inputs: [[2, 5, 6]] },
  { kernel: "LayerNorm", fn: (x, scale, shift) => layerNorm(x, scale, shift), inputs: [[2, 5, 6], [6], [6]] },
  {
    kernel: "LayerNorm",
    note: "without affine part",
    fn: (x) => layerNorm(x, ones([6]), zeros([6]), 1e-3),
    inputs: [[2, 5, 6]],
  },
];

describeKernels("composites", compositeKernels, cases);
