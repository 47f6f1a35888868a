// The dev measure: the mean squared error of ε̂ over all non-overlapping crops of the held-out recordings, at fixed
// levels with fixed noise, unweighted. The same in every run on the same recordings, whatever crops it trains on, so runs
// compare.
import * as tf from "@tensorflow/tfjs-core";
import { fillNormals } from "../diffusion/noise.js";
import { weightsOf } from "../models/weights.js";
import type { Program, Engine, TensorFunction, TensorValue } from "../engine/engine.js";
import { readCrops } from "./batches.js";
import type { CropSource, Utterance } from "./draws.js";
import { DEV_FRAMES, type DevError, devLogSnrs } from "./progress.js";
import { MARGIN, noiseError, prepareCrops } from "./crops.js";
import type { TrainConfig } from "./config.js";
import type { TrainingModel } from "./model.js";

/** Not to be changed: the noise of the measure. */
const NOISE_SEED = 20_260_101;
const NOISE_STEPS = 2 ** 41;

/** Measures networks of one shape on a fixed set of crops. */
export class DevMeasure {
  readonly #program: Program;
  readonly #source: CropSource;
  readonly #config: TrainConfig;
  readonly #crops: readonly { utterance: Utterance; frame: number }[];

  private constructor(program: Program, source: CropSource, config: TrainConfig) {
    this.#program = program;
    this.#source = source;
    this.#config = config;
    this.#crops = source.utterances
      .filter(({ heldOut, speed }) => heldOut && speed === 1)
      .flatMap((utterance) =>
        Array.from({ length: Math.floor(utterance.frames / DEV_FRAMES) }, (_, index) => ({
          utterance,
          frame: index * DEV_FRAMES,
        })),
      );
  }

  /** @param prior the fitted prior's weights */
  static async create(
    runtime: Engine,
    model: TrainingModel,
    config: TrainConfig,
    source: CropSource,
    prior: Readonly<Record<string, TensorValue>>,
    start: Readonly<Record<string, TensorValue>>,
  ): Promise<DevMeasure> {
    const { batch } = config;
    const { hopLength, bands } = model.format;
    const frames = DEV_FRAMES + 2 * MARGIN;
    const names = Object.keys(start);
    const measure: TensorFunction = (inputs, held) => {
      const { samples, mel, noise, logSnr } = inputs;
      const crops = prepareCrops(model, weightsOf(held), { samples, mel, gain: tf.zeros([batch]) });
      const network = weightsOf(Object.fromEntries(names.map((name) => [name, held[`network/${name}`]])));
      const error = tf.mean(tf.square(noiseError(model, network, crops, { noise, logSnr })), 1);
      return {
        error,
        ...Object.fromEntries(names.map((name) => [`network/${name}`, held[`network/${name}`]])),
      };
    };
    const program = await runtime.compile(measure, {
      inputs: {
        samples: { shape: [batch, frames * hopLength] },
        mel: { shape: [batch, frames, bands] },
        noise: { shape: [batch, DEV_FRAMES * hopLength] },
        logSnr: { shape: [batch] },
      },
      weights: prior,
      state: prefixed(start),
    });
    return new DevMeasure(program, source, config);
  }

  /** Crops that are measured; none where nothing is held out. */
  get crops(): number {
    return this.#crops.length;
  }

  /** The error of a network's weights. */
  async measure(weights: Readonly<Record<string, TensorValue>>): Promise<DevError> {
    await this.#program.writeState(prefixed(weights));
    const { batch } = this.#config;
    const samples = DEV_FRAMES * this.#source.format.hopLength;
    const sums = devLogSnrs.map(() => 0);
    for (let first = 0; first < this.#crops.length; first += batch) {
      // the last batch is filled up with its own first crops, which do not count
      const wanted = this.#crops.slice(first, first + batch);
      const filled = Array.from({ length: batch }, (_, item) => wanted[item % wanted.length]);
      const crops = readCrops(this.#source, filled, DEV_FRAMES);
      for (const [level, logSnr] of devLogSnrs.entries()) {
        const noise = new Float32Array(batch * samples);
        const address = { seed: NOISE_SEED, step: NOISE_STEPS + level, start: first * samples };
        const { error } = await this.#program.run({
          ...crops,
          noise: { data: fillNormals(noise, address), shape: [batch, samples] },
          logSnr: { data: new Float32Array(batch).fill(logSnr), shape: [batch] },
        });
        wanted.forEach((_, item) => {
          sums[level] += error.data[item];
        });
      }
    }
    const byLevel = sums.map((sum) => sum / this.#crops.length);
    return { byLevel, mean: byLevel.reduce((sum, value) => sum + value, 0) / byLevel.length };
  }

  /** Frees the compiled graph. */
  async dispose(): Promise<void> {
    await this.#program.dispose();
  }
}

function prefixed(weights: Readonly<Record<string, TensorValue>>): Record<string, TensorValue> {
  return Object.fromEntries(Object.entries(weights).map(([name, value]) => [`network/${name}`, value]));
}
