// The closed ends of an MDCT (models/mdct.ts says how they come about) for the kernel, whose transform is open at both
// ends: before it a signal is continued by half a hop on each side, and behind it the outermost samples are divided.
import { endTangents, sine } from "./tables.js";

/** The ends of signals of whole hops. */
export class ClosedEnds {
  readonly #tangents: Float32Array;
  readonly #edge: Float32Array;

  constructor(hop: number) {
    this.#tangents = endTangents(hop);
    this.#edge = sine(hop, 1).slice(hop / 2, hop);
  }

  /**
   * Continues a signal.
   *
   * @param before receives the half hop before it
   * @param behind receives the half hop behind it
   */
  continueBeyond(signal: Float32Array, before: Float32Array, behind: Float32Array): void {
    const half = this.#tangents.length;
    const last = signal.length - 1;
    for (let n = 0; n < half; n++) {
      before[half - 1 - n] = -this.#tangents[half - 1 - n] * signal[n];
      behind[n] = this.#tangents[half - 1 - n] * signal[last - n];
    }
  }

  /** Divides what only one frame covers of a signal by its window. */
  divide(signal: Float32Array): void {
    const last = signal.length - 1;
    for (let n = 0; n < this.#edge.length; n++) {
      signal[n] /= this.#edge[n];
      signal[last - n] /= this.#edge[n];
    }
  }
}
