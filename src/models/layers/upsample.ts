// A higher rate by repetition: each frame `factor` times (nearest neighbour). [batch, frames, channels] →
// [batch, frames·factor, channels]
import * as tf from "@tensorflow/tfjs-core";

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
