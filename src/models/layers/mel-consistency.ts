// Mel consistency in tensor ops, for engines and exported graphs: the iteration of synthesis/mel-consistency.ts, which
// computes the same with an FFT (Griffin & Lim 1984 with the mel as the constraint; momentum as Perraudin et al. 2013).
// Shapes: waveforms [batch, T], mels [batch, F, bands], T = F·hop, F ≥ 2.
//   x_{k+1} = C(x_k + momentum·(x_k − x_{k−1})),  C: x → STFT⁻¹(exp(p·W·clip(c − ln-mel(STFT(x)), ±2))·STFT(x))
import * as tf from "@tensorflow/tfjs-core";
import type { MelFormat } from "../../mel/format.js";
import { InputError } from "../../errors.js";
import {
  addFrameParts,
  applyGains,
  createShortTimeFourier,
  power,
  type ShortTimeFourier,
  signalOfSpectra,
  type Spectra,
  spectraOfPadded,
} from "./spectrum.js";
import { createMelAnalysis, type MelAnalysis } from "../../mel/bank.js";
import { OVERLAP_SUM } from "../../mel/frames.js";
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

/** No band is moved by more than this in one correction (in ln, e² = 17 dB). */
const LARGEST_CORRECTION = 2;
/** Below it the summed squared window is not divided out: only at the very ends. */
const SMALLEST_WINDOW_SUM = 0.01;

/** The constants of mel consistency for a format. */
interface MelConsistency {
  readonly transform: ShortTimeFourier;
  /** Its spread leaves bins below the first band alone. */
  readonly analysis: MelAnalysis;
}

/** How a waveform is refined: K, p, and the share of the last change by which each correction starts further. */
interface ConsistencyOptions {
  readonly iterations: number;
  readonly exponent: number;
  readonly momentum: number;
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
  const transform = createShortTimeFourier(fftSize);
  const analysis = createMelAnalysis(format, transform.order, magnitudeEpsilon);
  return { transform, analysis: { ...analysis, spread: withinBands(analysis, transform.order) } };
}

/** The spread with zeros for the bins below the first band: nothing is known about them, their gain stays 1. */
function withinBands({ bank, spread, bands, bins }: MelAnalysis, order: Int32Array): Float32Array {
  let first = bins;
  for (let position = 0; position < bins; position++) {
    const row = bank.subarray(position * bands, (position + 1) * bands);
    if (row.some((weight) => weight > 0)) first = Math.min(first, order[position]);
  }
  return spread.map((share, i) => (order[i % bins] < first ? 0 : share));
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
  { iterations, exponent, momentum }: ConsistencyOptions,
): tf.Tensor {
  const scale = windowScale(consistency.transform, mel);
  let current = signal;
  let start = signal;
  for (let k = 0; k < iterations; k++) {
    const next = tf.mul(corrected(consistency, start, mel, exponent), scale);
    start = tf.add(next, tf.mul(tf.sub(next, current), momentum));
    current = next;
  }
  return current;
}

/** C(x), overlap-added and divided by the sum that overlapping squared windows have inside. */
function corrected(
  { transform, analysis }: MelConsistency,
  signal: tf.Tensor,
  mel: tf.Tensor,
  exponent: number,
): tf.Tensor {
  const values = spectraOfPadded(transform, reflected(signal, (transform.length - transform.hop) / 2));
  const distance = tf.clipByValue(
    tf.sub(mel, logMel(analysis, values)),
    -LARGEST_CORRECTION,
    LARGEST_CORRECTION,
  );
  const gains = tf.exp(spreadOverBins(analysis, tf.mul(distance, exponent)));
  return signalOfSpectra(transform, applyGains(transform, values, gains));
}

/** The signal with `margin` samples of its mirror image at each end, the outermost sample not repeated. */
function reflected(signal: tf.Tensor, margin: number): tf.Tensor {
  const [batch, samples] = signal.shape;
  const mirrored = (from: number): tf.Tensor => tf.reverse(tf.slice(signal, [0, from], [batch, margin]), 1);
  return tf.concat([mirrored(1), signal, mirrored(samples - 1 - margin)], 1);
}

/** The sum of squared windows inside, divided by what it is at each sample: 1 but for the ends. [1, T] */
function windowScale({ hop, window }: ShortTimeFourier, mel: tf.Tensor): tf.Tensor {
  const ones = tf.ones([1, mel.shape[1]!, 1]);
  const squares = tf.split(tf.square(tf.tensor1d(window)), window.length / hop);
  const sums = addFrameParts(
    squares.map((square) => tf.mul(ones, square)),
    hop,
  );
  return tf.div(OVERLAP_SUM, tf.maximum(sums, SMALLEST_WINDOW_SUM));
}
