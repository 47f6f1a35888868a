// Kernels that pick and scatter by index.
import {
  type GatherNdInputs,
  type GatherV2Attrs,
  type GatherV2Inputs,
  type OneHotAttrs,
  type ScatterNdAttrs,
  type ScatterNdInputs,
  type UnsortedSegmentSumAttrs,
  type UnsortedSegmentSumInputs,
  util,
} from "@tensorflow/tfjs-core";
import { UnsupportedKernelError } from "../../errors.js";
import { callerFrame } from "../caller.js";
import type { Recorder, Value } from "../recorder.js";
import { kernel, type TracedKernel } from "./kernel.js";
import { reshape } from "./nodes.js";

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
