// The geometry of a convolution and the ONNX nodes of dense and depthwise ones alike. Data is [batch, height, width,
// channels] as in tfjs, filters are [out, in / groups, height, width] as in ONNX.
import { backend_util } from "@tensorflow/tfjs-core";
import { UnsupportedKernelError } from "../../errors.js";
import { callerFrame } from "../caller.js";
import type { Attribute, Recorder, Value } from "../recorder.js";
import { pad, slice, transpose } from "./nodes.js";

type Quad = [number, number, number, number];

/** Sizes of a convolution, each pair being [height, width]. */
export interface Geometry {
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
export function geometryOf(
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
export function convolve(graph: Recorder, x: Value, filter: Value, geometry: Geometry, bias?: Value): Value {
  const shape = [x.shape[0], filter.shape[0], ...geometry.outputSize];
  const operands = [channelsFirst(graph, x), filter, ...(bias ? [bias] : [])];
  return channelsLast(graph, graph.emit("Conv", operands, shape, attributesOf(geometry)));
}

/** The adjoint of `convolve`: from its output's shape back to `inputShape`. */
export function transposeConvolve(
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
export function windows(graph: Recorder, x: Value, geometry: Geometry): Value[] {
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
