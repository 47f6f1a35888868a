import { describe, expect, it } from "vitest";
import { measureMel } from "../../src/mel/likeness.js";

describe("measureMel", () => {
  // frames of 80 bands that rise by 1 a band, the even frames 100 higher
  const frames = 50_000;
  const values = Float32Array.from({ length: frames * 80 }, (_, i) => {
    return (i % 80) + (Math.floor(i / 80) % 2) * 100;
  });

  it.each([
    ["frames of a mel", 80],
    ["rows as long as an hour, of what is no mel", values.length / 2],
  ])("looks at few values of %s, and spread over all of them", (_, bands) => {
    let looked = 0;
    const found = measureMel(values, bands, (value) => {
      looked++;
      return value;
    });
    expect(looked).toBeLessThan(400_000);
    expect(found).toMatchObject({ minimum: 0, maximum: 179, roughness: 1 });
    expect(measureMel(values.subarray(0, 4000 * 80), 80).mean).toBeCloseTo(89.5, 3);
  });

  it("finds the range among all values", () => {
    const one = Float32Array.from(values);
    one[80 * 11_111 + 7] = -5;
    one[80 * 22_223 + 7] = 500;
    expect(measureMel(one, 80)).toMatchObject({ minimum: -5, maximum: 500 });
  });

  it("finds a spread that is small beside the mean, and none where all values are the same", () => {
    const silence = Math.fround(Math.log(1e-5));
    expect(measureMel(new Float32Array(4000).fill(silence), 80)).toMatchObject({
      mean: silence,
      standardDeviation: 0,
    });
    const narrow = Float32Array.from({ length: 4000 }, (_, i) => 4096 + (i % 2) * 2 ** -10);
    expect(measureMel(narrow, 80).standardDeviation).toBeCloseTo(2 ** -11, 12);
  });

  it("passes over what is no number", () => {
    expect(measureMel(Float32Array.of(1, NaN, 3, Infinity), 2)).toMatchObject({
      minimum: 1,
      maximum: 3,
      mean: 2,
      standardDeviation: 1,
    });
  });
});
