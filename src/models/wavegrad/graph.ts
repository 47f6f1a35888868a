// WaveGrad (Chen et al. 2020, Base): a U-shaped denoiser of the waveform. The mel is brought up to the waveform's rate
// in blocks; at each rate the noisy waveform, brought down to it, and the noise level scale and shift what passes (FiLM).
// Shapes: waveforms [batch, T], mels [batch, F, bands], T = F·hop; inside [batch, time, channels].
import * as tf from "@tensorflow/tfjs-core";
import type { ArchitectureGraph, DenoiserInputs } from "../architecture.js";
import { MEL_CENTRE, MEL_SPREAD } from "../layers/shapes.js";
import { convolution, stridedConvolution } from "../layers/convolution.js";
import { downsamplingFactors, type UpsamplingBlockConfig, type WaveGradConfig } from "./shape.js";
import { type Weights, within } from "../weights.js";

// A higher rate by repetition: each frame `factor` times (nearest neighbour). [batch, frames, channels] →
// [batch, frames·factor, channels]

/** Every frame `factor` times in a row. */
export function repeatFrames(x: tf.Tensor, factor: number): tf.Tensor {
  const [batch, frames, channels] = x.shape;
  // tfjs's gradient of a tile adds up slice after slice; here it is one sum
  const run = tf.customGrad((values) => ({
    value: tf.reshape(tf.tile(tf.expandDims(values as tf.Tensor, 2), [1, 1, factor, 1]), [
      batch,
      frames * factor,
      channels,
    ]),
    gradFunc: (dy: tf.Tensor) => tf.sum(tf.reshape(dy, [batch, frames, factor, channels]), 2),
  }));
  return run(x);
}

/** Slope of the LeakyReLU below zero. */
const SLOPE = 0.2;
/** What √ᾱ is multiplied with before its encoding, as if it were a step number (section 3.1). */
const LEVEL_SCALE = 5000;
/** Ratio of the encoding's shortest wavelength to its longest (Vaswani et al. 2017). */
const WAVELENGTHS = 10000;

/** A scale and a shift of every channel at every moment. */
interface Modulation {
  /** [batch, time, channels] */
  readonly scale: tf.Tensor;
  /** [batch, time, channels] */
  readonly shift: tf.Tensor;
}

/**
 * The predicted noise ε̂.
 *
 * @param weights the weights of `waveGradWeights`
 * @returns [batch, T]
 */
export function waveGradNoise(config: WaveGradConfig, weights: Weights, inputs: DenoiserInputs): tf.Tensor {
  const { z, logSnr, mel } = inputs;
  const modulations = modulationsOf(config, weights, z, tf.sqrt(tf.sigmoid(logSnr)));
  const scaled = tf.div(tf.sub(mel, MEL_CENTRE), MEL_SPREAD);
  const top = config.upsampling.reduce(
    (x, block, index) => upsamplingBlock(within(weights, `up.${index}`), x, block, modulations[index]),
    convolution(within(weights, "mel"), scaled),
  );
  return tf.squeeze(convolution(within(weights, "output"), top), [2]);
}

/** A modulation for each upsampling block, in their order. */
function modulationsOf(
  config: WaveGradConfig,
  weights: Weights,
  z: tf.Tensor,
  signal: tf.Tensor,
): Modulation[] {
  let x = convolution(within(weights, "wave"), tf.expandDims(z, 2));
  const modulations = [film(within(weights, "film.0"), x, signal)];
  downsamplingFactors(config).forEach((factor, index) => {
    x = downsamplingBlock(within(weights, `down.${index}`), x, factor, config.downsamplingDilations);
    modulations.push(film(within(weights, `film.${index + 1}`), x, signal));
  });
  return modulations.reverse();
}

function leaky(x: tf.Tensor): tf.Tensor {
  return tf.leakyRelu(x, SLOPE);
}

/**
 * [batch, time, inputs] → [batch, time·factor, channels]: two residual halves of two convolutions each. The one-tap
 * convolution of the first residual path stands before the repetition, which commutes with it and saves its work.
 */
function upsamplingBlock(
  weights: Weights,
  x: tf.Tensor,
  { factor, dilations }: UpsamplingBlockConfig,
  { scale, shift }: Modulation,
): tf.Tensor {
  const convolve = (index: number, input: tf.Tensor): tf.Tensor =>
    convolution(within(weights, `convolutions.${index}`), input, dilations[index]);
  const modulated = (input: tf.Tensor): tf.Tensor => leaky(tf.add(tf.mul(input, scale), shift));
  const residual = repeatFrames(convolution(within(weights, "residual"), x), factor);
  const raised = convolve(0, repeatFrames(leaky(x), factor));
  const half = tf.add(residual, convolve(1, modulated(raised)));
  return tf.add(half, convolve(3, modulated(convolve(2, modulated(half)))));
}

/**
 * [batch, time, inputs] → [batch, time/factor, channels]. Both paths go down by a strided convolution, the main one by
 * the first of its dilated ones.
 */
function downsamplingBlock(
  weights: Weights,
  x: tf.Tensor,
  factor: number,
  dilations: readonly number[],
): tf.Tensor {
  const residual = stridedConvolution(within(weights, "residual"), x, factor);
  const main = dilations.reduce((values, dilation, index) => {
    const part = within(weights, `convolutions.${index}`);
    const active = leaky(values);
    return index === 0 ? stridedConvolution(part, active, factor) : convolution(part, active, dilation);
  }, x);
  return tf.add(main, residual);
}

/** [batch, time, inputs] and √ᾱ [batch] → scale and shift, each [batch, time, channels]. */
function film(weights: Weights, x: tf.Tensor, signal: tf.Tensor): Modulation {
  const hidden = leaky(convolution(within(weights, "input"), x));
  const located = tf.add(hidden, levelEncoding(signal, x.shape[2]!));
  const [scale, shift] = tf.split(convolution(within(weights, "output"), located), 2, 2);
  return { scale, shift };
}

/** Sines, then cosines, of 5000·√ᾱ at wavelengths from 2π up to almost 20000π: [batch] → [batch, 1, channels]. */
function levelEncoding(signal: tf.Tensor, channels: number): tf.Tensor {
  const count = channels / 2;
  const frequencies = Float32Array.from(
    { length: count },
    (_, i) => LEVEL_SCALE * WAVELENGTHS ** (-i / count),
  );
  const phases = tf.mul(tf.reshape(signal, [-1, 1, 1]), tf.tensor3d(frequencies, [1, 1, count]));
  return tf.concat([tf.sin(phases), tf.cos(phases)], 2);
}

/** WaveGrad's function, as the registry's object gives it out. */
export const waveGradGraph: ArchitectureGraph<WaveGradConfig> = {
  predicts: "epsilon",
  denoiser: (shape) => (weights, inputs) => waveGradNoise(shape, weights, inputs),
};
