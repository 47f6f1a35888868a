// Crops of utterances, each position of a crop in any of them about as likely as any other.
import type { Utterance } from "./crop-source.js";
import type { StepRandom } from "./random.js";

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
