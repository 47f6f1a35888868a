// Settings of a run that begins with a checkpoint's weights, to make them fit a few minutes of another voice.
//
// The network's shape is the checkpoint's, but that it may get more mel corrections. So is the prior: the network knows
// speech only as that prior whitens it, and a new fit would move the domain away under it; fitted on many voices, it fits
// one more. A quarter of the usual learning rates and some minutes of steps move the weights towards the voice without
// forgetting what speech is: what the network knows beyond the new recordings is why one begins with it.
import type { CheckpointConfig } from "../checkpoint/config.js";
import { TrainConfigError } from "../errors.js";
import { baseConfig, type TrainConfig, withSettings } from "./config.js";
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { type MaskNetConfig, outputCount } from "../models/mask-net/shape.js";
import type { WaveGradConfig } from "../models/wavegrad/shape.js";
import type { WeightSpec, WeightValue } from "../models/weights.js";
import { fillNormals, type Seed } from "../diffusion/noise.js";
import type { TensorValue } from "../engine/engine.js";
import { purposes, StepRandom } from "./draws.js";

// Start values of weights, from a seed: constant, uniform or orthonormal as each weight says.

/** Start values of weights, the same for the same seed. */
export function initialise(specs: readonly WeightSpec[], seed: Seed): Record<string, TensorValue> {
  return Object.fromEntries(
    specs.map(({ name, shape, start }, index) => {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      if (start.kind === "constant") data.fill(start.value);
      else if (start.kind === "uniform") {
        const random = new StepRandom(seed, "weights", index);
        for (let i = 0; i < data.length; i++) data[i] = random.between(-start.bound, start.bound);
      } else {
        const columns = shape[shape.length - 1];
        fillNormals(data, { seed, step: 2 ** 40 + purposes.weights * 2 ** 20 + index });
        orthonormalise(data, data.length / columns, columns);
      }
      return [name, { data, shape }];
    }),
  );
}

/**
 * Gram–Schmidt over the shorter side of a matrix of normals [rows, columns]. In float64, so that the vectors are
 * orthogonal to float32's precision also for square matrices, and with each vector in one piece: in place, the columns
 * of wavegrad's filters would take ten times as long.
 */
function orthonormalise(data: Float32Array, rows: number, columns: number): void {
  const [vectors, length] = rows < columns ? [rows, columns] : [columns, rows];
  const at = (vector: number, i: number): number =>
    rows < columns ? vector * columns + i : i * columns + vector;
  const done: Float64Array[] = [];
  for (let vector = 0; vector < vectors; vector++) {
    const values = Float64Array.from({ length }, (_, i) => data[at(vector, i)]);
    const whole = done.length - (done.length % 4);
    for (let first = 0; first < whole; first += 4) removeFour(values, done.slice(first, first + 4));
    for (const earlier of done.slice(whole)) {
      let product = 0;
      for (let i = 0; i < length; i++) product += values[i] * earlier[i];
      for (let i = 0; i < length; i++) values[i] -= product * earlier[i];
    }
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    for (let i = 0; i < length; i++) {
      values[i] /= norm;
      data[at(vector, i)] = values[i];
    }
    done.push(values);
  }
}

/** Takes four orthonormal vectors' parts out of another: four sums at once, since one waits for its last addition. */
function removeFour(values: Float64Array, [a, b, c, d]: readonly Float64Array[]): void {
  let [inA, inB, inC, inD] = [0, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    inA += value * a[i];
    inB += value * b[i];
    inC += value * c[i];
    inD += value * d[i];
  }
  for (let i = 0; i < values.length; i++) values[i] -= inA * a[i] + inB * b[i] + inC * c[i] + inD * d[i];
}

// A trained mask-net with more mel corrections than it has: their gains are the last columns of the trunk's output,
// and begin at 0, with which the network computes what it did before.

const OUTPUT = ["denoiser.output.weight", "denoiser.output.bias"];

/** A checkpoint's weights in the shape of a run that begins with them and has as many corrections, or more. */
export function startWeights(
  { config: { denoiser, mel }, weights }: Checkpoint,
  { corrections }: Pick<TrainConfig, "corrections">,
): Checkpoint["weights"] {
  const shape = denoiser.shape as MaskNetConfig;
  if (denoiser.kind !== "mask-net" || shape.corrections === corrections) return weights;
  return withMoreCorrections(weights, outputCount({ ...shape, corrections }, mel.bands, mel.hopLength));
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

/** What differs from training from the beginning. */
export const fineTuningSettings = { steps: 600, rateShape: "cosine" } as const satisfies Partial<TrainConfig>;
/** Of the usual learning rates. */
const RATE_SHARE = 0.25;

/**
 * The settings of a run that begins with a checkpoint.
 *
 * @param name of the checkpoint, for messages
 * @param changes as parsed from JSON
 * @throws TrainConfigError for what withSettings refuses, and for another shape than the checkpoint's
 */
export function fineTuningConfig(
  checkpoint: Pick<CheckpointConfig, "denoiser" | "logSnrRange">,
  name: string,
  changes: Readonly<Record<string, unknown>>,
): TrainConfig {
  const shape = shapeOf(checkpoint);
  const usual = baseConfig(checkpoint.denoiser.kind);
  const base: TrainConfig = {
    ...usual,
    ...fineTuningSettings,
    adamWRate: RATE_SHARE * usual.adamWRate,
    muonRate: RATE_SHARE * usual.muonRate,
    lowestLogSnr: checkpoint.logSnrRange[0],
    highestLogSnr: checkpoint.logSnrRange[1],
    ...shape,
  };
  const config = withSettings(base, changes);
  for (const key of Object.keys(shape) as (keyof TrainConfig)[]) {
    if (String(config[key]) === String(shape[key])) continue;
    if (key === "corrections" && config[key] > Number(shape[key])) continue;
    throw new TrainConfigError(
      `'${key}' is ${String(shape[key])} in the checkpoint '${name}', which training begins with, and cannot become ` +
        `${String(config[key])}. Leave it out.`,
    );
  }
  return config;
}

/** The settings that a checkpoint's network has. */
function shapeOf({ denoiser }: Pick<CheckpointConfig, "denoiser">): Partial<TrainConfig> {
  const { kind } = denoiser;
  if (kind === "wavegrad") {
    const shape = denoiser.shape as WaveGradConfig;
    return {
      denoiser: kind,
      melChannels: shape.melChannels,
      waveChannels: shape.waveChannels,
      upsamplingFactors: shape.upsampling.map(({ factor }) => factor),
      upsamplingChannels: shape.upsampling.map(({ channels }) => channels),
      upsamplingDilations: shape.upsampling.flatMap(({ dilations }) => dilations),
      downsamplingChannels: [...shape.downsamplingChannels],
      downsamplingDilations: [...shape.downsamplingDilations],
    };
  }
  const { encoder, ...trunk } = denoiser.shape as MaskNetConfig;
  return {
    denoiser: kind,
    windowLengths: [...trunk.windowLengths],
    channels: trunk.channels,
    expanded: trunk.expanded,
    dilations: [...trunk.dilations],
    corrections: trunk.corrections,
    levelWidth: trunk.levelWidth,
    encoderChannels: encoder.channels,
    encoderExpanded: encoder.expanded,
    encoderDilations: [...encoder.dilations],
  };
}
