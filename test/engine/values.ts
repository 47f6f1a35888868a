// Tensor values for the runtime's tests: seeded numbers, and how far two values are apart.
import type { TensorValue } from "../../src/engine/engine.js";

/** Numbers in [−1, 1) that depend on the seed only (mulberry32). */
export function randomValue(seed: number, shape: readonly number[]): TensorValue {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return { data: Float32Array.from({ length: size }, next), shape };
}

/** ‖actual − expected‖ / ‖expected‖; not a number stays one. */
export function relativeDifference(actual: TensorValue, expected: TensorValue): number {
  let difference = 0;
  let size = 0;
  for (const [index, value] of expected.data.entries()) {
    difference += (actual.data[index] - value) ** 2;
    size += value ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(size), 1e-12);
}
