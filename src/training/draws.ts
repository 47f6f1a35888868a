// Random choices of training as functions of (seed, step): nothing has to be remembered to continue a run exactly.
import { keyFromSeed, type Seed } from "../diffusion/noise.js";
import { philox4x32 } from "../diffusion/noise/normals.js";
import type { MelFormat } from "../mel/format.js";
import type { Smoothing } from "../mel/smoothing.js";
import type { TrainConfig } from "./config.js";

// Where training takes its crops from. A corpus on disk is one; tests make others.

/** One recording, or a copy of it at another speed. */
export interface Utterance {
  readonly name: string;
  readonly speed: number;
  /** Kept back from training, to measure it. */
  readonly heldOut: boolean;
  /** Whole mel frames. */
  readonly frames: number;
}

/** Recordings and their mels, read piece by piece. */
export interface CropSource {
  readonly format: MelFormat;
  readonly utterances: readonly Utterance[];
  /** Samples first … first+count into `target` from index `at` on, zeros outside the recording. */
  readSamples(utterance: Utterance, first: number, count: number, target: Float32Array, at: number): void;
  /** Natural-log mel frames first … first+count, ln(floor) outside the recording. */
  readMel(utterance: Utterance, first: number, count: number, target: Float32Array, at: number): void;
}

/** Tells the pitch of recordings. */
export interface PitchSource {
  /** Frames first … first+count, six values each: Hz, 0 where there is no voice, then the voicing of five bands. */
  readPitch(utterance: Utterance, first: number, count: number, target: Float32Array, at: number): void;
}

/** What the numbers are drawn for; each purpose has a stream of its own. */
export const purposes = {
  crops: 1,
  levels: 2,
  gains: 3,
  noise: 4,
  weights: 5,
  excitation: 6,
  smoothing: 7,
  sampler: 8,
} as const;

/** A source of uniform numbers for one step and purpose. */
export class StepRandom {
  readonly #key: readonly [number, number];
  readonly #counter: Uint32Array;
  readonly #block = new Uint32Array(4);
  #drawn = 0;

  constructor(seed: Seed, purpose: keyof typeof purposes, step: number) {
    this.#key = keyFromSeed(seed);
    // the noise itself counts samples in the first two words and steps in the third
    this.#counter = Uint32Array.of(0, 0, step, 0x8000_0000 + purposes[purpose]);
  }

  /** The next number in [0, 1). */
  uniform(): number {
    const word = this.#drawn % 4;
    if (word === 0) {
      this.#block.set(this.#counter);
      this.#block[0] = this.#drawn / 4;
      philox4x32(this.#block, this.#key[0], this.#key[1]);
    }
    this.#drawn++;
    return this.#block[word] / 2 ** 32;
  }

  /** The next number in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }
}

// Crops of utterances, each position of a crop in any of them about as likely as any other.

/** Where a crop is cut. */
export interface Crop {
  readonly utterance: Utterance;
  /** Its first frame. */
  readonly frame: number;
}

/** Draws crops of one length. */
export class CropDraw {
  readonly #utterances: readonly Utterance[];
  readonly #cropFrames: number;
  /** Frames in the utterances up to and including each. */
  readonly #ends: Float64Array;

  /** @param utterances each at least as long as a crop */
  constructor(utterances: readonly Utterance[], cropFrames: number) {
    this.#utterances = utterances;
    this.#cropFrames = cropFrames;
    let end = 0;
    this.#ends = Float64Array.from(this.#utterances, ({ frames }) => (end += frames));
  }

  /** The next crop: an utterance by its length, then a place in it. */
  next(random: StepRandom): Crop {
    const wanted = random.uniform() * this.#ends[this.#ends.length - 1];
    const utterance = this.#utterances[this.#ends.findIndex((end) => end > wanted)];
    const positions = utterance.frames - this.#cropFrames + 1;
    return { utterance, frame: Math.floor(random.uniform() * positions) };
  }
}

/** How much a crop's mel is smoothed, up to the strengths of the settings. */
export function drawSmoothing(
  { smoothBands, smoothFrames, smoothNoise }: TrainConfig,
  random: StepRandom,
): Smoothing {
  return {
    bands: random.between(0, smoothBands),
    frames: random.between(0, smoothFrames),
    noise: random.between(0, smoothNoise),
  };
}
