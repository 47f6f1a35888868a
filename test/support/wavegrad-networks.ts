// WaveGrads of few channels with random weights, for tests of the network and of what is made of it.
import * as tf from "@tensorflow/tfjs";
import { type WaveGradConfig, waveGradBase22k, waveGradWeights } from "../../src/models/wavegrad/shape.js";
import { type Weights, weightsOf } from "../../src/models/weights.js";
import type { TensorValue } from "../../src/engine/engine.js";
import { randomValue } from "../engine/values.js";

/** Of the mels that the networks below take. */
export const BANDS = 5;

/** All of the network's kinds of blocks, few channels. */
export const small: WaveGradConfig = {
  melChannels: 6,
  waveChannels: 4,
  upsampling: [
    { factor: 3, channels: 6, dilations: [1, 2, 4, 8] },
    { factor: 4, channels: 4, dilations: [1, 2, 4, 8] },
    { factor: 2, channels: 2, dilations: [1, 2, 1, 2] },
  ],
  downsamplingChannels: [4, 6],
  downsamplingDilations: [1, 2, 4],
};

/** Base with a 32nd of the channels. */
export const narrow: WaveGradConfig = {
  ...waveGradBase22k,
  melChannels: 24,
  waveChannels: 4,
  upsampling: waveGradBase22k.upsampling.map((block) => ({ ...block, channels: block.channels / 32 })),
  downsamplingChannels: waveGradBase22k.downsamplingChannels.map((channels) => channels / 32),
};

/** Random weights, as large as keeps activations of the size of their inputs, those of the output too. */
export function randomWeights(config: WaveGradConfig, bands = BANDS): Record<string, TensorValue> {
  return Object.fromEntries(
    waveGradWeights(config, bands).map(({ name, shape }, index) => {
      const { data } = randomValue(100 + index, shape);
      const inputs = shape.length === 3 ? shape[0] * shape[1] : 4;
      return [name, { data: (data as Float32Array).map((value) => value * Math.sqrt(3 / inputs)), shape }];
    }),
  );
}

/** The same as tensors of the present backend. */
export function weightsFor(config: WaveGradConfig): Weights {
  const entries = Object.entries(randomWeights(config));
  return weightsOf(Object.fromEntries(entries.map(([name, value]) => [name, tensorOf(value)])));
}

/** A tensor of random values. */
export function random(seed: number, shape: readonly number[]): tf.Tensor {
  return tensorOf(randomValue(seed, shape));
}

function tensorOf({ data, shape }: TensorValue): tf.Tensor {
  return tf.tensor(data, [...shape]);
}
