// mask-net's estimate in few large operations, for exported graphs: the network of graph.ts, one item at one level that is
// known when the graph is made, signals as grids (../layers/hop-grid.ts). Spectra of all resolutions move by one mel
// frame, so features and masks are one tensor each, frames last. Weights are put in the order of these spectra, and the
// level's part of the network is computed, when the graph is made.
// Shapes: signals [1, h, 1, F+1], mels [1, bands, F], σ [1, h, 1, F], encoded [1, F, channels].
import * as tf from "@tensorflow/tfjs-core";
import type { MelFormat } from "../../mel/format.js";
import { createMelAnalysis } from "../../mel/bank.js";
import { HANN_POWER, OVERLAP_SUM, RADIX } from "../../mel/frames.js";
import { convNextBlockAt, norm } from "../layers/conv-next-block.js";
import {
  type ColumnFilter,
  convolveColumns,
  createGridMdct,
  createGridTransform,
  gridBins,
  gridMdct,
  type GridMdct,
  gridOfSpectra,
  gridSpectra,
  type GridTransform,
  insideGrid,
  inverseGridMdct,
  powerOfParts,
  rowPlaces,
} from "../layers/hop-grid.js";
import { affineRows, levelVector } from "../layers/linear.js";
import { createGridMel, gridLogMel, type GridMel, spreadOverGrid } from "../layers/mel-consistency.js";
import type { GridForm, GridInputs } from "../architecture.js";
import { within, type Weights, weightsOf, type WeightValue } from "../weights.js";
import { CORRECTION_LIMIT, FEATURE_FLOOR, RESIDUAL_LIMIT, SHARPNESS_FLOOR } from "./graph.js";
import type { MaskNetConfig } from "./shape.js";

/** More parts than this are split in two steps: graphics processors take few results an operation. */
const MOST_PARTS = 4;

/** A mask-net's constants for grids. */
export interface GridMaskNet {
  readonly config: MaskNetConfig;
  readonly bands: number;
  readonly transform: GridTransform;
  readonly mdct: GridMdct;
  readonly mel: GridMel;
  /** The transforms of shorter windows, all of them together. */
  readonly shorter: ShorterTransforms | undefined;
  /** The feature by frequency, as the weights know it, at each position of the features; −1 where nothing is. */
  readonly features: Int32Array;
}

/** Transforms that move by parts of a hop; the power of noise in their spectra is that in the longest one's. */
interface ShorterTransforms {
  /** Bins of all of them and of all sub-frames of a mel frame. */
  readonly bins: number;
  /** Real parts, then imaginary ones: [2·bins, h, 1, taps]. */
  readonly analysis: ColumnFilter;
  readonly synthesis: ColumnFilter;
}

/** The constants of a mask-net for a mel format. */
export function createGridMaskNet(
  config: MaskNetConfig,
  format: MelFormat,
  magnitudeEpsilon = format.magnitudeEpsilon,
): GridMaskNet {
  const { bands, hopLength, fftSize } = format;
  const transform = createGridTransform(hopLength);
  const byFrequency = Int32Array.from({ length: fftSize / 2 + 1 }, (_, bin) => bin);
  const [, ...lengths] = config.windowLengths;
  const shorter = lengths.length > 0 ? shorterTransforms(lengths, hopLength) : undefined;
  const rest = Int32Array.from({ length: shorter?.bins ?? 0 }, (_, i) => byFrequency.length + i);
  return {
    config,
    bands,
    transform,
    mdct: createGridMdct(hopLength),
    mel: createGridMel(createMelAnalysis(format, byFrequency, magnitudeEpsilon), transform),
    shorter,
    features: Int32Array.of(...gridBins(transform), ...rest),
  };
}

/** Sub-frame u of a mel frame begins u·N/4 − 1.5·N/4 samples after the frame's own hop of the signal. */
function shorterTransforms(lengths: readonly number[], hop: number): ShorterTransforms {
  const columns = lengths.flatMap((length) => {
    const step = length / RADIX;
    return Array.from({ length: hop / step }, (_, sub) => {
      const begin = (sub - 1.5) * step + hop / 2;
      return Array.from({ length: length / 2 + 1 }, (_, bin) => ({ length, begin, bin }));
    }).flat();
  });
  const firstTap = Math.floor(Math.min(...columns.map(({ begin }) => begin)) / hop);
  const end = Math.max(...columns.map(({ begin, length }) => begin + length));
  const taps = Math.ceil(end / hop) - firstTap;
  const bins = columns.length;
  const analysis = new Float32Array(2 * bins * hop * taps);
  const synthesis = new Float32Array(hop * 2 * bins * taps);
  const rows = new Int32Array(hop);
  rowPlaces(hop).forEach((place, row) => (rows[place] = row));
  columns.forEach(({ length, begin, bin }, column) => {
    const even = Math.sqrt((RADIX * hop) / length);
    const back = (bin === 0 || bin === length / 2 ? 1 : 2) / (length * OVERLAP_SUM * even);
    for (let n = 0; n < length; n++) {
      const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length);
      const angle = (2 * Math.PI * ((n * bin) % length)) / length;
      const place = begin + n - firstTap * hop;
      const [tap, row] = [Math.floor(place / hop), rows[place % hop]];
      for (const [part, wave] of [Math.cos(angle), -Math.sin(angle)].entries()) {
        const channel = part * bins + column;
        analysis[(channel * hop + row) * taps + tap] = even * window * wave;
        synthesis[(row * 2 * bins + channel) * taps + taps - 1 - tap] = back * window * wave;
      }
    }
  });
  const before = -firstTap;
  const shared = { taps, groups: 1 };
  return {
    bins,
    analysis: {
      ...shared,
      weight: analysis,
      outputs: 2 * bins,
      inputs: hop,
      before,
      after: taps - 2 - before,
    },
    synthesis: {
      ...shared,
      weight: synthesis,
      outputs: hop,
      inputs: 2 * bins,
      before: taps - 1 - before,
      after: 1 + before,
    },
  };
}

/**
 * A network's weights for grids, by the same names: rows of the input and columns of the output in the order of the
 * features, and halves where features are twice as large.
 */
export function gridWeights(
  { bands, features }: GridMaskNet,
  weights: Readonly<Record<string, WeightValue>>,
): Record<string, WeightValue> {
  const channels = weights["input.bias"].data.length;
  const count = features.reduce((most, feature) => Math.max(most, feature + 1), 0);
  const input = rowsOf(weights["input.weight"].data, channels, [
    ...Array.from(features, (row) => ({ row, factor: 0.5 })),
    ...Array.from({ length: bands }, (_, band) => ({ row: count + band, factor: 1 })),
  ]);
  const { data, shape } = weights["output.weight"];
  const outputs = shape[1];
  const turn = (matrix: Float32Array, rows: number, columns: number): Float32Array =>
    matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
  const turned = turn(data, channels, outputs);
  const pairs = (outputs - 2 * count) / (2 * bands);
  // each pair is a constant and a slope; here all constants come first
  const paired = (offset: number): Pick[] =>
    Array.from({ length: pairs * bands }, (_, i) => {
      const pair = Math.floor(i / bands);
      return { row: 2 * count + (2 * pair + offset) * bands + (i % bands), factor: 1 };
    });
  const order = [
    ...Array.from(features, (row) => ({ row, factor: 1 })),
    ...Array.from(features, (row) => ({ row: row < 0 ? row : count + row, factor: 0.5 })),
    ...paired(0),
    ...paired(1),
  ];
  return {
    ...weights,
    "input.weight": { data: input, shape: [features.length + bands, channels] },
    "output.weight": {
      data: turn(rowsOf(turned, channels, order), order.length, channels),
      shape: [channels, order.length],
    },
    "output.bias": { data: rowsOf(weights["output.bias"].data, 1, order), shape: [order.length] },
  };
}

/** A row of a matrix, and what it is multiplied by; row −1 is zero. */
interface Pick {
  readonly row: number;
  readonly factor: number;
}

function rowsOf(matrix: Float32Array, width: number, picks: readonly Pick[]): Float32Array {
  const result = new Float32Array(picks.length * width);
  picks.forEach(({ row, factor }, place) => {
    if (row < 0) return;
    for (let i = 0; i < width; i++) result[place * width + i] = factor * matrix[row * width + i];
  });
  return result;
}

/** The network for graphs into which a sampler is unrolled. */
export const maskNetGrid: GridForm<MaskNetConfig> = {
  open: (config, format, weights) => {
    const net = createGridMaskNet(config, format);
    const values = gridWeights(net, weights);
    return {
      weights: values,
      estimate: (held, inputs, logSnr) => gridEstimate(net, values, weightsOf(held), inputs, logSnr),
    };
  },
};

/** Factors of a level. */
interface Level {
  readonly logSnr: number;
  /** √ᾱ */
  readonly signal: number;
  /** √(1−ᾱ) */
  readonly noise: number;
  /** κ */
  readonly sharpness: number;
}

function levelOf(logSnr: number): Level {
  const root = (x: number): number => Math.sqrt(1 / (1 + Math.exp(-x)));
  const [signal, noise] = [root(logSnr), root(-logSnr)];
  return { logSnr, signal, noise, sharpness: signal / (noise + SHARPNESS_FLOOR) };
}

/**
 * The estimate x̂₀ of the clean whitened waveform, as a grid.
 *
 * @param values what gridWeights gives: the level's part is computed from it
 * @param weights the same as tensors
 */
export function gridEstimate(
  net: GridMaskNet,
  values: Readonly<Record<string, WeightValue>>,
  weights: Weights,
  inputs: GridInputs,
  logSnr: number,
): tf.Tensor {
  const { transform, shorter, bands } = net;
  const { z, mel, sigma } = inputs;
  const level = levelOf(logSnr);
  const { sharpness } = level;
  const frames = mel.shape[2]!;
  const positions = 2 * transform.bins;
  const longest = gridSpectra(transform, z);
  const powers = [tf.reshape(powerOfParts(longest), [positions, frames])];
  const short = shorter && tf.reshape(convolveColumns(z, shorter.analysis), [2, shorter.bins, frames]);
  if (short) powers.push(powerOfParts(short));
  const unit = 1 / (HANN_POWER * RADIX * transform.hop);
  const features = tf.log(tf.add(tf.mul(tf.concat(powers, 0), unit), FEATURE_FLOOR));
  const coloured = gridSpectra(transform, colourGrid(net.mdct, z, sigma));
  const distance = clip(tf.sub(gridLogMel(net.mel, coloured), mel), RESIDUAL_LIMIT / sharpness);
  const residual = tf.reshape(distance, [bands, frames]);
  const output = trunk(
    net,
    values,
    weights,
    level,
    tf.concat([features, tf.mul(residual, sharpness)], 0),
    inputs.encoded!,
  );
  const count = net.features.length;
  const pairs = 1 + net.config.corrections;
  const sizes = [count, count, pairs * bands, pairs * bands];
  const [constants, slopes, gainConstants, gainSlopes] = tf.split(output, sizes, 0);
  const [firstConstant, ...moreConstants] = partsOf(gainConstants, pairs);
  const [firstSlope, ...moreSlopes] = partsOf(tf.mul(gainSlopes, sharpness), pairs);
  const ofBands = tf.add(firstConstant, tf.mul(firstSlope, residual));
  const spread = new Float32Array(count * bands);
  spread.set(net.mel.spread);
  const masks = tf.add(
    tf.add(constants, tf.mul(slopes, features)),
    tf.matMul(tf.tensor2d(spread, [count, bands]), ofBands),
  );
  const inside = tf.mul(insideGrid(net.mdct, z.shape[3]!), level.noise);
  const masked = maskedGrid(net, longest, short, masks);
  const estimate = tf.add(tf.mul(z, level.signal), tf.mul(masked, inside));
  const gains = moreConstants.map((constant, i) => ({ constant, slope: moreSlopes[i] }));
  return gains.length === 0
    ? estimate
    : tf.add(estimate, corrections(net, gains, estimate, level, inside, inputs));
}

/** The waveform of a whitened one; see prior/graph.ts. */
export function colourGrid(transform: GridMdct, grid: tf.Tensor, sigma: tf.Tensor): tf.Tensor {
  return inverseGridMdct(transform, tf.mul(gridMdct(transform, grid), sigma));
}

function clip(x: tf.Tensor, limit: number): tf.Tensor {
  return tf.clipByValue(x, -limit, limit);
}

/** Rows in equal parts, at most MOST_PARTS at a time. */
function partsOf(x: tf.Tensor, count: number): tf.Tensor[] {
  if (count <= MOST_PARTS) return tf.split(x, count, 0);
  const size = x.shape[0] / count;
  const groups = Array.from({ length: MOST_PARTS }, (_, i) => {
    return Math.floor(((i + 1) * count) / MOST_PARTS) - Math.floor((i * count) / MOST_PARTS);
  });
  const split = tf.split(
    x,
    groups.map((group) => group * size),
    0,
  );
  return split.flatMap((part, i) => partsOf(part, groups[i]));
}

/** The trunk's output, a column a frame. @param features [positions + bands, F] */
function trunk(
  { config }: GridMaskNet,
  values: Readonly<Record<string, WeightValue>>,
  weights: Weights,
  level: Level,
  features: tf.Tensor,
  encoded: tf.Tensor,
): tf.Tensor {
  const embedded = levelVector(values["level.weight"].data, values["level.bias"].data, level.logSnr);
  const bias = tf.add(tf.reshape(encoded, [-1, config.channels]), weights("input.bias"));
  const start = tf.add(tf.matMul(features, weights("input.weight"), true, false), bias);
  const mixed = config.dilations.reduce<tf.Tensor>(
    (x, dilation, block) => {
      const own = `blocks.${block}.level`;
      const row = product(embedded, values[`${own}.weight`].data, values[`${own}.bias`].data);
      const scale = row.subarray(0, config.channels).map((value) => 1 + value);
      const shift = row.subarray(config.channels);
      const ends = { scale: tf.tensor1d(scale), shift: tf.tensor1d(shift) };
      return convNextBlockAt(within(weights, `blocks.${block}`), x, dilation, ends);
    },
    tf.reshape(start, encoded.shape),
  );
  const rows = tf.reshape(norm(within(weights, "norm"), mixed), [-1, config.channels]);
  return tf.transpose(affineRows(rows, weights("output.weight"), weights("output.bias")));
}

/** x·matrix + bias of a row. */
function product(x: Float32Array, matrix: Float32Array, bias: Float32Array): Float32Array {
  const sums = Float64Array.from(bias);
  x.forEach((value, i) => {
    for (let j = 0; j < sums.length; j++) sums[j] += value * matrix[i * sums.length + j];
  });
  return Float32Array.from(sums);
}

/** The masked spectra of all resolutions, back and added up. */
function maskedGrid(
  { transform, shorter }: GridMaskNet,
  longest: tf.Tensor,
  short: tf.Tensor | undefined,
  masks: tf.Tensor,
): tf.Tensor {
  const frames = masks.shape[1]!;
  const positions = 2 * transform.bins;
  const [first, second] = shorter ? tf.split(masks, [positions, shorter.bins], 0) : [masks];
  const bins = tf.reshape(first, [1, 2, transform.bins, frames]);
  const grid = gridOfSpectra(transform, tf.mul(longest, bins));
  if (!shorter || !short) return grid;
  const columns = tf.reshape(tf.mul(short, second), [1, 2 * shorter.bins, 1, frames]);
  return tf.add(grid, convolveColumns(columns, shorter.synthesis));
}

/** What the mel corrections add to the estimate; see graph.ts. */
function corrections(
  net: GridMaskNet,
  gains: readonly { constant: tf.Tensor; slope: tf.Tensor }[],
  estimate: tf.Tensor,
  { sharpness }: Level,
  inside: tf.Tensor,
  { mel, sigma }: GridInputs,
): tf.Tensor {
  const limit = Math.min(CORRECTION_LIMIT, RESIDUAL_LIMIT / sharpness);
  const start = colourGrid(net.mdct, estimate, sigma);
  let added: tf.Tensor | undefined;
  for (const { constant, slope } of gains) {
    const spectra = gridSpectra(net.transform, added ? tf.add(start, added) : start);
    const distance = clip(tf.sub(gridLogMel(net.mel, spectra), mel), limit);
    const byBins = spreadOverGrid(net.mel, tf.add(constant, tf.mul(slope, distance)));
    const change = tf.mul(gridOfSpectra(net.transform, tf.mul(spectra, byBins)), inside);
    added = added ? tf.add(added, change) : change;
  }
  return inverseGridMdct(net.mdct, tf.div(gridMdct(net.mdct, added!), sigma));
}
