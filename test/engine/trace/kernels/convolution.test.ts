// Dense and depthwise convolutions with their gradients: padding, strides, dilation, one and two dimensions.
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { depthwiseConvolution } from "../../../../src/models/layers/convolution.js";
import { EagerEngine } from "../../../../src/engine/eager.js";
import { graphEngine } from "../../../../src/host/node/sessions.js";
import { convolutionKernels, depthwiseKernels } from "../../../../src/engine/trace/kernels/convolution.js";
import { frames, type TensorFunction } from "../../../../src/engine/engine.js";
import { randomValue, relativeDifference } from "../../values.js";
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

const alongFrames =
  (dilation: number) =>
  (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor =>
    depthwiseConvolution((name) => (name === "weight" ? weight : bias), x, dilation);

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

// onnxruntime computes multiples of 8 channels in blocks, and others one by one
for (const [dilation, [batch, rows, channels]] of [
  [1, [2, 12, 16]],
  [2, [1, 9, 3]],
  [4, [2, 40, 8]],
  [4, [1, 2, 8]],
] as const) {
  channelwise.push({
    kernel: "DepthwiseConvolution",
    note: `dilated by ${dilation} over ${rows} frames of ${channels} channels`,
    fn: alongFrames(dilation),
    inputs: [[batch, rows, channels], [7, channels], [channels]],
  });
}

describeKernels("convolutions", convolutionKernels, dense);
describeKernels("depthwise convolutions", depthwiseKernels, channelwise);

it("one graph of the depthwise convolution serves every frame count", async () => {
  await tf.setBackend("cpu");
  const weights = { weight: randomValue(1, [7, 24]), bias: randomValue(2, [24]) };
  const signature = { inputs: { x: { shape: [1, frames(), 24] } }, weights };
  const fn: TensorFunction = ({ x }, { weight, bias }) => ({ y: alongFrames(2)(x, weight, bias) });
  const graph = await graphEngine({ device: "cpu", threads: 1, cacheFolder: undefined }).compile(
    fn,
    signature,
  );
  const reference = await new EagerEngine("javascript", "cpu", "cpu").compile(fn, signature);
  for (const count of [1, 2, 6, 7, 64, 601]) {
    const inputs = { x: randomValue(count, [1, count, 24]) };
    const [{ y }, expected] = [await graph.run(inputs), await reference.run(inputs)];
    expect(y.shape).toEqual([1, count, 24]);
    expect(relativeDifference(y, expected["y"]), `${count} frames`).toBeLessThan(1e-6);
  }
  await graph.dispose();
});
