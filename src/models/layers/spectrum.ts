// Short-time Fourier transforms in tensor ops, with a periodic Hann window. Frame j of length N at hop N/4 covers samples
// j·h − (N−h)/2 … j·h + (N+h)/2, zeros outside, so T samples have T/h frames.
//
// Each transform is a radix-4 step over the frame's four hops a, b, c, d (Cooley & Tukey 1965) and three matrix products
// of a quarter of the length, 2.7 times fewer multiplications than one dense product:
//   a+b+c+d            → bins 0, 4, 8 … N/2
//   a−b+c−d            → bins 2, 6, 10 …
//   (a−c) − i·(b−d)    → bins 1, 5, 9 …, and by symmetry the conjugates of bins 3, 7, 11 …
// Spectra stay in these three parts, each [batch, frames, 2, its bins], real parts, then imaginary parts, so that real
// gains [batch, frames, 1, its bins] multiply both. `order` says which bin is where when the parts lie side by side.
import * as tf from "@tensorflow/tfjs-core";
import { productOverLast } from "./linear.js";
import { binsOfProducts } from "./shapes.js";
import { OVERLAP_SUM, RADIX } from "../../mel/frames.js";

// Signals as overlapping frames and back, in tfjs ops that an engine can record: no gather, no scatter. Frame j of
// length N at hop h covers samples j·h − (N−h)/2 … j·h + (N+h)/2, zeros outside, so that T/h frames cover T samples.
// A frame is handled as its N/h hops, each a shifted view of the signal.

/**
 * The hops of each frame: part r of frame j is hop j+r of the padded signal.
 *
 * @param signal [batch, T], T a multiple of the hop
 * @param length N, a multiple of the hop
 * @returns N/h tensors [batch, T/h, h]
 */
function frameParts(signal: tf.Tensor, length: number, hop: number): tf.Tensor[] {
  const margin = (length - hop) / 2;
  const padded = tf.pad(signal, [
    [0, 0],
    [margin, margin],
  ]);
  return partsOfPadded(padded, length, hop);
}

/** The same for a signal that already has its (N−h)/2 samples beyond each end: [batch, T + N − h]. */
export function partsOfPadded(padded: tf.Tensor, length: number, hop: number): tf.Tensor[] {
  const [batch, samples] = padded.shape;
  const overlap = length / hop;
  const count = samples / hop;
  const hops = tf.reshape(padded, [batch, count, hop]);
  return Array.from({ length: overlap }, (_, r) =>
    tf.slice(hops, [0, r, 0], [batch, count - overlap + 1, hop]),
  );
}

/**
 * Adds up overlapping frames: the transpose of frameParts.
 *
 * @param parts N/h tensors [batch, F, h]
 * @returns [batch, F·h]; what falls beyond the ends is cut off
 */
export function addFrameParts(parts: readonly tf.Tensor[], hop: number): tf.Tensor {
  const [batch, frames] = parts[0].shape;
  const overlap = parts.length;
  const shifted = parts.map((part, r) =>
    tf.pad(part, [
      [0, 0],
      [r, overlap - 1 - r],
      [0, 0],
    ]),
  );
  const whole = tf.reshape(tf.addN(shifted), [batch, (frames + overlap - 1) * hop]);
  return tf.slice(whole, [0, ((overlap - 1) * hop) / 2], [batch, frames * hop]);
}

/** A short-time Fourier transform. */
export interface ShortTimeFourier {
  /** N, in samples. */
  readonly length: number;
  /** N/4. */
  readonly hop: number;
  /** N/2+1. */
  readonly bins: number;
  /** The bin at each position of a spectrum, [bins]. */
  readonly order: Int32Array;
  /** The window for each of the four hops, [4·hop]. */
  readonly window: Float32Array;
  /** The same divided by N and by what overlapping squared windows sum to, for the way back. */
  readonly windowBack: Float32Array;
  /** The three products; their transposes lead back. */
  readonly products: readonly Product[];
}

/** One of the products: real and imaginary parts of `bins` from `inputs` values. */
interface Product {
  readonly inputs: number;
  readonly bins: number;
  /** [inputs, 2·bins] */
  readonly forward: Float32Array;
  /** [2·bins, inputs]: the transpose, bins that stand for a mirror image too counted twice. */
  readonly back: Float32Array;
}

/** The constants of a transform with hop N/4, in float64 before they are rounded. */
export function createShortTimeFourier(length: number): ShortTimeFourier {
  const hop = length / RADIX;
  const bins = length / 2 + 1;
  const orders = binsOfProducts(length);
  const window = Float64Array.from({ length }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length));
  const scale = 1 / (length * OVERLAP_SUM);
  return {
    length,
    hop,
    bins,
    order: Int32Array.from(orders.flat(), (bin) => Math.min(bin, length - bin)),
    window: Float32Array.from(window),
    windowBack: Float32Array.from(window, (value) => value * scale),
    products: orders.map((order, index) => createProduct(length, order, index === 2)),
  };
}

function createProduct(length: number, order: readonly number[], complex: boolean): Product {
  const hop = length / RADIX;
  const inputs = complex ? 2 * hop : hop;
  const bins = order.length;
  const forward = new Float32Array(inputs * 2 * bins);
  const back = new Float32Array(2 * bins * inputs);
  const put = (input: number, output: number, value: number, bin: number): void => {
    forward[input * 2 * bins + output] = value;
    back[output * inputs + input] = value * (bin === 0 || bin === length / 2 ? 1 : 2);
  };
  order.forEach((bin, k) => {
    for (let n = 0; n < hop; n++) {
      const angle = (2 * Math.PI * ((n * bin) % length)) / length;
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
      put(n, k, cosine, bin);
      put(n, bins + k, -sine, bin);
      if (!complex) continue;
      // the second half of the inputs is b−d, which counts −i times
      put(hop + n, k, -sine, bin);
      put(hop + n, bins + k, -cosine, bin);
    }
  });
  return { inputs, bins, forward, back };
}

/** The three parts of a signal's spectra: [batch, frames, 2, bins of the part]. */
export type Spectra = readonly tf.Tensor[];

/**
 * The spectra of a signal.
 *
 * @param signal [batch, T], T a multiple of the hop
 */
export function spectra(transform: ShortTimeFourier, signal: tf.Tensor): Spectra {
  return spectraOfParts(transform, frameParts(signal, transform.length, transform.hop));
}

/** @param parts the four hops of each frame, 4 × [batch, frames, hop] */
function spectraOfParts({ products, window }: ShortTimeFourier, parts: readonly tf.Tensor[]): Spectra {
  const windows = tf.split(tf.tensor1d(window), RADIX);
  const [a, b, c, d] = parts.map((part, m) => tf.mul(part, windows[m]));
  const [even, odd] = [tf.add(a, c), tf.add(b, d)];
  const sums = [tf.add(even, odd), tf.sub(even, odd), tf.concat([tf.sub(a, c), tf.sub(b, d)], 2)];
  const [batch, frames] = a.shape;
  return products.map(({ inputs, bins, forward }, index) => {
    const values = productOverLast(sums[index], tf.tensor2d(forward, [inputs, 2 * bins]));
    return tf.reshape(values, [batch, frames, 2, bins]);
  });
}

/**
 * The signal of spectra: inverse transforms, windowed again, overlap-added. It gives back the signal whose spectra they
 * are, save for the outermost samples, where fewer windows overlap.
 *
 * @returns [batch, frames·hop]
 */
export function signalOfSpectra(transform: ShortTimeFourier, values: Spectra): tf.Tensor {
  const { hop, products, windowBack } = transform;
  const [whole, alternating, turning] = products.map(({ inputs, bins, back }, index) => {
    const [batch, frames] = values[index].shape;
    const rows = tf.reshape(values[index], [batch, frames, 2 * bins]);
    return productOverLast(rows, tf.tensor2d(back, [2 * bins, inputs]));
  });
  const [p, q] = tf.split(turning, 2, 2);
  const [even, odd] = [tf.add(whole, alternating), tf.sub(whole, alternating)];
  const windows = tf.split(tf.tensor1d(windowBack), RADIX);
  const parts = [tf.add(even, p), tf.add(odd, q), tf.sub(even, p), tf.sub(odd, q)];
  return addFrameParts(
    parts.map((part, m) => tf.mul(part, windows[m])),
    hop,
  );
}

/** |Z|² of each part: [batch, frames, 2, bins] → [batch, frames, bins]. */
export function power(values: Spectra): tf.Tensor[] {
  return values.map((part) => {
    const [batch, frames, , bins] = part.shape;
    const half = (index: number): tf.Tensor =>
      tf.square(tf.slice(part, [0, 0, index, 0], [batch, frames, 1, bins]));
    return tf.reshape(tf.add(half(0), half(1)), [batch, frames, bins]);
  });
}

/**
 * Multiplies spectra by real gains.
 *
 * @param gains [batch, frames, bins], the parts' bins side by side
 */
export function applyGains({ products }: ShortTimeFourier, values: Spectra, gains: tf.Tensor): Spectra {
  const [batch, frames] = gains.shape;
  const parts = tf.split(
    gains,
    products.map(({ bins }) => bins),
    2,
  );
  return values.map((part, index) =>
    tf.mul(part, tf.reshape(parts[index], [batch, frames, 1, products[index].bins])),
  );
}
