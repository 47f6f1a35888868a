// A trained mask-net with more mel corrections than it has: their gains are the last columns of the trunk's output,
// and begin at 0, with which the network computes what it did before.
import type { WeightValue } from "../models/weights.js";

const OUTPUT = ["denoiser.output.weight", "denoiser.output.bias"];

/**
 * A checkpoint's weights with room for more corrections.
 *
 * @param weights of a mask-net checkpoint; those of the output are [channels, outputs] and [outputs]
 * @param added corrections that are to come
 * @param bands of the mel
 */
export function withMoreCorrections(
  weights: Readonly<Record<string, WeightValue>>,
  added: number,
  bands: number,
): Record<string, WeightValue> {
  const grown = OUTPUT.map((name) => [name, withColumns(weights[name], 2 * bands * added)]);
  return { ...weights, ...(Object.fromEntries(grown) as Record<string, WeightValue>) };
}

/** A value whose rows have more columns, of zeros, at their ends. */
function withColumns({ data, shape }: WeightValue, added: number): WeightValue {
  const columns = shape[shape.length - 1];
  const rows = data.length / columns;
  const grown = new Float32Array(rows * (columns + added));
  for (let row = 0; row < rows; row++) {
    grown.set(data.subarray(row * columns, (row + 1) * columns), row * (columns + added));
  }
  return { data: grown, shape: [...shape.slice(0, -1), columns + added] };
}
