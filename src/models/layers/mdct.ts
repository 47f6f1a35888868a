// The modified discrete cosine transform (Princen, Johnson & Bradley 1987) with closed ends: an orthonormal map of T
// samples to T/N frames of N coefficients. Basis √(2/N)·win(n)·cos(π/N·(n+½+N/2)(k+½)), sine window of 2N samples;
// frame i covers samples N·i − N/2 … N·i + 3N/2, centred like mel frame i.
//
// Closed ends: beyond the signal there is nothing, so the outer half-window of the first and last frame is 0 for N/2
// samples, then 1 for N/2. Instead of other matrices there, the signal is continued by what makes the sine window fold
// to the same coefficients: −tan(θ/2) times its mirror image before the start, +tan(θ/2) times it behind the end.
import * as tf from "@tensorflow/tfjs-core";
import { addFrameParts, partsOfPadded } from "./spectrum.js";
import { productOverLast } from "./linear.js";

/** An MDCT with hop N. */
export interface Mdct {
  readonly hop: number;
  /** [2N, N], row-major. */
  readonly basis: Float32Array;
  /** What the first N/2 samples are multiplied with to stand before them, mirrored, [N/2, N/2]. */
  readonly before: Float32Array;
  /** The same for the last N/2 samples, [N/2, N/2]. */
  readonly behind: Float32Array;
  /** The window over the first N/2 samples that only one frame covers; divided out again, [N/2]. */
  readonly edge: Float32Array;
}

/** The transform's constants for a hop N, in float64 before they are rounded. */
export function createMdct(hop: number): Mdct {
  const half = hop / 2;
  const window = (n: number): number => Math.sin((Math.PI * (n + 0.5)) / (2 * hop));
  const basis = Float32Array.from({ length: 2 * hop * hop }, (_, i) => {
    const n = Math.floor(i / hop);
    const k = i % hop;
    return Math.sqrt(2 / hop) * window(n) * Math.cos((Math.PI / hop) * (n + 0.5 + half) * (k + 0.5));
  });
  // sample n outside mirrors sample hop−1−n of the window's half, which is number half−1−n of the signal
  const mirror = (sign: number, ramp: (n: number) => number): Float32Array => {
    const matrix = new Float32Array(half * half);
    for (let n = 0; n < half; n++) matrix[(half - 1 - n) * half + n] = sign * ramp(n);
    return matrix;
  };
  const tangent = (n: number): number => Math.tan((Math.PI * (n + 0.5)) / (4 * hop));
  return {
    hop,
    basis,
    before: mirror(-1, tangent),
    behind: mirror(1, (n) => tangent(half - 1 - n)),
    edge: Float32Array.from({ length: half }, (_, n) => window(half + n)),
  };
}

/**
 * The coefficients of a signal.
 *
 * @param signal [batch, T], T = frames·N
 * @returns [batch, frames, N]
 */
export function mdct(transform: Mdct, signal: tf.Tensor): tf.Tensor {
  const { hop, basis } = transform;
  const half = hop / 2;
  const [batch, samples] = signal.shape;
  const before = tf.matMul(tf.slice(signal, [0, 0], [batch, half]), constant(transform.before, half));
  const behind = tf.matMul(
    tf.slice(signal, [0, samples - half], [batch, half]),
    constant(transform.behind, half),
  );
  const padded = tf.concat([before, signal, behind], 1);
  const frames = tf.concat(partsOfPadded(padded, 2 * hop, hop), 2);
  return productOverLast(frames, constant(basis, hop));
}

/**
 * The signal of coefficients: the transpose of mdct, and its inverse.
 *
 * @param coefficients [batch, frames, N]
 * @returns [batch, frames·N]
 */
export function inverseMdct(transform: Mdct, coefficients: tf.Tensor): tf.Tensor {
  const { hop, basis, edge } = transform;
  const half = hop / 2;
  const transposed = tf.transpose(constant(basis, hop));
  const open = addFrameParts(tf.split(productOverLast(coefficients, transposed), 2, 2), hop);
  const [batch, samples] = open.shape;
  const start = tf.div(tf.slice(open, [0, 0], [batch, half]), tf.tensor1d(edge));
  const end = tf.div(tf.slice(open, [0, samples - half], [batch, half]), tf.tensor1d(edge.slice().reverse()));
  const middle = tf.slice(open, [0, half], [batch, samples - hop]);
  return tf.concat([start, middle, end], 1);
}

function constant(values: Float32Array, columns: number): tf.Tensor {
  return tf.tensor2d(values, [values.length / columns, columns]);
}
