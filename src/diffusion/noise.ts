// Seeded Gaussian noise that is addressed, not drawn in turn: the normal at (seed, step, sample) is always the same,
// whoever asks, in whatever order and in pieces of whatever size. So tiles, threads and streams all agree.
// Philox-4x32-10 keyed by the seed scrambles the counter (block of four samples, step); Box–Muller makes normals.
import { InputError } from "../errors.js";
import {
  BLOCK_LENGTH,
  fillBlocks,
  loadSimdFiller,
  type NoiseStream,
  type NormalsFiller,
} from "./noise/normals.js";

// Seeds: 64-bit whole numbers, however they were written, as the two words of a Philox key.

/** A seed: a whole number from 0 to 2⁵³−1, or a bigint from 0 to 2⁶⁴−1; equal numbers give equal noise. */
export type Seed = number | bigint;

const WORDS = 2 ** 32;

/** A seed that is not a whole number of the allowed range; `seed` is what was given. */
export class SeedError extends InputError {
  constructor(
    readonly seed: unknown,
    problem: string,
  ) {
    super(
      `The seed ${String(seed)} ${problem}. Use a whole number from 0 to 18446744073709551615 (2^64 - 1), ` +
        `as text or bigint if it is above ${Number.MAX_SAFE_INTEGER}.`,
    );
  }
}

/**
 * A seed as the two words of a Philox key.
 *
 * @returns [lower 32 bits, upper 32 bits], unsigned
 * @throws SeedError for anything but a whole number of the allowed range
 */
export function keyFromSeed(seed: Seed): readonly [number, number] {
  if (typeof seed === "bigint") {
    if (seed < 0n || seed >= 1n << 64n) throw new SeedError(seed, "is out of range");
    return [Number(seed & 0xffffffffn), Number(seed >> 32n)];
  }
  if (!Number.isInteger(seed)) throw new SeedError(seed, "is not a whole number");
  if (seed < 0) throw new SeedError(seed, "is negative");
  if (seed > Number.MAX_SAFE_INTEGER) throw new SeedError(seed, "is too large for an exact number");
  return [seed % WORDS, Math.floor(seed / WORDS)];
}

/**
 * Reads a seed from text, decimal or hexadecimal with 0x.
 *
 * @throws SeedError for anything else
 */
export function parseSeed(text: string): Seed {
  const trimmed = text.trim();
  if (/^-\d+$/.test(trimmed)) throw new SeedError(trimmed, "is negative");
  if (!/^(\d+|0x[\da-f]+)$/i.test(trimmed)) throw new SeedError(`'${text}'`, "is not a whole number");
  const seed = BigInt(trimmed);
  keyFromSeed(seed);
  return seed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seed) : seed;
}

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
