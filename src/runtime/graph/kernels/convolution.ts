// Dense convolutions over [batch, height, width, channels] and their gradients; tfjs's conv1d is one of height 1.
// ONNX wants channels first, so each is wrapped in transpositions, many of which onnxruntime cancels.
import type {
  Conv2DAttrs,
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropFilterInputs,
  Conv2DBackpropInputAttrs,
  Conv2DBackpropInputInputs,
  FusedConv2DAttrs,
  FusedConv2DInputs,
} from "@tensorflow/tfjs-core";
import type { Recorder, Value } from "../recorder.js";
import { finishFused } from "./activation.js";
import { convolve, type Geometry, geometryOf, transposeConvolve, windows } from "./convolution-nodes.js";
import { kernel, type TracedKernel } from "./kernel.js";
import { product } from "./matmul.js";
import { concat, reshape, transpose } from "./nodes.js";

interface Operands {
  readonly x: Value;
  readonly filter: Value;
}

/** tfjs's filter [height, width, in, out] as ONNX's [out, in, height, width]. */
function filterChannelsFirst(graph: Recorder, filter: Value): Value {
  return transpose(graph, filter, [3, 2, 0, 1]);
}

function forward(graph: Recorder, { x, filter }: Operands, attributes: Conv2DAttrs): Value {
  const geometry = geometryOf("Conv2D", x.shape, filter.shape, attributes);
  return convolve(graph, x, filterChannelsFirst(graph, filter), geometry);
}

/** The gradient of the filter: for each of its taps, the product of the inputs under that tap with dy. */
function filterGradient(
  graph: Recorder,
  x: Value,
  dy: Value,
  filterShape: readonly number[],
  geometry: Geometry,
): Value {
  const [, , inChannels, outChannels] = filterShape;
  const rows = dy.shape[0] * dy.shape[1] * dy.shape[2];
  const errors = reshape(graph, dy, [rows, outChannels]);
  const taps = windows(graph, x, geometry).map((window) =>
    product(graph, reshape(graph, window, [rows, inChannels]), errors, true, false),
  );
  return reshape(graph, concat(graph, taps, 0), filterShape);
}

/** Kernels of dense convolutions. */
export const convolutionKernels: readonly TracedKernel[] = [
  kernel<Operands, Conv2DAttrs>("Conv2D", (operands, graph, attributes) =>
    forward(graph, operands, attributes),
  ),
  kernel<{ [Key in keyof FusedConv2DInputs]: Value }, FusedConv2DAttrs>(
    "FusedConv2D",
    (inputs, graph, attributes) => finishFused(graph, forward(graph, inputs, attributes), inputs, attributes),
  ),
  kernel<Record<keyof Conv2DBackpropInputInputs, Value>, Conv2DBackpropInputAttrs>(
    "Conv2DBackpropInput",
    ({ dy, filter }, graph, attributes) => {
      const geometry = geometryOf("Conv2DBackpropInput", attributes.inputShape, filter.shape, attributes);
      return transposeConvolve(
        graph,
        dy,
        filterChannelsFirst(graph, filter),
        attributes.inputShape,
        geometry,
      );
    },
  ),
  kernel<Record<keyof Conv2DBackpropFilterInputs, Value>, Conv2DBackpropFilterAttrs>(
    "Conv2DBackpropFilter",
    ({ x, dy }, graph, attributes) => {
      const geometry = geometryOf("Conv2DBackpropFilter", x.shape, attributes.filterShape, attributes);
      return filterGradient(graph, x, dy, attributes.filterShape, geometry);
    },
  ),
];
