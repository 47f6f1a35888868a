// Seeds: 64-bit whole numbers, however they were written, as the two words of a Philox key.
import { InputError } from "../../errors.js";

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
