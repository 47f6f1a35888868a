// Random choices of training as functions of (seed, step): nothing has to be remembered to continue a run exactly.
import { keyFromSeed, type Seed } from "../diffusion/noise/seed.js";
import { philox4x32 } from "../diffusion/noise/philox.js";

/** What the numbers are drawn for; each purpose has a stream of its own. */
export const purposes = { crops: 1, levels: 2, gains: 3, noise: 4, weights: 5, excitation: 6 } as const;

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
