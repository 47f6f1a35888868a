// Kernels that run along axes: sums and extremes, softmax, running sums.
import {
  type ArgMaxAttrs,
  type CumsumAttrs,
  type MaxAttrs,
  type SoftmaxAttrs,
  type SumAttrs,
  util,
} from "@tensorflow/tfjs-core";
import type { Recorder, Value } from "../recorder.js";
import { cast, kernel, reduce, type TracedKernel, type Unary } from "./nodes.js";

const reductions: Readonly<Record<string, string>> = {
  Sum: "ReduceSum",
  Mean: "ReduceMean",
  Min: "ReduceMin",
  Prod: "ReduceProd",
};

interface Logits {
  readonly logits: Value;
}

function normaliseAxis(axis: number, x: Value): number {
  return axis < 0 ? axis + x.shape.length : axis;
}

function extremeIndex(graph: Recorder, operator: string, x: Value, axis: number): Value {
  const along = normaliseAxis(axis, x);
  const shape = x.shape.filter((_, index) => index !== along);
  return graph.emit(operator, [x], shape, { axis: { int: along }, keepdims: { int: 0 } }, "int32");
}

/** ONNX has no reduction of booleans: as 0 and 1, "all" is the least and "any" the largest. */
function reduceTruth(graph: Recorder, operator: string, x: Value, { axis, keepDims }: SumAttrs): Value {
  const axes = util.parseAxisParam(axis, [...x.shape]);
  return cast(graph, reduce(graph, operator, cast(graph, x, "float32"), axes, keepDims), "bool");
}

/** Kernels along axes. */
export const reductionKernels: readonly TracedKernel[] = [
  ...Object.entries(reductions).map(([name, operator]) =>
    kernel<Unary, SumAttrs>(name, ({ x }, graph, { axis, keepDims }) =>
      reduce(graph, operator, x, util.parseAxisParam(axis, [...x.shape]), keepDims),
    ),
  ),
  kernel<Unary, MaxAttrs>("Max", ({ x }, graph, { reductionIndices, keepDims }) =>
    reduce(graph, "ReduceMax", x, util.parseAxisParam(reductionIndices, [...x.shape]), keepDims),
  ),
  kernel<Unary, SumAttrs>("All", ({ x }, graph, attributes) =>
    reduceTruth(graph, "ReduceMin", x, attributes),
  ),
  kernel<Unary, SumAttrs>("Any", ({ x }, graph, attributes) =>
    reduceTruth(graph, "ReduceMax", x, attributes),
  ),
  kernel<Unary, ArgMaxAttrs>("ArgMax", ({ x }, graph, { axis }) => extremeIndex(graph, "ArgMax", x, axis)),
  kernel<Unary, ArgMaxAttrs>("ArgMin", ({ x }, graph, { axis }) => extremeIndex(graph, "ArgMin", x, axis)),
  kernel<Logits, SoftmaxAttrs>("Softmax", ({ logits }, graph, { dim }) =>
    graph.emit("Softmax", [logits], logits.shape, { axis: { int: normaliseAxis(dim, logits) } }),
  ),
  kernel<Unary, CumsumAttrs>("Cumsum", ({ x }, graph, { axis, exclusive, reverse }) => {
    const along = graph.scalar(normaliseAxis(axis, x), "int32");
    const attributes = { exclusive: { int: exclusive ? 1 : 0 }, reverse: { int: reverse ? 1 : 0 } };
    return graph.emit("CumSum", [x, along], x.shape, attributes, x.type);
  }),
];
