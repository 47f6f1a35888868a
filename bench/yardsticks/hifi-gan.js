// A generator of HiFi-GAN V1's shape (Kong, Kim & Bae 2020; 13.9 M weights) with random weights, as an ONNX model in the
// layout that PyTorch exports: what one pass of the most used vocoder costs in the same onnxruntime.
import { encodeModel } from "../../dist/engine/trace/onnx-model.js";

const BANDS = 80;
const CHANNELS = 512;
const RATES = [8, 8, 2, 2];
const UPSAMPLE_TAPS = [16, 16, 4, 4];
const BLOCK_TAPS = [3, 7, 11];
const DILATIONS = [1, 3, 5];

/** The model's bytes: "mel" [1, 80, frames] → "waveform" [1, 1, 256·frames]. */
export function hifiGanModel(frames) {
  const nodes = [];
  const constants = new Map();
  let count = 0;
  const node = (operator, inputs, attributes = {}) => {
    const output = `v${count++}`;
    nodes.push({ operator, inputs, outputs: [output], attributes, origin: operator });
    return output;
  };
  const random = (shape) => {
    const name = `w${count++}`;
    const size = shape.reduce((product, length) => product * length, 1);
    const bound = 1 / Math.sqrt(size / shape[0]);
    const values = Float32Array.from({ length: size }, () => (2 * Math.random() - 1) * bound);
    constants.set(name, { values, shape, type: "float32" });
    return name;
  };
  const leaky = (x) => node("LeakyRelu", [x], { alpha: { float: 0.1 } });
  const conv = (x, from, to, taps, dilation = 1) => {
    const reach = ((taps - 1) / 2) * dilation;
    return node("Conv", [x, random([to, from, taps]), random([to])], {
      kernel_shape: { ints: [taps] },
      dilations: { ints: [dilation] },
      pads: { ints: [reach, reach] },
    });
  };
  const block = (x, channels, taps) =>
    DILATIONS.reduce((y, dilation) => {
      const inner = conv(leaky(y), channels, channels, taps, dilation);
      return node("Add", [y, conv(leaky(inner), channels, channels, taps)]);
    }, x);

  let channels = CHANNELS;
  let x = conv("mel", BANDS, channels, 7);
  RATES.forEach((rate, stage) => {
    const taps = UPSAMPLE_TAPS[stage];
    const margin = (taps - rate) / 2;
    x = node("ConvTranspose", [leaky(x), random([channels, channels / 2, taps]), random([channels / 2])], {
      kernel_shape: { ints: [taps] },
      strides: { ints: [rate] },
      pads: { ints: [margin, margin] },
    });
    channels /= 2;
    const blocks = BLOCK_TAPS.map((each) => block(x, channels, each));
    const third = `c${count++}`;
    constants.set(third, { values: Float32Array.of(1 / BLOCK_TAPS.length), shape: [], type: "float32" });
    x = node("Mul", [node("Add", [node("Add", blocks.slice(0, 2)), blocks[2]]), third]);
  });
  const waveform = node("Tanh", [conv(leaky(x), channels, 1, 7)]);
  const weights = [...constants.values()].reduce((sum, { values }) => sum + values.length, 0);
  const samples = RATES.reduce((product, rate) => product * rate, frames);
  return {
    weights,
    model: encodeModel({
      inputs: [{ name: "mel", shape: [1, BANDS, frames], type: "float32" }],
      outputs: [{ name: waveform, shape: [1, 1, samples], type: "float32" }],
      nodes,
      values: new Map(),
      constants,
    }),
    output: waveform,
  };
}
