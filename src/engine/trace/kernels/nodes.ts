// The ONNX nodes that several kernels are made of, with their output shapes.
import { backend_util, type DataType, util } from "@tensorflow/tfjs-core";
import type { Recorder, Value } from "../recorder.js";

// How one tfjs kernel is told as ONNX nodes: a name and a function of values. ./index.ts gives them to tfjs.

/**
 * A tfjs kernel's ONNX form. tfjs's registry does not know the types of a kernel's inputs and attributes statically;
 * each entry states them, and a list of entries forgets them.
 */
export interface TracedKernel<Inputs = never, Attributes = never> {
  /** tfjs's name of the kernel. */
  readonly name: string;
  /** Records the nodes; `inputs` is a record of values, or an array of them where tfjs passes an array. */
  readonly record: (inputs: Inputs, graph: Recorder, attributes: Attributes) => Value | Value[];
}

/** Inputs of a kernel of one tensor. */
export interface Unary {
  readonly x: Value;
}

/** Inputs of a kernel of two tensors. */
export interface Binary {
  readonly a: Value;
  readonly b: Value;
}

/** Describes a kernel. */
export function kernel<Inputs, Attributes = object>(
  name: string,
  record: (inputs: Inputs, graph: Recorder, attributes: Attributes) => Value | Value[],
): TracedKernel<Inputs, Attributes> {
  return { name, record };
}

/** ONNX's number of each element type; tfjs's int32 becomes int64, which every ONNX integer input takes. */
export const onnxTypes: Readonly<Partial<Record<DataType, number>>> = {
  float32: 1,
  int32: 7,
  bool: 9,
};

/** A node of one operand that keeps the shape. */
export function unary(graph: Recorder, operator: string, x: Value): Value {
  return graph.emit(operator, [x], x.shape, {}, x.type);
}

/**
 * A node of two broadcast operands. A tensor with one value throughout, as tfjs's gradients make them, becomes a scalar
 * if the other operand has the result's shape already.
 */
export function binary(graph: Recorder, operator: string, a: Value, b: Value, type = a.type): Value {
  const shape = backend_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
  const narrow = (operand: Value, other: Value): Value => {
    const value = graph.uniformValue(operand);
    const given = util.arraysEqual([...other.shape], shape);
    return value !== undefined && given ? graph.scalar(value, operand.type) : operand;
  };
  const narrowed = narrow(b, a);
  return graph.emit(operator, [narrowed === b ? narrow(a, b) : a, narrowed], shape, {}, type);
}

/** Another element type; nothing if it is the same. */
export function cast(graph: Recorder, x: Value, type: DataType): Value {
  if (x.type === type) return x;
  return graph.emit("Cast", [x], x.shape, { to: { int: onnxTypes[type]! } }, type);
}

/** The value repeated to a larger shape. */
export function expand(graph: Recorder, x: Value, shape: readonly number[]): Value {
  return graph.emit("Expand", [x, graph.integers(shape)], shape, {}, x.type);
}

/** Another shape of the same size; nothing if it is the same. */
export function reshape(graph: Recorder, x: Value, shape: readonly number[]): Value {
  if (util.arraysEqual([...x.shape], [...shape])) return x;
  return graph.emit("Reshape", [x, graph.integers(shape, { kind: "reshape" })], shape, {}, x.type);
}

/** Dimensions in another order. */
export function transpose(graph: Recorder, x: Value, permutation: readonly number[]): Value {
  if (permutation.every((axis, index) => axis === index)) return x;
  const shape = permutation.map((axis) => x.shape[axis]);
  return graph.emit("Transpose", [x], shape, { perm: { ints: permutation } }, x.type);
}

/** The last two dimensions exchanged. */
export function transposeMatrix(graph: Recorder, x: Value): Value {
  const rank = x.shape.length;
  return transpose(graph, x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

/** A part from `begin` of `size` elements taken every `strides`; axes that stay whole are left out of the node. */
export function slice(
  graph: Recorder,
  x: Value,
  begin: readonly number[],
  size: readonly number[],
  strides: readonly number[] = begin.map(() => 1),
): Value {
  const axes = [...x.shape.keys()].filter((axis) => begin[axis] !== 0 || size[axis] !== x.shape[axis]);
  if (axes.length === 0) return x;
  const limits = (values: readonly number[]): string =>
    graph.integers(values, { kind: "limits", sizes: axes.map((axis) => x.shape[axis]) });
  const inputs = [
    x,
    limits(axes.map((axis) => begin[axis])),
    limits(axes.map((axis) => begin[axis] + (size[axis] - 1) * strides[axis] + 1)),
    graph.integers(axes),
    ...(axes.some((axis) => strides[axis] !== 1) ? [graph.integers(axes.map((axis) => strides[axis]))] : []),
  ];
  return graph.emit("Slice", inputs, size, {}, x.type);
}

/** Adds `before` and `after` elements of `value` to each axis. */
export function pad(
  graph: Recorder,
  x: Value,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): Value {
  if ([...before, ...after].every((count) => count === 0)) return x;
  const shape = x.shape.map((size, axis) => size + before[axis] + after[axis]);
  const inputs = [x, graph.integers([...before, ...after]), graph.scalar(value, x.type)];
  return graph.emit("Pad", inputs, shape, {}, x.type);
}

// WebGPU lets a node have a few tensors only, inputs and outputs together: what has more of them is made of several nodes.

const MOST_JOINED = 6;
const MOST_PIECES = 5;

/** A list in groups, at most so many, and as few as hold so many entries each where that is enough. */
function grouped<T>(list: readonly T[], most: number): T[][] {
  const count = Math.min(most, Math.ceil(list.length / most));
  const size = Math.ceil(list.length / count);
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}

/** Values one after the other along an axis. */
export function concat(graph: Recorder, parts: readonly Value[], axis: number): Value {
  if (parts.length === 1) return parts[0];
  if (parts.length > MOST_JOINED) {
    const joined = grouped(parts, MOST_JOINED).map((group) => concat(graph, group, axis));
    return concat(graph, joined, axis);
  }
  const shape = [...parts[0].shape];
  shape[axis] = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  return graph.emit("Concat", parts, shape, { axis: { int: axis } }, parts[0].type);
}

/** Pieces of these sizes along an axis. */
export function split(graph: Recorder, x: Value, sizes: readonly number[], axis: number): Value[] {
  if (sizes.length === 1) return [x];
  if (sizes.length > MOST_PIECES) {
    const groups = grouped(sizes, MOST_PIECES);
    const wholes = groups.map((group) => group.reduce((sum, size) => sum + size, 0));
    return split(graph, x, wholes, axis).flatMap((piece, i) => split(graph, piece, groups[i], axis));
  }
  const shapes = sizes.map((size) => x.shape.map((whole, index) => (index === axis ? size : whole)));
  return graph.emitAll("Split", [x, graph.integers(sizes)], shapes, { axis: { int: axis } }, x.type);
}

/** A reduction (ReduceSum, ReduceMean, …) over axes. */
export function reduce(
  graph: Recorder,
  operator: string,
  x: Value,
  axes: readonly number[],
  keepDims: boolean,
): Value {
  if (axes.length === 0) return x;
  const shape = keepDims
    ? x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : x.shape.filter((_, axis) => !axes.includes(axis));
  const attributes = { keepdims: { int: keepDims ? 1 : 0 } };
  return graph.emit(operator, [x, graph.integers(axes)], shape, attributes, x.type);
}

/** The matrix product of two stacks of matrices. */
export function matMul(graph: Recorder, a: Value, b: Value): Value {
  const stack = backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return graph.emit("MatMul", [a, b], [...stack, a.shape.at(-2)!, b.shape.at(-1)!], {}, a.type);
}
