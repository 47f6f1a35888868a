// The training of the small network on the three hills, step by step, with a snapshot now and then to scrub through.
import { mixWithNoise } from "../../src/diffusion/forward-process.js";
import { noisePredictionLoss } from "../../src/diffusion/noise-prediction.js";
import { seededNoise } from "../../src/diffusion/samplers/sampling-plan.js";
import { exactDenoiser } from "../../src/diffusion/toy/exact-score.js";
import { drawFrom } from "../../src/diffusion/toy/gaussian-mixture.js";
import { threeHills } from "./mixtures.js";
import {
  Adam,
  initialWeights,
  inputsFor,
  lossAndGradient,
  predict,
  WEIGHTS,
  writeInputs,
} from "./network.js";

/** The levels that the network is trained on. */
export const LOWEST_LEVEL = -6;
export const HIGHEST_LEVEL = 7;
/** Training steps from one snapshot to the next, and snapshots after the first. */
export const STEPS_A_SNAPSHOT = 30;
export const SNAPSHOTS = 100;

const LEVELS = 16;
const RATE = 4e-3;
const trainingNoise = seededNoise(3);
const heldOutNoise = seededNoise(4);

/** Noisy examples at several levels: what the network is told, and the noise that it should guess. */
interface Examples {
  readonly levels: readonly number[];
  /** [levels · points, 4] */
  readonly inputs: Float64Array;
  /** [levels · points] */
  readonly z: Float32Array;
  readonly noise: Float32Array;
}

/** Draws examples at levels that are spread evenly, shifted a little with each draw. */
function examples(source: typeof trainingNoise, draw: number, levels: number, points: number): Examples {
  const count = levels * points;
  const data = drawFrom(threeHills, count, source, 2 * draw);
  const noise = new Float32Array(count);
  source(noise, 2 * draw + 1);
  const shift = (draw * 0.6180339887) % 1;
  const inputs = inputsFor(count);
  const z = new Float32Array(count);
  const chosen = Array.from({ length: levels }, (_, i) => {
    const logSnr = LOWEST_LEVEL + ((HIGHEST_LEVEL - LOWEST_LEVEL) * (i + shift)) / levels;
    const from = i * points;
    const part = mixWithNoise(
      data.subarray(from, from + points),
      noise.subarray(from, from + points),
      logSnr,
    );
    z.set(part, from);
    writeInputs(part, logSnr, inputs, from);
    return logSnr;
  });
  return { levels: chosen, inputs, z, noise };
}

let drawn: Examples | undefined;

/** The examples that the network is measured on. */
function heldOut(): Examples {
  drawn ??= examples(heldOutNoise, 0, 32, 24);
  return drawn;
}

/** The loss of the perfect denoiser on the held-out examples: no network gets below it but by luck. */
export async function perfectLoss(): Promise<number> {
  const { noise, levels, z } = heldOut();
  const points = noise.length / levels.length;
  const guess = new Float32Array(noise.length);
  const denoiser = exactDenoiser(threeHills);
  for (const [i, logSnr] of levels.entries()) {
    guess.set(await denoiser(z.slice(i * points, (i + 1) * points), logSnr), i * points);
  }
  return noisePredictionLoss(guess, noise, "l2");
}

/** The network at some point of its training. */
export interface Snapshot {
  readonly weights: Float64Array;
  /** On the held-out examples. */
  readonly loss: number;
}

/** A training that goes on when it is asked to. */
export class Training {
  /** From the untrained network on. */
  readonly snapshots: Snapshot[] = [];
  readonly #weights = initialWeights(7);
  readonly #gradient = new Float64Array(WEIGHTS);
  readonly #adam = new Adam();
  #steps = 0;

  constructor() {
    this.#keep();
  }

  /** Takes one step; keeps a snapshot where one is due. */
  step(): void {
    const { inputs, noise } = examples(trainingNoise, this.#steps, LEVELS, 8);
    lossAndGradient(this.#weights, inputs, noise, this.#gradient);
    const left = 1 - this.#steps / (SNAPSHOTS * STEPS_A_SNAPSHOT);
    this.#adam.step(this.#weights, this.#gradient, RATE * Math.max(left, 0.02));
    this.#steps++;
    if (this.#steps % STEPS_A_SNAPSHOT === 0) this.#keep();
  }

  #keep(): void {
    const weights = this.#weights.slice();
    const { inputs, noise } = heldOut();
    const loss = noisePredictionLoss(predict(weights, inputs), noise, "l2");
    this.snapshots.push({ weights, loss });
  }
}
