// The normals of a seed, by definition: block b of a step holds the samples 4b … 4b+3, made from the four Philox words
// of the counter (b, step) under the seed's key. This is the reference for the SIMD kernel and stands in where there
// is no WebAssembly SIMD.
import { boxMuller } from "./box-muller.js";
import { philox4x32 } from "./philox.js";

/** Samples that one counter gives. */
export const BLOCK_LENGTH = 4;

const WORDS = 2 ** 32;

/** Which noise: the words of a Philox key and the step. */
export interface NoiseStream {
  readonly key0: number;
  readonly key1: number;
  /** 0 … 2⁵³−1. */
  readonly step: number;
}

/** A whole number up to 2⁵³ as [lower 32 bits, upper bits]. */
export function splitWords(value: number): readonly [number, number] {
  return [value % WORDS, Math.floor(value / WORDS)];
}

/**
 * Fills whole blocks.
 *
 * @param out receives the normals, [4·blocks]
 * @param firstBlock index of the first block
 */
export function fillBlocks(out: Float32Array, firstBlock: number, { key0, key1, step }: NoiseStream): void {
  const counter = new Uint32Array(4);
  const [stepLow, stepHigh] = splitWords(step);
  for (let at = 0; at < out.length; at += BLOCK_LENGTH) {
    const [blockLow, blockHigh] = splitWords(firstBlock + at / BLOCK_LENGTH);
    counter[0] = blockLow;
    counter[1] = blockHigh;
    counter[2] = stepLow;
    counter[3] = stepHigh;
    philox4x32(counter, key0, key1);
    boxMuller(out, at, counter[0], counter[1]);
    boxMuller(out, at + 2, counter[2], counter[3]);
  }
}
