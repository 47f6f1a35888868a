import { describe, expect, it } from "vitest";
import { keyFromSeed, parseSeed, SeedError } from "../../src/diffusion/noise.js";

describe("seeds", () => {
  it("splits a 64-bit seed into the two words of the key", () => {
    expect(keyFromSeed(0)).toEqual([0, 0]);
    expect(keyFromSeed(2 ** 32 + 5)).toEqual([5, 1]);
    expect(keyFromSeed(0x299f31d0_a4093822n)).toEqual([0xa4093822, 0x299f31d0]);
    expect(keyFromSeed(2n ** 64n - 1n)).toEqual([0xffffffff, 0xffffffff]);
  });

  it("gives a number and the same bigint the same key", () => {
    for (const seed of [0, 7, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      expect(keyFromSeed(BigInt(seed))).toEqual(keyFromSeed(seed));
    }
  });

  it("reads decimal and hexadecimal text", () => {
    expect(parseSeed("42")).toBe(42);
    expect(parseSeed(" 0xFF ")).toBe(255);
    expect(parseSeed("18446744073709551615")).toBe(2n ** 64n - 1n);
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53, -1n, 2n ** 64n])("refuses %s", (seed) => {
    expect(() => keyFromSeed(seed)).toThrow(SeedError);
  });

  it("says of a negative number that it is negative", () => {
    expect(() => parseSeed("-1")).toThrow(/^The seed -1 is negative\./);
  });

  it.each(["", "-1", "1.5", "1e3", "abc", "0x", "18446744073709551616"])("refuses the text '%s'", (text) => {
    expect(() => parseSeed(text)).toThrow(/Use a whole number from 0 to 18446744073709551615/);
  });
});
