// Signals as overlapping frames and back, in tfjs ops that an engine can record: no gather, no scatter. Frame j of
// length N at hop h covers samples j·h − (N−h)/2 … j·h + (N+h)/2, zeros outside, so that T/h frames cover T samples.
// A frame is handled as its N/h hops, each a shifted view of the signal.
import * as tf from "@tensorflow/tfjs-core";

/**
 * The hops of each frame: part r of frame j is hop j+r of the padded signal.
 *
 * @param signal [batch, T], T a multiple of the hop
 * @param length N, a multiple of the hop
 * @returns N/h tensors [batch, T/h, h]
 */
export function frameParts(signal: tf.Tensor, length: number, hop: number): tf.Tensor[] {
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
