// Mel consistency (mel/consistency.ts defines it) in tensor ops, for engines and exported graphs.
// Shapes: waveforms [batch, T], mels [batch, F, bands], T = F·hop, F ≥ 2.
//   x_{k+1} = C(x_k + momentum·(x_k − x_{k−1})),  C: x → STFT⁻¹(exp(p·W·clip(c − ln-mel(STFT(x)), ±2))·STFT(x))
import * as tf from "@tensorflow/tfjs-core";
import type { MelFormat } from "../../mel/format.js";
import { InputError } from "../../errors.js";
import { power, type Spectra } from "./spectrum.js";
import { createMelAnalysis, type MelAnalysis } from "../../mel/bank.js";
import { LARGEST_CORRECTION, type RefinementOptions, SMALLEST_WINDOW_SUM } from "../../mel/consistency.js";
import { OVERLAP_SUM } from "../../mel/frames.js";
import {
  columnFilter,
  type ColumnFilter,
  columnsOf,
  contract,
  convolveColumns,
  createGridTransform,
  fromGrid,
  gridBins,
  gridOfSpectra,
  gridSpectra,
  type GridTransform,
  powerOfParts,
  rowPlaces,
  toGrid,
} from "./hop-grid.js";
import { productOverLast } from "./linear.js";

// The log-mel of a signal inside a network, zeros instead of reflections beyond its ends, and the way back from mel
// bands to bins: what a network needs to compare its estimate with the mel that it was given.

/**
 * The natural-log mel of spectra.
 *
 * @returns [batch, frames, bands]
 */
export function logMel(analysis: MelAnalysis, spectra: Spectra): tf.Tensor {
  const { bins, bands, bank, floor, magnitudeEpsilon } = analysis;
  const magnitudes = tf.sqrt(tf.add(tf.concat(power(spectra), 2), magnitudeEpsilon));
  const mel = productOverLast(magnitudes, tf.tensor2d(bank, [bins, bands]));
  return tf.log(tf.maximum(mel, floor));
}

/** Values of bands as values of bins: [batch, frames, bands] → [batch, frames, bins]. */
export function spreadOverBins({ bins, bands, spread }: MelAnalysis, values: tf.Tensor): tf.Tensor {
  return productOverLast(values, tf.tensor2d(spread, [bands, bins]));
}

/** A mel format's filter bank for spectra of grids. */
export interface GridMel {
  readonly bands: number;
  readonly bins: number;
  readonly floor: number;
  readonly magnitudeEpsilon: number;
  /** [bands, 2, bins] */
  readonly bank: Float32Array;
  /** [2, bins, bands] */
  readonly spread: Float32Array;
}

/** A filter bank whose bins stand as a grid's spectra have them. */
export function createGridMel(
  { bands, bank, spread, bins, ...rest }: MelAnalysis,
  transform: GridTransform,
): GridMel {
  const order = gridBins(transform);
  const gridBank = new Float32Array(bands * order.length);
  const gridSpread = new Float32Array(order.length * bands);
  order.forEach((bin, place) => {
    if (bin < 0) return;
    for (let band = 0; band < bands; band++) {
      gridBank[band * order.length + place] = bank[bin * bands + band];
      gridSpread[place * bands + band] = spread[band * bins + bin];
    }
  });
  const { floor, magnitudeEpsilon } = rest;
  return { bands, bins: transform.bins, floor, magnitudeEpsilon, bank: gridBank, spread: gridSpread };
}

/** The natural-log mel of a grid's spectra: [2, batch, 2, bins, F] → [batch, bands, F]. */
export function gridLogMel(
  { bands, bins, bank, floor, magnitudeEpsilon }: GridMel,
  spectra: tf.Tensor,
): tf.Tensor {
  const magnitudes = tf.sqrt(tf.add(powerOfParts(spectra), magnitudeEpsilon));
  const mel = contract("neq,beqf->bnf", tf.tensor3d(bank, [bands, 2, bins]), magnitudes);
  return tf.log(tf.maximum(mel, floor));
}

/** Values of bands as values of a grid's bins: [batch, bands, F] → [batch, 2, bins, F]. */
export function spreadOverGrid({ bands, bins, spread }: GridMel, values: tf.Tensor): tf.Tensor {
  return contract("eqn,bnf->beqf", tf.tensor3d(spread, [2, bins, bands]), values);
}

/** The constants of mel consistency for a format. */
export interface MelConsistency {
  readonly transform: GridTransform;
  /** Its spread leaves bins below the first band alone. */
  readonly mel: GridMel;
  /** The squared window at each place of the hop, a tap for each hop of a frame. */
  readonly squares: ColumnFilter;
}

/**
 * The constants for a format.
 *
 * @throws InputError for a format whose frames are not 4 hops long and centred on their hop
 */
export function createMelConsistency(
  format: MelFormat,
  magnitudeEpsilon = format.magnitudeEpsilon,
): MelConsistency {
  const { fftSize, windowLength, hopLength, padding } = format;
  if (fftSize !== 4 * hopLength || windowLength !== fftSize || padding !== "same") {
    throw new InputError(
      `Mel consistency as a graph needs a mel with an FFT and a window of 4 hops and padding 'same'; this one has ` +
        `an FFT of ${fftSize}, a window of ${windowLength}, a hop of ${hopLength} and padding '${padding}'. ` +
        `Leave it out (0 corrections) and refine the waveform outside.`,
    );
  }
  const transform = createGridTransform(hopLength);
  const byFrequency = Int32Array.from({ length: fftSize / 2 + 1 }, (_, bin) => bin);
  const analysis = createMelAnalysis(format, byFrequency, magnitudeEpsilon);
  const mel = createGridMel({ ...analysis, spread: withinBands(analysis) }, transform);
  const places = rowPlaces(hopLength);
  const squares = columnFilter(
    { outputs: hopLength, inputs: 1, taps: 4, groups: 1, before: 2, after: 2 },
    (row, _, tap) =>
      (0.5 - 0.5 * Math.cos((2 * Math.PI * ((3 - tap) * hopLength + places[row])) / fftSize)) ** 2,
  );
  return { transform, mel, squares };
}

/** The spread with zeros for the bins below the first band: nothing is known about them, their gain stays 1. */
function withinBands({ bank, spread, bands, bins }: MelAnalysis): Float32Array {
  const first = Math.floor(bank.findIndex((weight) => weight > 0) / bands);
  return spread.map((share, i) => (i % bins < first ? 0 : share));
}

/**
 * A waveform after K corrections towards its mel.
 *
 * @param signal x_0, [batch, T]
 * @param mel the natural-log mel that it should have, [batch, F, bands]
 * @returns [batch, T]
 */
export function refineWaveform(
  consistency: MelConsistency,
  signal: tf.Tensor,
  mel: tf.Tensor,
  options: RefinementOptions,
): tf.Tensor {
  if (options.iterations === 0) return signal;
  const grid = toGrid(signal, consistency.transform.hop);
  return refineGrid(consistency, grid, tf.transpose(mel, [0, 2, 1]), options);
}

/**
 * The same for a waveform that lies as a grid; at least one correction.
 *
 * @param grid x_0, [batch, h, 1, F+1]
 * @param mel [batch, bands, F]
 * @returns [batch, T]
 */
export function refineGrid(
  consistency: MelConsistency,
  grid: tf.Tensor,
  mel: tf.Tensor,
  { iterations, exponent, momentum }: RefinementOptions,
): tf.Tensor {
  const { hop } = consistency.transform;
  const columns = grid.shape[3]!;
  const scale = windowScale(consistency, columns);
  const places = reflectedPlaces(hop, columns);
  const reflected = (values: tf.Tensor): tf.Tensor =>
    tf.gather(tf.reshape(values, [-1, hop * columns]), places, 1);
  // x_{k+1} + momentum·(x_{k+1} − x_k), each x being what a correction gives times the scale
  const scaled = (factor: number): tf.Tensor => tf.mul(reflected(scale), factor);
  const [forward, backward] = [scaled(1 + momentum), scaled(-momentum)];
  let start = reflected(grid);
  let before = tf.mul(start, -momentum);
  for (let k = 1; k < iterations; k++) {
    const given = reflected(corrected(consistency, start, mel, exponent));
    start = tf.mul(given, forward);
    if (momentum === 0) continue;
    start = tf.add(start, before);
    before = tf.mul(given, backward);
  }
  return fromGrid(tf.mul(corrected(consistency, start, mel, exponent), scale));
}

/** C(x), overlap-added and divided by the sum that overlapping squared windows have inside. */
function corrected(
  { transform, mel: analysis }: MelConsistency,
  grid: tf.Tensor,
  mel: tf.Tensor,
  exponent: number,
): tf.Tensor {
  const spectra = gridSpectra(transform, grid, true);
  const distance = tf.clipByValue(
    tf.sub(mel, gridLogMel(analysis, spectra)),
    -LARGEST_CORRECTION,
    LARGEST_CORRECTION,
  );
  const raised = { ...analysis, spread: analysis.spread.map((share) => exponent * share) };
  const gains = tf.exp(spreadOverGrid(raised, distance));
  return gridOfSpectra(transform, tf.mul(spectra, gains));
}

/**
 * Where in a grid of so many columns each sample stands, with 1.5 hops of the signal's mirror image at each end, the
 * outermost sample not repeated: [h, 1, columns + 2].
 */
function reflectedPlaces(hop: number, columns: number): tf.Tensor {
  const places = tf.reshape(tf.range(0, hop * columns, 1, "int32"), [1, hop, 1, columns]);
  const margin = 1.5 * hop;
  const reflected = tf.mirrorPad(
    fromGrid(places),
    [
      [0, 0],
      [margin, margin],
    ],
    "reflect",
  );
  return tf.reshape(columnsOf(reflected, hop), [hop, 1, columns + 2]);
}

/** The sum of squared windows inside, divided by what it is at each sample: 1 but for the ends. [1, h, 1, F+1] */
function windowScale({ squares }: MelConsistency, columns: number): tf.Tensor {
  const sums = convolveColumns(tf.ones([1, 1, 1, columns - 1]), squares);
  return tf.div(OVERLAP_SUM, tf.maximum(sums, SMALLEST_WINDOW_SUM));
}
