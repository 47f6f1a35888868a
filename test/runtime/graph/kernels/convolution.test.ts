// Dense and depthwise convolutions with their gradients: padding, strides, dilation, one and two dimensions.
import * as tf from "@tensorflow/tfjs";
import { convolutionKernels } from "../../../../src/runtime/graph/kernels/convolution.js";
import { depthwiseKernels } from "../../../../src/runtime/graph/kernels/depthwise.js";
import { describeKernels, type KernelCase } from "./compare.js";

type Convolution = (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor;

const over = (convolution: Convolution) => (x: tf.Tensor, filter: tf.Tensor) =>
  convolution(x as tf.Tensor4D, filter as tf.Tensor4D);

const image = [2, 7, 8, 3];
const filter = [3, 2, 3, 4];
const same = over((x, w) => tf.conv2d(x, w, 1, "same"));
const strided = over((x, w) => tf.conv2d(x, w, [2, 3], "same"));
const valid = over((x, w) => tf.conv2d(x, w, 2, "valid"));

const dense: KernelCase[] = [
  { kernel: "Conv2D", fn: same, inputs: [image, filter] },
  { kernel: "Conv2DBackpropInput", fn: same, inputs: [image, filter] },
  { kernel: "Conv2DBackpropFilter", fn: same, inputs: [image, filter] },
  { kernel: "Conv2DBackpropInput", note: "strided", fn: strided, inputs: [image, filter] },
  { kernel: "Conv2DBackpropInput", note: "leaving a rest", fn: valid, inputs: [image, filter] },
  {
    kernel: "Conv2D",
    note: "dilated",
    fn: over((x, w) => tf.conv2d(x, w, 1, "same", "NHWC", [2, 3])),
    inputs: [image, filter],
    gradient: false,
  },
  {
    kernel: "Conv2D",
    note: "one dimension",
    fn: (x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 2, "same"),
    inputs: [
      [2, 9, 3],
      [3, 3, 4],
    ],
  },
  {
    kernel: "Conv2DBackpropInput",
    note: "as a transposed convolution",
    fn: over((x, w) => tf.conv2dTranspose(x, w, [2, 8, 10, 5], 2, "same")),
    inputs: [
      [2, 4, 5, 3],
      [3, 3, 5, 3],
    ],
  },
  {
    kernel: "FusedConv2D",
    fn: (x, w, bias) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: w as tf.Tensor4D,
        strides: 1,
        pad: "same",
        bias,
        activation: "relu",
      }),
    inputs: [image, filter, [4]],
    gradient: false,
  },
];

const depthwise = over((x, w) => tf.depthwiseConv2d(x, w, 1, "same"));

const channelwise: KernelCase[] = [
  { kernel: "DepthwiseConv2dNative", fn: depthwise, inputs: [image, [3, 2, 3, 2]] },
  { kernel: "DepthwiseConv2dNativeBackpropInput", fn: depthwise, inputs: [image, [3, 2, 3, 2]] },
  { kernel: "DepthwiseConv2dNativeBackpropFilter", fn: depthwise, inputs: [image, [3, 2, 3, 2]] },
  {
    kernel: "DepthwiseConv2dNative",
    note: "dilated",
    fn: over((x, w) => tf.depthwiseConv2d(x, w, 1, "same", "NHWC", [1, 2])),
    inputs: [image, [1, 3, 3, 1]],
    gradient: false,
  },
  {
    kernel: "DepthwiseConv2dNativeBackpropInput",
    note: "strided",
    fn: over((x, w) => tf.depthwiseConv2d(x, w, 2, "same")),
    inputs: [image, [3, 3, 3, 1]],
  },
  {
    kernel: "FusedDepthwiseConv2D",
    fn: (x, w, bias) =>
      tf.fused.depthwiseConv2d({
        x: x as tf.Tensor4D,
        filter: w as tf.Tensor4D,
        strides: 1,
        pad: "same",
        bias,
        activation: "sigmoid",
      }),
    inputs: [image, [3, 2, 3, 2], [6]],
    gradient: false,
  },
];

describeKernels("convolutions", convolutionKernels, dense);
describeKernels("depthwise convolutions", depthwiseKernels, channelwise);
