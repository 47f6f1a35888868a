// A trained mask-net with more mel corrections than it has: their gains are the last columns of the trunk's output,
// and begin at 0, with which the network computes what it did before.
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { outputCount } from "../models/mask-net-columns.js";
import type { WeightValue } from "../models/weights.js";
import type { TrainConfig } from "./train-config.js";

const OUTPUT = ["denoiser.output.weight", "denoiser.output.bias"];

/** A checkpoint's weights in the shape of a run that begins with them and has as many corrections, or more. */
export function startWeights(
  { config: { denoiser, mel }, weights }: Checkpoint,
  { corrections }: Pick<TrainConfig, "corrections">,
): Checkpoint["weights"] {
  if (denoiser.kind !== "mask-net" || denoiser.shape.corrections === corrections) return weights;
  return withMoreCorrections(
    weights,
    outputCount({ ...denoiser.shape, corrections }, mel.bands, mel.hopLength),
  );
}

/**
 * A checkpoint's weights with room for more corrections.
 *
 * @param weights of a mask-net checkpoint; those of the output are [channels, outputs] and [outputs]
 * @param outputs of the network with more corrections, as outputCount says
 */
export function withMoreCorrections(
  weights: Readonly<Record<string, WeightValue>>,
  outputs: number,
): Record<string, WeightValue> {
  const grown = OUTPUT.map((name): [string, WeightValue] => [name, withColumns(weights[name], outputs)]);
  return { ...weights, ...Object.fromEntries(grown) };
}

/** A value whose rows go on with zeros, up to so many columns. */
function withColumns({ data, shape }: WeightValue, columns: number): WeightValue {
  const present = shape[shape.length - 1];
  const rows = data.length / present;
  const grown = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    grown.set(data.subarray(row * present, (row + 1) * present), row * columns);
  }
  return { data: grown, shape: [...shape.slice(0, -1), columns] };
}
