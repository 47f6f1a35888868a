// Whether a recording was cut off at full scale while it was made: its loudest samples then stand in rows.
import type { Recording, RecordingSource } from "./recording.js";

/** Loud samples in a row below which a full-scale peak passes for a peak. */
const SHORTEST_RUN = 3;

/**
 * Counts the samples that seem clipped: those at or beyond full scale with at least two like them beside them, on one
 * side of zero. A recording that was scaled to a peak of 1 has none.
 */
export class ClippingCounter {
  readonly #threshold: number;
  #clipped = 0;
  /** Loud samples up to the latest one, and their side of zero; the row may go on in the next piece. */
  #run = 0;
  #side = 0;

  /** @param source what the samples were read from: its encoding says where full scale is */
  constructor(source: RecordingSource) {
    // the largest positive integer of b bits is 2^(b−1)−1 and reads as a little less than 1
    const fullScale = source.encoding.includes("float") ? 1 : 1 - 2 ** (1 - source.bitDepth);
    this.#threshold = fullScale - 1e-6;
  }

  /** Clipped samples among those taken. */
  get clippedSamples(): number {
    return this.#clipped;
  }

  /** Takes the recording's next samples, any number of them. */
  take(samples: Float32Array): void {
    // locals: this runs for every sample of a corpus
    const threshold = this.#threshold;
    let [clipped, run, side] = [this.#clipped, this.#run, this.#side];
    for (const sample of samples) {
      const sampleSide = Math.abs(sample) >= threshold ? Math.sign(sample) : 0;
      run = sampleSide !== 0 && sampleSide === side ? run + 1 : Math.abs(sampleSide);
      side = sampleSide;
      if (run === SHORTEST_RUN) clipped += SHORTEST_RUN;
      else if (run > SHORTEST_RUN) clipped++;
    }
    [this.#clipped, this.#run, this.#side] = [clipped, run, side];
  }
}

/** How many samples of a whole recording seem clipped. */
export function countClippedSamples({ samples, source }: Recording): number {
  const counter = new ClippingCounter(source);
  counter.take(samples);
  return counter.clippedSamples;
}
