// A reordering along one axis. tfjs's gradient of a gather adds up into zeros; a permutation's is the inverse one.
import * as tf from "@tensorflow/tfjs-core";

/** The permutation that undoes one: inverse[order[i]] = i. */
export function inversePermutation(order: Int32Array): Int32Array {
  const inverse = new Int32Array(order.length);
  order.forEach((from, to) => {
    inverse[from] = to;
  });
  return inverse;
}

/**
 * Reorders a tensor: position i along the axis takes what stood at order[i].
 *
 * @param order a permutation of 0 … size−1
 */
export function permute(x: tf.Tensor, order: Int32Array, axis: number): tf.Tensor {
  const gather = (values: tf.Tensor, positions: Int32Array): tf.Tensor =>
    tf.gather(values, tf.tensor1d(positions, "int32"), axis);
  const run = tf.customGrad((values) => ({
    value: gather(values as tf.Tensor, order),
    gradFunc: (dy: tf.Tensor) => gather(dy, inversePermutation(order)),
  }));
  return run(x);
}
