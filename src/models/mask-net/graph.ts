// mask-net: a dilated-convolution denoiser that acts as a learned, level-aware Wiener filter. It gates short-time
// spectra of the noisy whitened waveform z at several resolutions, compares z and its own estimate with the known mel,
// and corrects the estimate band by band. Shapes: signals [batch, T], mels [batch, F, bands], T = F·hop.
//   M = Σ STFT⁻¹(mask·STFT(z)),  x̂ = √ᾱ·z + √(1−ᾱ)·M,  x̂₀ = x̂ + what R mel corrections add
// With output weights of zero it is the best Gaussian denoiser, x̂₀ = √ᾱ·z.
import * as tf from "@tensorflow/tfjs-core";
import type { MelFormat } from "../../mel/format.js";
import { convNextBlock, encodeMel, norm } from "../layers/conv-next-block.js";
import { affine, affineRows, levelEmbedding, permute } from "../layers/linear.js";
import type { ArchitectureGraph, DenoiserInputs, TrunkInputs } from "../architecture.js";
import { asNoise } from "../layers/prediction.js";
import type { MaskNetConfig } from "./shape.js";
import { createMdct, inverseMdct, mdct, type Mdct } from "../layers/mdct.js";
import { logMel, spreadOverBins } from "../layers/mel-consistency.js";
import { createMelAnalysis, type MelAnalysis } from "../../mel/bank.js";
import {
  applyGains,
  createShortTimeFourier,
  power,
  type ShortTimeFourier,
  signalOfSpectra,
  spectra,
  type Spectra,
} from "../layers/spectrum.js";
import { colour } from "../prior/graph.js";
import { type Weights, within } from "../weights.js";
import { HANN_POWER } from "../../mel/frames.js";

/** Added to the log powers, relative to unit noise: keeps silence finite. */
export const FEATURE_FLOOR = 0.01;
/** Largest mel residual, in nepers after the factor κ. */
export const RESIDUAL_LIMIT = 3;
/** Largest mel residual of a correction before the factor κ. */
export const CORRECTION_LIMIT = 1;
/** Added to √(1−ᾱ) in the factor κ. */
export const SHARPNESS_FLOOR = 0.05;

/** A mask-net's constants. */
export interface MaskNet {
  readonly config: MaskNetConfig;
  readonly bands: number;
  readonly hopLength: number;
  readonly transforms: readonly ShortTimeFourier[];
  /** The feature by frequency, as the weights know it, at each position of the features. */
  readonly featureOrder: Int32Array;
  readonly mdct: Mdct;
  readonly melAnalysis: MelAnalysis;
}

/** What the denoiser is given: all of it. */
export type MaskNetInputs = { readonly [Name in keyof DenoiserInputs]-?: tf.Tensor };

/** The constants of a mask-net for a mel format. */
export function createMaskNet(
  config: MaskNetConfig,
  format: MelFormat,
  magnitudeEpsilon = format.magnitudeEpsilon,
): MaskNet {
  const { bands, hopLength } = format;
  const transforms = config.windowLengths.map((length) => createShortTimeFourier(length));
  return {
    config,
    bands,
    hopLength,
    transforms,
    featureOrder: featureOrderOf(transforms, hopLength),
    mdct: createMdct(hopLength),
    melAnalysis: createMelAnalysis(format, transforms[0].order, magnitudeEpsilon),
  };
}

/** Features lie part by part of each transform, within a part sub-frame by sub-frame. */
function featureOrderOf(transforms: readonly ShortTimeFourier[], hopLength: number): Int32Array {
  const positions: number[] = [];
  let begun = 0;
  for (const { hop, bins, order, products } of transforms) {
    const subFrames = hopLength / hop;
    let first = 0;
    for (const part of products) {
      const inPart = order.subarray(first, first + part.bins);
      for (let sub = 0; sub < subFrames; sub++) {
        for (const bin of inPart) positions.push(begun + sub * bins + bin);
      }
      first += part.bins;
    }
    begun += subFrames * bins;
  }
  return Int32Array.from(positions);
}

/**
 * The estimate x̂₀ of the clean whitened waveform.
 *
 * @param weights the weights of `maskNetWeights`
 * @returns [batch, T]
 */
export function maskNetEstimate(net: MaskNet, weights: Weights, inputs: MaskNetInputs): tf.Tensor {
  const { z, mel, sigma } = inputs;
  const level = levelsOf(inputs.logSnr);
  const noisy = net.transforms.map((transform) => spectra(transform, z));
  const features = featuresOf(net, noisy);
  const residual = clip(
    tf.mul(melResidual(net, colour(net.mdct, z, sigma), mel), level.sharpness),
    RESIDUAL_LIMIT,
  );
  const given = {
    features: tf.concat([features, residual], 2),
    logSnr: inputs.logSnr,
    encoded: inputs.encoded,
  };
  const output = maskNetTrunk(net, weights, given, net.featureOrder);
  const { masks, gains } = masksOf(net, output, features, residual);
  const parts = noisy.map((values, r) => {
    const masked = values.map((part, index) => tf.mul(part, masks[r][index]));
    return signalOfSpectra(net.transforms[r], masked);
  });
  const estimate = tf.add(tf.mul(z, level.signal), tf.mul(tf.addN(parts), level.noise));
  return tf.add(estimate, corrections(net, gains, estimate, level, mel, sigma));
}

/** The predicted noise ε̂ = (z − √ᾱ·x̂₀)/√(1−ᾱ). [batch, T] */
export function maskNetNoise(net: MaskNet, weights: Weights, inputs: MaskNetInputs): tf.Tensor {
  const { z, logSnr } = inputs;
  return asNoise({ predicted: maskNetEstimate(net, weights, inputs), predicts: "x0", z, logSnr });
}

/** The log powers of z that the trunk sees: ½·ln(|Z|²/(0.375·N) + 0.01), in featureOrder. [batch, F, features] */
export function maskNetFeatures(net: MaskNet, z: tf.Tensor): tf.Tensor {
  return featuresOf(
    net,
    net.transforms.map((transform) => spectra(transform, z)),
  );
}

/** How far a signal's log-mel lies above the given one: ln-mel(y) − c, [batch, F, bands]. */
export function melResidual(net: MaskNet, signal: tf.Tensor, mel: tf.Tensor): tf.Tensor {
  return tf.sub(logMel(net.melAnalysis, spectra(net.transforms[0], signal)), mel);
}

/** Level-dependent factors, of each item. */
interface Levels {
  /** √ᾱ [batch, 1] */
  readonly signal: tf.Tensor;
  /** √(1−ᾱ) [batch, 1] */
  readonly noise: tf.Tensor;
  /** κ = √ᾱ/(√(1−ᾱ) + 0.05), how much a mel residual means [batch, 1, 1] */
  readonly sharpness: tf.Tensor;
}

function levelsOf(logSnr: tf.Tensor): Levels {
  const column = tf.reshape(logSnr, [-1, 1]);
  const signal = tf.sqrt(tf.sigmoid(column));
  const noise = tf.sqrt(tf.sigmoid(tf.neg(column)));
  return { signal, noise, sharpness: tf.reshape(tf.div(signal, tf.add(noise, SHARPNESS_FLOOR)), [-1, 1, 1]) };
}

function clip(x: tf.Tensor, limit: number): tf.Tensor {
  return tf.clipByValue(x, -limit, limit);
}

/** The log powers of all parts of all transforms, the sub-frames of a mel frame side by side: [batch, F, features]. */
function featuresOf(net: MaskNet, noisy: readonly Spectra[]): tf.Tensor {
  const parts = noisy.flatMap((values, r) => {
    const { length, hop } = net.transforms[r];
    const subFrames = net.hopLength / hop;
    return power(values).map((part) => {
      const [batch, frames, bins] = part.shape;
      const relative = tf.add(tf.mul(part, 1 / (HANN_POWER * length)), FEATURE_FLOOR);
      return tf.reshape(tf.log(relative), [batch, frames / subFrames, subFrames * bins]);
    });
  });
  return tf.mul(tf.concat(parts, 2), 0.5);
}

/**
 * The trunk: what the masks and gains are made of.
 *
 * @param order the feature by frequency at each position of the features; without it they lie by frequency
 * @returns [batch, F, outputs]: A and B in the features' order, then G and H of the mask and of each correction
 */
export function maskNetTrunk(
  net: MaskNet,
  weights: Weights,
  inputs: TrunkInputs,
  order?: Int32Array,
): tf.Tensor {
  const rows = maskNetTrunkRows(net, weights, inputs, order);
  return tf.reshape(rows, [...inputs.features.shape.slice(0, -1), rows.shape[1]!]);
}

/** The same as one row a frame, [batch·F, outputs], as the last product gives them. */
export function maskNetTrunkRows(
  net: MaskNet,
  weights: Weights,
  { features, logSnr, encoded }: TrunkInputs,
  order?: Int32Array,
): tf.Tensor {
  const level = levelEmbedding(within(weights, "level"), logSnr);
  const ends = order ? endsInOrder(net, weights, order) : endsByFrequency(weights);
  const start = tf.add(affine(features, ends.input, weights("input.bias")), encoded);
  const mixed = net.config.dilations.reduce(
    (x, dilation, block) => convNextBlock(within(weights, `blocks.${block}`), x, dilation, level),
    start,
  );
  return affineRows(norm(within(weights, "norm"), mixed), ends.output, ends.outputBias);
}

/** The first and last weights of the trunk. */
interface TrunkEnds {
  readonly input: tf.Tensor;
  readonly output: tf.Tensor;
  readonly outputBias: tf.Tensor;
}

function endsByFrequency(weights: Weights): TrunkEnds {
  return {
    input: weights("input.weight"),
    output: weights("output.weight"),
    outputBias: weights("output.bias"),
  };
}

/** Weights are kept by frequency; features lie as the transforms give them. */
function endsInOrder(net: MaskNet, weights: Weights, order: Int32Array): TrunkEnds {
  const count = order.length;
  const rowOrder = Int32Array.from({ length: count + net.bands }, (_, i) => (i < count ? order[i] : i));
  const columnOrder = Int32Array.from({ length: weights("output.bias").size }, (_, i) => {
    return i < 2 * count ? order[i % count] + (i < count ? 0 : count) : i;
  });
  return {
    input: permute(weights("input.weight"), rowOrder, 0),
    output: permute(weights("output.weight"), columnOrder, 1),
    outputBias: permute(weights("output.bias"), columnOrder, 0),
  };
}

/** A pair of the trunk's outputs for every band: a correction's gain is constant + slope·ρ. */
interface BandGains {
  /** [batch, F, bands] */
  readonly constant: tf.Tensor;
  /** [batch, F, bands] */
  readonly slope: tf.Tensor;
}

/** The trunk's outputs as a mask for each part of each transform, [batch, T/h, 1, bins], and the corrections' gains. */
function masksOf(
  net: MaskNet,
  output: tf.Tensor,
  features: tf.Tensor,
  residual: tf.Tensor,
): { masks: tf.Tensor[][]; gains: BandGains[] } {
  const { config, bands, hopLength, transforms } = net;
  const [batch, frames] = output.shape;
  const count = net.featureOrder.length;
  const pairs = 1 + config.corrections;
  const [constants, slopes, ...gainParts] = tf.split(
    output,
    [count, count, ...Array.from({ length: 2 * pairs }, () => bands)],
    2,
  );
  const [first, ...gains] = Array.from({ length: pairs }, (_, i) => ({
    constant: gainParts[2 * i],
    slope: gainParts[2 * i + 1],
  }));
  const sizes = transforms.flatMap(({ hop, products }) =>
    products.map(({ bins }) => (hopLength / hop) * bins),
  );
  const byFeatures = tf.split(tf.add(constants, tf.mul(slopes, features)), sizes, 2);
  const partCount = transforms[0].products.length;
  const byBands = tf.split(
    spreadOverBins(net.melAnalysis, gainOf(first, residual)),
    sizes.slice(0, partCount),
    2,
  );
  const masks = transforms.map(({ hop, products }, r) =>
    products.map(({ bins }, index) => {
      const mask = byFeatures[r * partCount + index];
      const whole = r === 0 ? tf.add(mask, byBands[index]) : mask;
      return tf.reshape(whole, [batch, (frames * hopLength) / hop, 1, bins]);
    }),
  );
  return { masks, gains };
}

function gainOf({ constant, slope }: BandGains, residual: tf.Tensor): tf.Tensor {
  return tf.add(constant, tf.mul(slope, residual));
}

/**
 * What R mel corrections add to the estimate: mel consistency with learned gains, in the coloured domain. Only the
 * difference goes back through 1/σ, since the round trip is not exact enough at high SNR. [batch, T]
 */
function corrections(
  net: MaskNet,
  gains: readonly BandGains[],
  estimate: tf.Tensor,
  level: Levels,
  mel: tf.Tensor,
  sigma: tf.Tensor,
): tf.Tensor {
  if (gains.length === 0) return tf.zerosLike(estimate);
  const transform = net.transforms[0];
  const start = colour(net.mdct, estimate, sigma);
  let added: tf.Tensor | undefined;
  for (const gain of gains) {
    const values = spectra(transform, added ? tf.add(start, added) : start);
    const distance = clip(tf.sub(logMel(net.melAnalysis, values), mel), CORRECTION_LIMIT);
    const residual = clip(tf.mul(distance, level.sharpness), RESIDUAL_LIMIT);
    const byBins = spreadOverBins(net.melAnalysis, gainOf(gain, residual));
    const change = signalOfSpectra(transform, applyGains(transform, values, byBins));
    const weighted = tf.mul(change, level.noise);
    added = added ? tf.add(added, weighted) : weighted;
  }
  return inverseMdct(net.mdct, tf.div(mdct(net.mdct, added!), sigma));
}

/** mask-net's functions, as the registry's object gives them out. */
export const maskNetGraph: ArchitectureGraph<MaskNetConfig> = {
  predicts: "x0",
  denoiser: (shape, mel) => {
    const net = createMaskNet(shape, mel);
    return (weights, { sigma, encoded, ...inputs }) => {
      if (!sigma || !encoded) throw new Error("A mask-net is given the prior's σ and its encoder's vectors.");
      return maskNetEstimate(net, weights, { ...inputs, sigma, encoded });
    };
  },
  encode: ({ encoder }, weights, mel) => encodeMel(encoder, within(weights, "encoder"), mel),
  trunk: (shape, mel) => {
    const net = createMaskNet(shape, mel);
    return (weights, inputs) => maskNetTrunkRows(net, weights, inputs);
  },
};
