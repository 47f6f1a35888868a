// Kernels of one tensor, element by element.
import * as tf from "@tensorflow/tfjs";
import { elementwiseKernels } from "../../../../src/engine/trace/kernels/elementwise.js";
import { describeKernels, type KernelCase, numbers } from "./compare.js";

type UnaryOp = (x: tf.Tensor) => tf.Tensor;

const around = [2, 3, 4];
const positive = numbers([6], [0.1, 0.5, 1, 1.5, 2, 7]);
const inside = numbers([5], [-0.9, -0.3, 0.1, 0.4, 0.8]);
const aboveOne = numbers([4], [1.1, 1.5, 2, 5]);
const halves = numbers([8], [-2.5, -1.5, -0.7, -0.2, 0.5, 1.5, 2.5, 3.1]);

const smooth: Record<string, [UnaryOp, KernelCase["inputs"][number]]> = {
  Abs: [tf.abs, around],
  Neg: [tf.neg, around],
  Exp: [tf.exp, around],
  Log: [tf.log, positive],
  Sqrt: [tf.sqrt, positive],
  Reciprocal: [tf.reciprocal, positive],
  Sin: [tf.sin, around],
  Cos: [tf.cos, around],
  Tan: [tf.tan, around],
  Asin: [tf.asin, inside],
  Acos: [tf.acos, inside],
  Atan: [tf.atan, around],
  Sinh: [tf.sinh, around],
  Cosh: [tf.cosh, around],
  Tanh: [tf.tanh, around],
  Asinh: [tf.asinh, around],
  Acosh: [tf.acosh, aboveOne],
  Atanh: [tf.atanh, inside],
  Erf: [tf.erf, around],
  Sigmoid: [tf.sigmoid, around],
  Softplus: [tf.softplus, around],
  Relu: [tf.relu, around],
  Relu6: [(x) => tf.relu6(tf.mul(x, 10)), around],
  Floor: [tf.floor, halves],
  Ceil: [tf.ceil, halves],
  Round: [tf.round, halves],
  Sign: [tf.sign, halves],
  Square: [tf.square, around],
  Rsqrt: [tf.rsqrt, positive],
  Expm1: [tf.expm1, around],
  Log1p: [tf.log1p, positive],
  ClipByValue: [(x) => tf.clipByValue(x, -0.4, 0.6), around],
  LeakyRelu: [(x) => tf.leakyRelu(x, 0.2), around],
  Elu: [tf.elu, around],
  EluGrad: [tf.elu, around],
  Selu: [tf.selu, around],
  Step: [(x) => tf.mul(x, tf.step(x)), around],
  Identity: [(x) => tf.clone(x), around],
};

const cases: KernelCase[] = [
  ...Object.entries(smooth).map(([kernel, [fn, input]]) => ({ kernel, fn, inputs: [input] })),
  { kernel: "Step", note: "with a slope", fn: (x) => tf.step(x, 0.3), inputs: [around] },
  { kernel: "Prelu", fn: tf.prelu, inputs: [around, [4]] },
  { kernel: "Cast", fn: (x) => tf.cast(tf.mul(x, 10), "int32"), inputs: [around], gradient: false },
  { kernel: "LogicalNot", fn: (x) => tf.logicalNot(tf.greater(x, 0)), inputs: [around], gradient: false },
  {
    kernel: "IsNan",
    fn: (x) => tf.isNaN(x),
    inputs: [numbers([3], [1, Number.NaN, Infinity])],
    gradient: false,
  },
  {
    kernel: "IsInf",
    fn: (x) => tf.isInf(x),
    inputs: [numbers([3], [1, Number.NaN, -Infinity])],
    gradient: false,
  },
];

describeKernels("elementwise kernels", elementwiseKernels, cases);
