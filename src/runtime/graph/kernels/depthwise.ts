// Depthwise convolutions over [batch, height, width, channels] and their gradients; filters are [height, width,
// channels, multiplier]. The models' own, along frames, is one of height 1: so onnxruntime computes it in blocks of
// channels, and brings them in order and back without a transposition.
import type {
  DepthwiseConv2dNativeAttrs,
  DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropFilterInputs,
  DepthwiseConv2dNativeBackpropInputAttrs,
  DepthwiseConv2dNativeBackpropInputInputs,
  FusedDepthwiseConv2DAttrs,
  FusedDepthwiseConv2DInputs,
} from "@tensorflow/tfjs-core";
import type { Recorder, Value } from "../recorder.js";
import { finishFused } from "./activation.js";
import { convolve, geometryOf, transposeConvolve, windows } from "./convolution-nodes.js";
import { kernel, type TracedKernel } from "./kernel.js";
import { binary, concat, reduce, reshape, transpose } from "./nodes.js";

interface Operands {
  readonly x: Value;
  readonly filter: Value;
}

/** The models' kernel, which they register with the other tfjs backends as a composition of tfjs ops. */
interface AlongFrames {
  /** [batch, frames, channels] */
  readonly x: Value;
  /** [taps, channels] */
  readonly weight: Value;
  /** [channels] */
  readonly bias: Value;
}

/** tfjs's filter as ONNX's [channels·multiplier, 1, height, width]. */
function filterChannelsFirst(graph: Recorder, filter: Value): Value {
  const [height, width, channels, multiplier] = filter.shape;
  return reshape(graph, transpose(graph, filter, [2, 3, 0, 1]), [channels * multiplier, 1, height, width]);
}

function forward(
  graph: Recorder,
  { x, filter }: Operands,
  attributes: Pick<DepthwiseConv2dNativeAttrs, "strides" | "pad" | "dilations">,
  bias?: Value,
): Value {
  const geometry = geometryOf("DepthwiseConv2dNative", x.shape, filter.shape, attributes, true);
  return convolve(graph, x, filterChannelsFirst(graph, filter), geometry, bias);
}

function alongFrames(graph: Recorder, { x, weight, bias }: AlongFrames, dilation: number): Value {
  const [batch, frames, channels] = x.shape;
  const image = reshape(graph, x, [batch, 1, frames, channels]);
  const filter = reshape(graph, weight, [1, weight.shape[0], channels, 1]);
  const attributes = { strides: 1, pad: "same" as const, dilations: [1, dilation] as [number, number] };
  return reshape(graph, forward(graph, { x: image, filter }, attributes, bias), x.shape);
}

/** Kernels of depthwise convolutions. */
export const depthwiseKernels: readonly TracedKernel[] = [
  kernel<Operands, DepthwiseConv2dNativeAttrs>("DepthwiseConv2dNative", (operands, graph, attributes) =>
    forward(graph, operands, attributes),
  ),
  kernel<AlongFrames, { dilation: number }>("DepthwiseConvolution", (inputs, graph, { dilation }) =>
    alongFrames(graph, inputs, dilation),
  ),
  kernel<{ [Key in keyof FusedDepthwiseConv2DInputs]: Value }, FusedDepthwiseConv2DAttrs>(
    "FusedDepthwiseConv2D",
    (inputs, graph, attributes) => finishFused(graph, forward(graph, inputs, attributes), inputs, attributes),
  ),
  kernel<
    Record<keyof DepthwiseConv2dNativeBackpropInputInputs, Value>,
    DepthwiseConv2dNativeBackpropInputAttrs
  >("DepthwiseConv2dNativeBackpropInput", ({ dy, filter }, graph, attributes) => {
    const { inputShape } = attributes;
    const name = "DepthwiseConv2dNativeBackpropInput";
    const geometry = geometryOf(name, inputShape, filter.shape, attributes, true);
    return transposeConvolve(graph, dy, filterChannelsFirst(graph, filter), inputShape, geometry);
  }),
  kernel<
    Record<keyof DepthwiseConv2dNativeBackpropFilterInputs, Value>,
    DepthwiseConv2dNativeBackpropFilterAttrs
  >("DepthwiseConv2dNativeBackpropFilter", ({ x, dy }, graph, attributes) => {
    const { filterShape } = attributes;
    const name = "DepthwiseConv2dNativeBackpropFilter";
    const geometry = geometryOf(name, x.shape, filterShape, attributes, true);
    const [, , channels, multiplier] = filterShape;
    const outputs = [dy.shape[0], ...geometry.outputSize];
    const errors = reshape(graph, dy, [...outputs, channels, multiplier]);
    const taps = windows(graph, x, geometry).map((window) => {
      const products = binary(graph, "Mul", reshape(graph, window, [...outputs, channels, 1]), errors);
      return reduce(graph, "ReduceSum", products, [0, 1, 2], false);
    });
    return reshape(graph, concat(graph, taps, 0), filterShape);
  }),
];
