// Kernels that move data without computing: shapes, slices, padding, joining, constants.
import {
  backend_util,
  type ConcatAttrs,
  type ExpandDimsAttrs,
  type FillAttrs,
  type GatherNdInputs,
  type GatherV2Attrs,
  type GatherV2Inputs,
  type MirrorPadAttrs,
  type OneHotAttrs,
  type PackAttrs,
  type PadV2Attrs,
  type RangeAttrs,
  type ReshapeAttrs,
  type ReverseAttrs,
  type ScatterNdAttrs,
  type ScatterNdInputs,
  slice_util,
  type SliceAttrs,
  type SplitVAttrs,
  type StridedSliceAttrs,
  type TileAttrs,
  type TransposeAttrs,
  type UnpackAttrs,
  type UnsortedSegmentSumAttrs,
  type UnsortedSegmentSumInputs,
  util,
} from "@tensorflow/tfjs-core";
import { UnsupportedKernelError } from "../../../errors.js";
import { callerFrame, type Recorder, type Value } from "../recorder.js";
import {
  cast,
  concat,
  kernel,
  pad,
  reshape,
  slice,
  split,
  type TracedKernel,
  transpose,
  type Unary,
} from "./nodes.js";

// Kernels that pick and scatter by index.

/** Adds `updates` into zeros at `indices` [… , depth], which name the first `depth` axes. */
function scatter(graph: Recorder, shape: readonly number[], indices: Value, updates: Value): Value {
  const zeros = graph.full(shape, 0, updates.type);
  const inputs = [zeros, indices, updates];
  return graph.emit("ScatterND", inputs, shape, { reduction: { text: "add" } }, updates.type);
}

/** Kernels of indices. */
export const gatherKernels: readonly TracedKernel[] = [
  kernel<Record<keyof GatherV2Inputs, Value>, GatherV2Attrs>(
    "GatherV2",
    ({ x, indices }, graph, { axis, batchDims }) => {
      if (batchDims !== 0) {
        throw new UnsupportedKernelError("GatherV2", callerFrame(), ` with batchDims ${batchDims}`);
      }
      const along = util.parseAxisParam(axis, [...x.shape])[0];
      const shape = [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)];
      return graph.emit("Gather", [x, indices], shape, { axis: { int: along } }, x.type);
    },
  ),
  kernel<Record<keyof GatherNdInputs, Value>>("GatherNd", ({ params, indices }, graph) => {
    const shape = [...indices.shape.slice(0, -1), ...params.shape.slice(indices.shape.at(-1))];
    return graph.emit("GatherND", [params, indices], shape, {}, params.type);
  }),
  kernel<Record<keyof ScatterNdInputs, Value>, ScatterNdAttrs>(
    "ScatterNd",
    ({ indices, updates }, graph, { shape }) => scatter(graph, shape, indices, updates),
  ),
  kernel<Record<keyof UnsortedSegmentSumInputs, Value>, UnsortedSegmentSumAttrs>(
    "UnsortedSegmentSum",
    ({ x, segmentIds }, graph, { numSegments }) => {
      const indices = reshape(graph, segmentIds, [...segmentIds.shape, 1]);
      return scatter(graph, [numSegments, ...x.shape.slice(segmentIds.shape.length)], indices, x);
    },
  ),
  kernel<{ indices: Value }, OneHotAttrs>(
    "OneHot",
    ({ indices }, graph, { depth, onValue, offValue, dtype }) => {
      const values = graph.constant([offValue, onValue], [2], dtype);
      return graph.emit(
        "OneHot",
        [indices, graph.integers([depth]), values],
        [...indices.shape, depth],
        {},
        dtype,
      );
    },
  ),
];

function withAxis(shape: readonly number[], axis: number): number[] {
  return [...shape.slice(0, axis), 1, ...shape.slice(axis)];
}

function range(graph: Recorder, { start, stop, step, dtype }: RangeAttrs): Value {
  const count = Math.max(0, Math.ceil((stop - start) / step));
  // counted in integers, so that the count may follow the frame count: start + step·(0, 1, …)
  const limit = graph.emit("Squeeze", [graph.integers([count])], [], {}, "int32");
  const zero = graph.scalar(0, "int32");
  const index = graph.emit("Range", [zero, limit, graph.scalar(1, "int32")], [count], {}, "int32");
  const scaled = graph.emit(
    "Mul",
    [cast(graph, index, dtype), graph.scalar(step, dtype)],
    [count],
    {},
    dtype,
  );
  return graph.emit("Add", [scaled, graph.scalar(start, dtype)], [count], {}, dtype);
}

/** Kernels that move data. */
export const shapeKernels: readonly TracedKernel[] = [
  kernel<Unary, ReshapeAttrs>("Reshape", ({ x }, graph, { shape }) =>
    reshape(graph, x, util.inferFromImplicitShape([...shape], util.sizeFromShape([...x.shape]))),
  ),
  kernel<{ input: Value }, ExpandDimsAttrs>("ExpandDims", ({ input }, graph, { dim }) =>
    reshape(graph, input, withAxis(input.shape, dim < 0 ? dim + input.shape.length + 1 : dim)),
  ),
  kernel<Unary, TransposeAttrs>("Transpose", ({ x }, graph, { perm }) => transpose(graph, x, perm)),
  kernel<Unary, SliceAttrs>("Slice", ({ x }, graph, attributes) => {
    const source = { shape: [...x.shape] } as Parameters<typeof slice_util.parseSliceParams>[0];
    const [begin, size] = slice_util.parseSliceParams(source, attributes.begin, attributes.size);
    return slice(graph, x, begin, size);
  }),
  kernel<Unary, StridedSliceAttrs>("StridedSlice", ({ x }, graph, attributes) => {
    const info = slice_util.sliceInfo(
      [...x.shape],
      attributes.begin,
      attributes.end,
      attributes.strides,
      attributes.beginMask,
      attributes.endMask,
      attributes.ellipsisMask,
      attributes.newAxisMask,
      attributes.shrinkAxisMask,
    );
    if (info.strides.some((stride) => stride < 0)) {
      throw new UnsupportedKernelError("StridedSlice", callerFrame(), " with negative strides");
    }
    const size = slice_util.computeOutShape(info.begin, info.end, info.strides);
    return reshape(graph, slice(graph, x, info.begin, size, info.strides), info.finalShape);
  }),
  kernel<Unary, PadV2Attrs>("PadV2", ({ x }, graph, { paddings, constantValue }) =>
    pad(
      graph,
      x,
      paddings.map(([before]) => before),
      paddings.map(([, after]) => after),
      constantValue,
    ),
  ),
  kernel<Unary, MirrorPadAttrs>("MirrorPad", ({ x }, graph, { paddings, mode }) => {
    if (mode !== "reflect") throw new UnsupportedKernelError("MirrorPad", callerFrame(), ` in mode ${mode}`);
    const shape = x.shape.map((size, axis) => size + paddings[axis][0] + paddings[axis][1]);
    const amounts = [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
    return graph.emit("Pad", [x, graph.integers(amounts)], shape, { mode: { text: "reflect" } }, x.type);
  }),
  kernel<readonly Value[], ConcatAttrs>("Concat", (parts, graph, { axis }) =>
    concat(graph, parts, util.parseAxisParam(axis, [...parts[0].shape])[0]),
  ),
  kernel<Unary, SplitVAttrs>("SplitV", ({ x }, graph, { numOrSizeSplits, axis }) => {
    const along = util.parseAxisParam(axis, [...x.shape])[0];
    const source = { shape: [...x.shape] } as Parameters<typeof backend_util.prepareSplitSize>[0];
    return split(graph, x, backend_util.prepareSplitSize(source, numOrSizeSplits, along), along);
  }),
  kernel<readonly Value[], PackAttrs>("Pack", (parts, graph, { axis }) => {
    const along = axis < 0 ? axis + parts[0].shape.length + 1 : axis;
    const expanded = parts.map((part) => reshape(graph, part, withAxis(part.shape, along)));
    return concat(graph, expanded, along);
  }),
  kernel<{ value: Value }, UnpackAttrs>("Unpack", ({ value }, graph, { axis }) => {
    const along = axis < 0 ? axis + value.shape.length : axis;
    const pieces = split(graph, value, Array<number>(value.shape[along]).fill(1), along);
    const shape = value.shape.filter((_, index) => index !== along);
    return pieces.map((piece) => reshape(graph, piece, shape));
  }),
  kernel<Unary, TileAttrs>("Tile", ({ x }, graph, { reps }) => {
    const shape = x.shape.map((size, axis) => size * reps[axis]);
    if (reps.every((count) => count === 1)) return x;
    return graph.emit("Tile", [x, graph.integers(reps)], shape, {}, x.type);
  }),
  kernel<Unary, ReverseAttrs>("Reverse", ({ x }, graph, { dims }) => {
    const axes = util.parseAxisParam(dims, [...x.shape]);
    if (axes.length === 0) return x;
    const all = (value: number): string => graph.integers(axes.map(() => value));
    const inputs = [x, all(-1), all(Number.MIN_SAFE_INTEGER), graph.integers(axes), all(-1)];
    return graph.emit("Slice", inputs, x.shape, {}, x.type);
  }),
  kernel<object, FillAttrs>("Fill", (_, graph, { shape, value, dtype }) =>
    graph.full(shape, value as number, dtype),
  ),
  kernel<Unary>("ZerosLike", ({ x }, graph) => graph.full(x.shape, 0, x.type)),
  kernel<Unary>("OnesLike", ({ x }, graph) => graph.full(x.shape, 1, x.type)),
  kernel<object, RangeAttrs>("Range", (_, graph, attributes) => range(graph, attributes)),
];
