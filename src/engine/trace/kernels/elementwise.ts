// Kernels of one tensor that keep its shape. Most are one ONNX operator; the rest are short compositions.
import {
  backend_util,
  type CastAttrs,
  type ClipByValueAttrs,
  type EluGradInputs,
  type LeakyReluAttrs,
  type PreluInputs,
  type SelectInputs,
  type StepAttrs,
  util,
} from "@tensorflow/tfjs-core";
import type { Recorder, Value } from "../recorder.js";
import { binary, type Binary, cast, expand, kernel, type TracedKernel, type Unary, unary } from "./nodes.js";

// Kernels of two broadcast tensors: arithmetic, comparison, logic, selection.

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
function leakyRelu(graph: Recorder, x: Value, slope: number): Value {
  return graph.emit("LeakyRelu", [x], x.shape, { alpha: { float: slope } }, x.type);
}

/** x limited to [low, high]. */
function clip(graph: Recorder, x: Value, low: number, high: number): Value {
  return graph.emit("Clip", [x, graph.scalar(low, x.type), graph.scalar(high, x.type)], x.shape, {}, x.type);
}

/** x above zero, slopes·x below. */
function prelu(graph: Recorder, x: Value, slopes: Value): Value {
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

// Activations by tfjs's name, as its fused kernels take them.

type Activation = backend_util.Activation;

/** tfjs's default slope of a leaky ReLU in a fused kernel. */
const defaultSlope = 0.2;

/** The activation of `x`; `slopes` are those of "prelu", `slope` that of "leakyrelu". */
function activate(
  graph: Recorder,
  x: Value,
  activation: Activation | undefined,
  slopes: Value | undefined,
  slope = defaultSlope,
): Value {
  switch (activation) {
    case undefined:
    case "linear":
      return x;
    case "relu":
      return unary(graph, "Relu", x);
    case "relu6":
      return clip(graph, x, 0, 6);
    case "elu":
      return unary(graph, "Elu", x);
    case "sigmoid":
      return unary(graph, "Sigmoid", x);
    case "leakyrelu":
      return leakyRelu(graph, x, slope);
    case "prelu":
      return prelu(graph, x, slopes!);
  }
}

/** What a fused kernel adds to its product or convolution: the bias, then the activation. */
export function finishFused(
  graph: Recorder,
  plain: Value,
  inputs: { readonly bias?: Value; readonly preluActivationWeights?: Value },
  attributes: { readonly activation?: Activation; readonly leakyreluAlpha?: number },
): Value {
  const biased = inputs.bias ? binary(graph, "Add", plain, inputs.bias) : plain;
  return activate(
    graph,
    biased,
    attributes.activation,
    inputs.preluActivationWeights,
    attributes.leakyreluAlpha,
  );
}
