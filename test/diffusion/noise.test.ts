import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillNormals, fillNormalsPlainly, NoiseAddressError } from "../../src/diffusion/noise.js";
import { normalDistribution, testAgainst } from "../support/kolmogorov-smirnov.js";

const normals = (count: number, seed: number, step: number, start = 0): Float32Array =>
  fillNormals(new Float32Array(count), { seed, step, start });

/** Bit for bit, so that −0 and 0 differ. */
function sameBits(a: Float32Array, b: Float32Array): boolean {
  const bytes = [a, b].map((values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  return bytes[0].equals(bytes[1]);
}

function correlation(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0) / a.length;
}

describe("fillNormals", () => {
  it("gives every sample the same bits in any order and any chunking", () => {
    const whole = normals(50_000, 1, 2, 1000);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 49_999 }), fc.integer({ min: 0, max: 20_000 }), (at, length) => {
        const count = Math.min(length, whole.length - at);
        expect(sameBits(normals(count, 1, 2, 1000 + at), whole.subarray(at, at + count))).toBe(true);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it("is the plain TypeScript definition, bit for bit", () => {
    const places = [0, 1, 7, 2 ** 32 * 4 - 9, 2 ** 34 - 20_000, 2 ** 53 - 40_000];
    for (const start of places) {
      for (const step of [0, 3, 2 ** 32, 2 ** 53 - 1]) {
        const plain = new Float32Array(33_000);
        fillNormalsPlainly(plain, start, { key0: 0x89abcdef, key1: 0x12345, step });
        const seed = 0x12345_89abcdefn;
        const fast = fillNormals(new Float32Array(33_000), { seed, step, start });
        expect(sameBits(fast, plain)).toBe(true);
      }
    }
  });

  it("is the published stream: these bits must never change", () => {
    expect([...normals(4, 0, 0)]).toEqual([
      0.9911375641822815, -0.9246625900268555, -0.6176089644432068, -0.48206859827041626,
    ]);
  });

  it("differs between seeds, steps and distant samples", () => {
    const reference = normals(64, 1, 1);
    for (const other of [normals(64, 2, 1), normals(64, 1, 2), normals(64, 1, 1, 2 ** 40)]) {
      expect(other).not.toEqual(reference);
    }
    expect(normals(64, 1, 2 ** 32)).not.toEqual(normals(64, 1, 0));
  });

  it("fills an empty array and one that is part of a larger buffer", () => {
    expect(normals(0, 1, 1)).toHaveLength(0);
    const buffer = new Float32Array(30).fill(9);
    fillNormals(buffer.subarray(5, 25), { seed: 1, step: 1 });
    expect(buffer.subarray(5, 25)).toEqual(normals(20, 1, 1));
    expect([...buffer.subarray(0, 5), ...buffer.subarray(25)]).toEqual(Array(10).fill(9));
  });

  it.each([-1, 0.5, NaN, 2 ** 53])("refuses %s as a step or a start", (value) => {
    expect(() => normals(1, 0, value)).toThrow(NoiseAddressError);
    expect(() => normals(1, 0, 0, value)).toThrow(/start is .* whole number from 0 to 9007199254740991/);
  });
});

describe("the distribution of the noise", () => {
  const count = 1_000_000;
  const samples = normals(count, 20, 0);

  it("is standard normal: Kolmogorov–Smirnov, seed 20, p = 0.786", () => {
    const { p } = testAgainst(samples, normalDistribution);
    expect(p).toBeCloseTo(0.786, 3);
  });

  it("has the moments 0, 1, 0, 3 to four standard errors", () => {
    const moment = (order: number): number => samples.reduce((sum, x) => sum + x ** order, 0) / count;
    // the variance of xⁿ is (2n−1)!! − (n even: ((n−1)!!)²)
    for (const [order, expected, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
      [5, 0, 945],
      [6, 15, 10_170],
    ]) {
      expect(Math.abs(moment(order) - expected)).toBeLessThan(4 * Math.sqrt(variance / count));
    }
  });

  it("has no correlation between neighbours, steps and seeds, to four standard errors", () => {
    const bound = 4 / Math.sqrt(count - 16);
    for (let lag = 1; lag <= 16; lag++) {
      const later = normals(count - 16, 20, 0, lag);
      expect(Math.abs(correlation(samples.subarray(0, count - 16), later))).toBeLessThan(bound);
    }
    for (const other of [normals(count, 20, 1), normals(count, 21, 0), normals(count, 20, 2 ** 32)]) {
      expect(Math.abs(correlation(samples, other))).toBeLessThan(bound);
      // squares too: Box–Muller shares one radius between two samples
      const squares = (values: Float32Array): Float32Array => values.map((x) => (x * x - 1) / Math.SQRT2);
      expect(Math.abs(correlation(squares(samples), squares(other)))).toBeLessThan(bound);
    }
    const squares = samples.map((x) => (x * x - 1) / Math.SQRT2);
    expect(Math.abs(correlation(squares.subarray(0, count - 1), squares.subarray(1)))).toBeLessThan(bound);
  });
});
