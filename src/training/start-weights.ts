// Settings of a run that begins with a checkpoint's weights, to make them fit a few minutes of another voice.
//
// The network's shape is the checkpoint's, but that it may get more mel corrections. So is the prior: the network knows
// speech only as that prior whitens it, and a new fit would move the domain away under it; fitted on many voices, it fits
// one more. For mels of another format both are new, and the network's weights are carried over. A quarter of the usual
// learning rates and some minutes of steps move the weights towards the voice without forgetting what speech is: what the
// network knows beyond the new recordings is why one begins with it.
import type { CheckpointConfig } from "../checkpoint/config.js";
import { InputError, TrainConfigError } from "../errors.js";
import { baseConfig, shapeOfRun, type TrainConfig, withSettings } from "./config.js";
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import type { Settings } from "../models/architecture.js";
import { architectureOf } from "../models/registry.js";
import type { WeightSpec } from "../models/weights.js";
import { formatsEqual, type MelFormat } from "../mel/format.js";
import { fillNormals, type Seed } from "../diffusion/noise.js";
import type { TensorValue } from "../engine/engine.js";
import { purposes, StepRandom } from "./draws.js";

// Start values of weights, from a seed: constant, uniform or orthonormal as each weight says.

/**
 * Start values of weights, the same for the same seed.
 *
 * @param first the number of the first weight's draw: networks of one seed that start apart are far from each other
 */
export function initialise(specs: readonly WeightSpec[], seed: Seed, first = 0): Record<string, TensorValue> {
  return Object.fromEntries(
    specs.map(({ name, shape, start }, position) => {
      const index = first + position;
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

/** A network cannot be finished, since it cannot start from pulses. */
export class CannotFinishError extends TrainConfigError {
  constructor() {
    super(
      "This network cannot start from pulses, which finishing needs: it has no spectral prior or no excitation model. " +
        "Leave --finish out, or give the run an excitation model with --excitation-steps 1000.",
    );
  }
}

/** Samples that the waveforms of a crop have to have in common. */
const FEWEST_COMPARED = 2048;

/**
 * Checks that a run with a finishing phase can come to its end.
 *
 * @param start the weights that it begins with, named as in a checkpoint
 * @throws TrainConfigError
 */
export function checkFinishing(
  config: TrainConfig,
  { hopLength }: MelFormat,
  start: Readonly<Record<string, unknown>> | undefined,
): void {
  if (config.finishSteps === 0) return;
  const hasExcitation = Object.keys(start ?? {}).some((name) => name.startsWith("excitation."));
  const isSpectral = architectureOf(config.denoiser).prior === "spectral";
  if (!isSpectral || !(hasExcitation || config.excitationSteps > 0)) throw new CannotFinishError();
  if (config.steps === 0 && !start) {
    throw new TrainConfigError(
      "'steps' is 0, and there are no weights to finish. Name a checkpoint with --from, or give the network steps.",
    );
  }
  // the outermost hop of a crop is not compared
  const fewest = Math.ceil(FEWEST_COMPARED / hopLength) + 2;
  if (config.finishCropFrames < fewest) {
    throw new TrainConfigError(
      `'finishCropFrames' is ${config.finishCropFrames}, and its losses need ${fewest} frames or more.`,
    );
  }
}

/** Checks that a voice can be a beginning for mels of a format. @throws InputError */
export async function checkTransfer(
  { denoiser, mel }: Pick<CheckpointConfig, "denoiser" | "mel">,
  to: MelFormat,
): Promise<void> {
  if (formatsEqual(mel, to)) return;
  const { transfer } = architectureOf(denoiser.kind).training;
  const fault = transfer ? (await transfer()).fault(mel, to) : "Its network knows no format but its own.";
  if (fault === undefined) return;
  throw new InputError(
    `What --from names cannot be carried over to this --format. ${fault} Leave one of the two options out.`,
  );
}

/**
 * A checkpoint's weights in the shape of a run that begins with them, which may have grown, and for its mel format.
 *
 * @param to a format that checkTransfer lets pass
 */
export async function startWeights(
  { config: { denoiser, mel }, weights }: Checkpoint,
  config: TrainConfig,
  to: MelFormat,
): Promise<Checkpoint["weights"]> {
  const { growth, transfer } = architectureOf(denoiser.kind).training;
  const carried = formatsEqual(mel, to)
    ? weights
    : (await transfer!()).weights(weights, denoiser.shape, mel, to);
  return growth?.weights(carried, denoiser.shape, shapeOfRun(config), to) ?? carried;
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
 * @param isTransferred whether the run has another mel format: it then has much to learn, at the usual rates
 * @throws TrainConfigError for what withSettings refuses, and for another shape than the checkpoint's
 */
export function fineTuningConfig(
  checkpoint: Pick<CheckpointConfig, "denoiser" | "logSnrRange">,
  name: string,
  changes: Readonly<Record<string, unknown>>,
  isTransferred = false,
): TrainConfig {
  const { kind, training } = architectureOf(checkpoint.denoiser.kind);
  const shape = { denoiser: kind, ...training.settingsOf(checkpoint.denoiser.shape) } as Settings;
  const usual = baseConfig(kind);
  const base: TrainConfig = {
    ...usual,
    ...(!isTransferred && {
      ...fineTuningSettings,
      adamWRate: RATE_SHARE * usual.adamWRate,
      muonRate: RATE_SHARE * usual.muonRate,
    }),
    lowestLogSnr: checkpoint.logSnrRange[0],
    highestLogSnr: checkpoint.logSnrRange[1],
    ...shape,
  };
  const config = withSettings(base, changes);
  for (const key of Object.keys(shape)) {
    if (String(config[key]) === String(shape[key])) continue;
    if (training.growth?.settings.includes(key) && Number(config[key]) > Number(shape[key])) continue;
    throw new TrainConfigError(
      `'${key}' is ${String(shape[key])} in the checkpoint '${name}', which training begins with, and cannot become ` +
        `${String(config[key])}. Leave it out.`,
    );
  }
  return config;
}
