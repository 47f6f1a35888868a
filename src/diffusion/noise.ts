// Seeded Gaussian noise that is addressed, not drawn in turn: the normal at (seed, step, sample) is always the same,
// whoever asks, in whatever order and in pieces of whatever size. So tiles, threads and streams all agree.
// Philox-4x32-10 keyed by the seed scrambles the counter (block of four samples, step); Box–Muller makes normals.
import { InputError } from "../errors.js";
import { BLOCK_LENGTH, fillBlocks, type NoiseStream } from "./noise/normals.js";
import { loadSimdFiller, type NormalsFiller } from "./noise/normals-simd.js";
import { keyFromSeed, type Seed } from "./noise/seed.js";

export { parseSeed, SeedError, type Seed } from "./noise/seed.js";

/** Where in the endless noise of a seed a piece lies. */
export interface NoiseAddress {
  readonly seed: Seed;
  /** Which of the 2⁵³ independent noise signals of the seed, e.g. the number of the reverse step. */
  readonly step: number;
  /** Absolute index of the first sample wanted, 0 … 2⁵³−1; 0 where it is left out. */
  readonly start?: number;
}

/** A step or sample index that is not a whole number from 0 to 2⁵³−1. */
export class NoiseAddressError extends InputError {
  constructor(
    readonly field: "step" | "start",
    readonly value: number,
  ) {
    super(
      `The noise's ${field} is ${value}; it has to be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`,
    );
  }
}

/**
 * Fills an array with the standard normals at the samples start … start+T−1 of a seed and step.
 *
 * @param out receives N(0, 1) noise in float32, [T]
 * @returns out
 * @throws SeedError, NoiseAddressError for an address out of range
 */
export function fillNormals(out: Float32Array, { seed, step, start = 0 }: NoiseAddress): Float32Array {
  const [key0, key1] = keyFromSeed(seed);
  checkIndex("step", step);
  checkIndex("start", start);
  filler ??= loadSimdFiller() ?? fillNormalsPlainly;
  filler(out, start, { key0, key1, step });
  return out;
}

let filler: NormalsFiller | undefined;

/** The same normals without WebAssembly: whole blocks, of which the wanted samples are copied. */
export function fillNormalsPlainly(out: Float32Array, start: number, stream: NoiseStream): void {
  const skip = start % BLOCK_LENGTH;
  const blocks = new Float32Array(Math.ceil((skip + out.length) / BLOCK_LENGTH) * BLOCK_LENGTH);
  fillBlocks(blocks, (start - skip) / BLOCK_LENGTH, stream);
  out.set(blocks.subarray(skip, skip + out.length));
}

function checkIndex(field: "step" | "start", value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new NoiseAddressError(field, value);
}
