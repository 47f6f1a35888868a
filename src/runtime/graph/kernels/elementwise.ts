// Kernels of one tensor that keep its shape. Most are one ONNX operator; the rest are short compositions.
import type {
  CastAttrs,
  ClipByValueAttrs,
  EluGradInputs,
  LeakyReluAttrs,
  PreluInputs,
  StepAttrs,
} from "@tensorflow/tfjs-core";
import type { Recorder, Value } from "../recorder.js";
import { kernel, type TracedKernel, type Unary } from "./kernel.js";
import { binary, cast, unary } from "./nodes.js";

const sameOperator: Readonly<Record<string, string>> = {
  Abs: "Abs",
  Neg: "Neg",
  Exp: "Exp",
  Log: "Log",
  Sqrt: "Sqrt",
  Reciprocal: "Reciprocal",
  Sin: "Sin",
  Cos: "Cos",
  Tan: "Tan",
  Asin: "Asin",
  Acos: "Acos",
  Atan: "Atan",
  Sinh: "Sinh",
  Cosh: "Cosh",
  Tanh: "Tanh",
  Asinh: "Asinh",
  Acosh: "Acosh",
  Atanh: "Atanh",
  Erf: "Erf",
  Sigmoid: "Sigmoid",
  Softplus: "Softplus",
  Relu: "Relu",
  Floor: "Floor",
  Ceil: "Ceil",
  Round: "Round",
  Sign: "Sign",
  LogicalNot: "Not",
};

/** max(x, slope·x) for slopes below 1. */
export function leakyRelu(graph: Recorder, x: Value, slope: number): Value {
  return graph.emit("LeakyRelu", [x], x.shape, { alpha: { float: slope } }, x.type);
}

/** x limited to [low, high]. */
export function clip(graph: Recorder, x: Value, low: number, high: number): Value {
  return graph.emit("Clip", [x, graph.scalar(low, x.type), graph.scalar(high, x.type)], x.shape, {}, x.type);
}

/** x above zero, slopes·x below. */
export function prelu(graph: Recorder, x: Value, slopes: Value): Value {
  const scaled = binary(graph, "Mul", x, slopes);
  const positive = binary(graph, "Greater", x, graph.scalar(0), "bool");
  return graph.emit("Where", [positive, x, scaled], scaled.shape);
}

/** Kernels of one tensor, element by element. */
export const elementwiseKernels: readonly TracedKernel[] = [
  ...Object.entries(sameOperator).map(([name, operator]) =>
    kernel<Unary>(name, ({ x }, graph) => unary(graph, operator, x)),
  ),
  kernel<Unary>("Identity", ({ x }) => x),
  kernel<Unary, CastAttrs>("Cast", ({ x }, graph, { dtype }) => cast(graph, x, dtype)),
  kernel<Unary>("Square", ({ x }, graph) => binary(graph, "Mul", x, x)),
  kernel<Unary>("Rsqrt", ({ x }, graph) => unary(graph, "Reciprocal", unary(graph, "Sqrt", x))),
  kernel<Unary>("Expm1", ({ x }, graph) => binary(graph, "Sub", unary(graph, "Exp", x), graph.scalar(1))),
  kernel<Unary>("Log1p", ({ x }, graph) => unary(graph, "Log", binary(graph, "Add", x, graph.scalar(1)))),
  kernel<Unary>("IsNan", ({ x }, graph) => graph.emit("IsNaN", [x], x.shape, {}, "bool")),
  kernel<Unary>("IsInf", ({ x }, graph) => graph.emit("IsInf", [x], x.shape, {}, "bool")),
  kernel<Unary, ClipByValueAttrs>("ClipByValue", ({ x }, graph, { clipValueMin, clipValueMax }) =>
    clip(graph, x, clipValueMin, clipValueMax),
  ),
  kernel<Unary>("Relu6", ({ x }, graph) => clip(graph, x, 0, 6)),
  kernel<Unary, LeakyReluAttrs>("LeakyRelu", ({ x }, graph, { alpha }) => leakyRelu(graph, x, alpha)),
  kernel<Record<keyof PreluInputs, Value>>("Prelu", ({ x, alpha }, graph) => prelu(graph, x, alpha)),
  kernel<Unary>("Elu", ({ x }, graph) => unary(graph, "Elu", x)),
  kernel<Record<keyof EluGradInputs, Value>>("EluGrad", ({ dy, y }, graph) => {
    // below zero the slope e^x is y + 1
    const slope = binary(graph, "Add", binary(graph, "Min", y, graph.scalar(0)), graph.scalar(1));
    return binary(graph, "Mul", dy, slope);
  }),
  kernel<Unary>("Selu", ({ x }, graph) => unary(graph, "Selu", x)),
  kernel<Unary, StepAttrs>("Step", ({ x }, graph, { alpha }) => {
    const positive = binary(graph, "Greater", x, graph.scalar(0, x.type), "bool");
    if (alpha === 0) return cast(graph, positive, x.type);
    return graph.emit("Where", [positive, graph.scalar(1), graph.scalar(alpha)], x.shape);
  }),
];
