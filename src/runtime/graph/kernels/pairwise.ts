// Kernels of two broadcast tensors: arithmetic, comparison, logic, selection.
import { backend_util, type SelectInputs, util } from "@tensorflow/tfjs-core";
import type { Value } from "../recorder.js";
import { type Binary, kernel, type TracedKernel } from "./kernel.js";
import { binary, cast, expand, unary } from "./nodes.js";

const arithmetic: Readonly<Record<string, string>> = {
  Add: "Add",
  Sub: "Sub",
  RealDiv: "Div",
  Pow: "Pow",
  Maximum: "Max",
  Minimum: "Min",
};

const comparisons: Readonly<Record<string, string>> = {
  Equal: "Equal",
  Greater: "Greater",
  GreaterEqual: "GreaterOrEqual",
  Less: "Less",
  LessEqual: "LessOrEqual",
  LogicalAnd: "And",
  LogicalOr: "Or",
};

/** Kernels of two tensors, element by element. */
export const pairwiseKernels: readonly TracedKernel[] = [
  ...Object.entries(arithmetic).map(([name, operator]) =>
    kernel<Binary>(name, ({ a, b }, graph) => binary(graph, operator, a, b)),
  ),
  ...Object.entries(comparisons).map(([name, operator]) =>
    kernel<Binary>(name, ({ a, b }, graph) => binary(graph, operator, a, b, "bool")),
  ),
  kernel<Binary>("Multiply", ({ a, b }, graph) => {
    // tfjs's gradients broadcast by a product with ones
    if (graph.uniformValue(b) === 1 && a.type === b.type) {
      const shape = backend_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
      return util.arraysEqual([...a.shape], shape) ? a : expand(graph, a, shape);
    }
    return binary(graph, "Mul", a, b);
  }),
  kernel<Binary>("NotEqual", ({ a, b }, graph) => unary(graph, "Not", binary(graph, "Equal", a, b, "bool"))),
  kernel<Binary>("SquaredDifference", ({ a, b }, graph) => {
    const difference = binary(graph, "Sub", a, b);
    return binary(graph, "Mul", difference, difference);
  }),
  kernel<Binary>("FloorDiv", ({ a, b }, graph) => {
    // ONNX divides integers towards zero, tfjs downwards
    const [x, y] = [cast(graph, a, "float32"), cast(graph, b, "float32")];
    return cast(graph, unary(graph, "Floor", binary(graph, "Div", x, y)), a.type);
  }),
  kernel<Binary>("Mod", ({ a, b }, graph) => {
    // the remainder has the divisor's sign; ONNX has that for integers only
    const multiple = binary(graph, "Mul", unary(graph, "Floor", binary(graph, "Div", a, b)), b);
    return binary(graph, "Sub", a, multiple);
  }),
  kernel<readonly Value[]>("AddN", (terms, graph) =>
    terms.reduce((sum, term) => binary(graph, "Add", sum, term)),
  ),
  kernel<Record<keyof SelectInputs, Value>>("Select", ({ condition, t, e }, graph) =>
    graph.emit("Where", [condition, t, e], t.shape, {}, t.type),
  ),
];
