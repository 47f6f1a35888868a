// Damaged files for parsers: a valid one with bits flipped, pieces cut, doubled or exchanged, and fields overwritten with
// the numbers that break parsers. fast-check draws the damage, so a failure comes back with its seed and shrinks.
import fc from "fast-check";

/** Numbers that sizes, lengths and offsets are broken with, up to 2⁶⁴ − 1. */
const extremes = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

type Damage = (bytes: Buffer) => Buffer;

/** Where damage strikes: anywhere, or, half of the time, in the first bytes, where the header is. */
const place = fc.tuple(fc.boolean(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));

function offsetIn(length: number, [anywhere, share]: readonly [boolean, number]): number {
  return Math.floor(share * (anywhere ? length : Math.min(length, 300)));
}

const truncation = place.map(
  (at): Damage =>
    (bytes) =>
      bytes.subarray(0, offsetIn(bytes.length, at)),
);

const bitFlip = fc.tuple(place, fc.nat(7)).map(([at, bit]): Damage => (bytes) => {
  if (bytes.length > 0) bytes[offsetIn(bytes.length, at)] ^= 1 << bit;
  return bytes;
});

const overwrite = fc
  .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 8 }))
  .map(([at, patch]): Damage => (bytes) => {
    const offset = offsetIn(bytes.length, at);
    bytes.set(patch.subarray(0, bytes.length - offset), offset);
    return bytes;
  });

const extremeField = fc
  .tuple(place, fc.constantFrom(...extremes), fc.constantFrom(1, 2, 4, 8), fc.boolean())
  .map(([at, value, size, bigEndian]): Damage => (bytes) => {
    const field = Buffer.alloc(8);
    field.writeBigUInt64LE(value);
    const patch = field.subarray(0, size);
    if (bigEndian) patch.reverse();
    const offset = offsetIn(bytes.length, at);
    bytes.set(patch.subarray(0, bytes.length - offset), offset);
    return bytes;
  });

/** Replaces one run of digits, so that headers of text lie about their numbers too. */
const extremeDigits = fc
  .tuple(fc.nat(), fc.constantFrom("", "-1", "1e9", "0.5", ...extremes.map(String)))
  .map(([which, digits]): Damage => (bytes) => {
    const head = bytes.subarray(0, 2000).toString("latin1");
    const runs = [...head.matchAll(/\d+/g)];
    if (runs.length === 0) return bytes;
    const run = runs[which % runs.length];
    return Buffer.concat([
      bytes.subarray(0, run.index),
      Buffer.from(digits),
      bytes.subarray(run.index + run[0].length),
    ]);
  });

const splice = fc.tuple(place, place, place).map(([from, to, target]): Damage => (bytes) => {
  const [start, end] = [offsetIn(bytes.length, from), offsetIn(bytes.length, to)].sort((a, b) => a - b);
  const offset = offsetIn(bytes.length, target);
  return Buffer.concat([bytes.subarray(0, offset), bytes.subarray(start, end), bytes.subarray(offset)]);
});

/**
 * Arbitrary damaged copies of valid files.
 *
 * @param originals at least one valid file
 */
export function mutated(originals: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const damage = fc.oneof(truncation, bitFlip, overwrite, extremeField, extremeDigits, splice);
  return fc
    .tuple(fc.constantFrom(...originals), fc.array(damage, { minLength: 1, maxLength: 4 }))
    .map(([original, damages]) =>
      damages.reduce<Buffer>((bytes, strike) => strike(bytes), Buffer.from(original)),
    );
}
