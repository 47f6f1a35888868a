// Dense convolutions over [batch, height, width, channels] and their gradients; tfjs's conv1d is one of height 1.
// ONNX wants channels first, so each is wrapped in transpositions, many of which onnxruntime cancels.
import {
  backend_util,
  type Conv2DAttrs,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropFilterInputs,
  type Conv2DBackpropInputAttrs,
  type Conv2DBackpropInputInputs,
  type DepthwiseConv2dNativeAttrs,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropFilterInputs,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type DepthwiseConv2dNativeBackpropInputInputs,
  type FusedConv2DAttrs,
  type FusedConv2DInputs,
  type FusedDepthwiseConv2DAttrs,
  type FusedDepthwiseConv2DInputs,
} from "@tensorflow/tfjs-core";
import { type Attribute, callerFrame, type Recorder, type Value } from "../recorder.js";
import { finishFused } from "./elementwise.js";
import {
  binary,
  concat,
  kernel,
  pad,
  reduce,
  reshape,
  slice,
  type TracedKernel,
  transpose,
} from "./nodes.js";
import { product } from "./matmul.js";
import { UnsupportedKernelError } from "../../../errors.js";

// The geometry of a convolution and the ONNX nodes of dense and depthwise ones alike. Data is [batch, height, width,
// channels] as in tfjs, filters are [out, in / groups, height, width] as in ONNX.

type Quad = [number, number, number, number];

/** Sizes of a convolution, each pair being [height, width]. */
interface Geometry {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly padBefore: readonly [number, number];
  readonly padAfter: readonly [number, number];
  readonly outputSize: readonly [number, number];
  readonly groups: number;
}

interface ConvolutionAttributes {
  readonly strides: [number, number] | number;
  readonly pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  readonly dilations?: [number, number] | number;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly dataFormat?: "NHWC" | "NCHW";
}

/** The geometry that tfjs's attributes mean; `depthwise` filters are [height, width, channels, multiplier]. */
function geometryOf(
  kernelName: string,
  inputShape: readonly number[],
  filterShape: readonly number[],
  attributes: ConvolutionAttributes,
  depthwise = false,
): Geometry {
  if (attributes.dataFormat === "NCHW") {
    throw new UnsupportedKernelError(kernelName, callerFrame(), " with data format NCHW");
  }
  const info = backend_util.computeConv2DInfo(
    [...inputShape] as Quad,
    [...filterShape] as Quad,
    attributes.strides,
    attributes.dilations ?? 1,
    attributes.pad,
    attributes.dimRoundingMode,
    depthwise,
  );
  const { top, left, bottom, right } = info.padInfo;
  return {
    kernel: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    padBefore: [top, left],
    padAfter: [bottom, right],
    outputSize: [info.outHeight, info.outWidth],
    groups: depthwise ? info.inChannels : 1,
  };
}

function attributesOf(geometry: Geometry): Record<string, Attribute> {
  return {
    kernel_shape: { ints: geometry.kernel },
    strides: { ints: geometry.strides },
    dilations: { ints: geometry.dilations },
    pads: { ints: [...geometry.padBefore, ...geometry.padAfter] },
    group: { int: geometry.groups },
  };
}

function channelsFirst(graph: Recorder, x: Value): Value {
  return transpose(graph, x, [0, 3, 1, 2]);
}

function channelsLast(graph: Recorder, x: Value): Value {
  return transpose(graph, x, [0, 2, 3, 1]);
}

/** A convolution; with a bias [outputs] where one is given. */
function convolve(graph: Recorder, x: Value, filter: Value, geometry: Geometry, bias?: Value): Value {
  const shape = [x.shape[0], filter.shape[0], ...geometry.outputSize];
  const operands = [channelsFirst(graph, x), filter, ...(bias ? [bias] : [])];
  return channelsLast(graph, graph.emit("Conv", operands, shape, attributesOf(geometry)));
}

/** The adjoint of `convolve`: from its output's shape back to `inputShape`. */
function transposeConvolve(
  graph: Recorder,
  dy: Value,
  filter: Value,
  inputShape: readonly number[],
  geometry: Geometry,
): Value {
  // what the strides left over at the end of the input
  const leftOver = [0, 1].map((axis) => {
    const reach = (geometry.kernel[axis] - 1) * geometry.dilations[axis] + 1;
    const padding = geometry.padBefore[axis] + geometry.padAfter[axis];
    const covered = (geometry.outputSize[axis] - 1) * geometry.strides[axis] + reach - padding;
    return inputShape[axis + 1] - covered;
  });
  const shape = [inputShape[0], inputShape[3], inputShape[1], inputShape[2]];
  const attributes = { ...attributesOf(geometry), output_padding: { ints: leftOver } };
  return channelsLast(
    graph,
    graph.emit("ConvTranspose", [channelsFirst(graph, dy), filter], shape, attributes),
  );
}

/** What lies under each tap of the kernel, row by row: values of [batch, output height, output width, channels]. */
function windows(graph: Recorder, x: Value, geometry: Geometry): Value[] {
  const [batch, , , channels] = x.shape;
  const [padTop, padLeft] = geometry.padBefore;
  const [padBottom, padRight] = geometry.padAfter;
  const padded = pad(graph, x, [0, padTop, padLeft, 0], [0, padBottom, padRight, 0]);
  const size = [batch, ...geometry.outputSize, channels];
  const parts: Value[] = [];
  for (let row = 0; row < geometry.kernel[0]; row++) {
    for (let column = 0; column < geometry.kernel[1]; column++) {
      const begin = [0, row * geometry.dilations[0], column * geometry.dilations[1], 0];
      parts.push(slice(graph, padded, begin, size, [1, ...geometry.strides, 1]));
    }
  }
  return parts;
}

// Depthwise convolutions over [batch, height, width, channels] and their gradients; filters are [height, width,
// channels, multiplier]. The models' own, along frames, is one of height 1: so onnxruntime computes it in blocks of
// channels, and brings them in order and back without a transposition.

interface DepthwiseOperands {
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
function depthwiseFilter(graph: Recorder, filter: Value): Value {
  const [height, width, channels, multiplier] = filter.shape;
  return reshape(graph, transpose(graph, filter, [2, 3, 0, 1]), [channels * multiplier, 1, height, width]);
}

function depthwiseForward(
  graph: Recorder,
  { x, filter }: DepthwiseOperands,
  attributes: Pick<DepthwiseConv2dNativeAttrs, "strides" | "pad" | "dilations">,
  bias?: Value,
): Value {
  const geometry = geometryOf("DepthwiseConv2dNative", x.shape, filter.shape, attributes, true);
  return convolve(graph, x, depthwiseFilter(graph, filter), geometry, bias);
}

function alongFrames(graph: Recorder, { x, weight, bias }: AlongFrames, dilation: number): Value {
  const [batch, frames, channels] = x.shape;
  const image = reshape(graph, x, [batch, 1, frames, channels]);
  const filter = reshape(graph, weight, [1, weight.shape[0], channels, 1]);
  const attributes = { strides: 1, pad: "same" as const, dilations: [1, dilation] as [number, number] };
  return reshape(graph, depthwiseForward(graph, { x: image, filter }, attributes, bias), x.shape);
}

/** Kernels of depthwise convolutions. */
export const depthwiseKernels: readonly TracedKernel[] = [
  kernel<DepthwiseOperands, DepthwiseConv2dNativeAttrs>(
    "DepthwiseConv2dNative",
    (operands, graph, attributes) => depthwiseForward(graph, operands, attributes),
  ),
  kernel<AlongFrames, { dilation: number }>("DepthwiseConvolution", (inputs, graph, { dilation }) =>
    alongFrames(graph, inputs, dilation),
  ),
  kernel<{ [Key in keyof FusedDepthwiseConv2DInputs]: Value }, FusedDepthwiseConv2DAttrs>(
    "FusedDepthwiseConv2D",
    (inputs, graph, attributes) =>
      finishFused(graph, depthwiseForward(graph, inputs, attributes), inputs, attributes),
  ),
  kernel<
    Record<keyof DepthwiseConv2dNativeBackpropInputInputs, Value>,
    DepthwiseConv2dNativeBackpropInputAttrs
  >("DepthwiseConv2dNativeBackpropInput", ({ dy, filter }, graph, attributes) => {
    const { inputShape } = attributes;
    const name = "DepthwiseConv2dNativeBackpropInput";
    const geometry = geometryOf(name, inputShape, filter.shape, attributes, true);
    return transposeConvolve(graph, dy, depthwiseFilter(graph, filter), inputShape, geometry);
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

/** The models' convolution over the columns of a grid, which is laid out as ONNX has it. */
interface OverColumns {
  /** [batch, channels, 1, columns] */
  readonly x: Value;
  /** [outputs, channels/groups, 1, taps] */
  readonly weight: Value;
}

interface ColumnAttributes {
  readonly groups: number;
  readonly before: number;
  readonly after: number;
}

/** Kernels of convolutions over a grid's columns. */
export const columnKernels: readonly TracedKernel[] = [
  kernel<OverColumns, ColumnAttributes>(
    "ColumnConvolution",
    ({ x, weight }, graph, { groups, before, after }) => {
      const [batch, , , columns] = x.shape;
      const [outputs, , , taps] = weight.shape;
      const shape = [batch, outputs, 1, columns + before + after - taps + 1];
      return graph.emit("Conv", [x, weight], shape, {
        kernel_shape: { ints: [1, taps] },
        pads: { ints: [0, before, 0, after] },
        group: { int: groups },
      });
    },
  ),
];
