import { describe, expect, it } from "vitest";
import { atSpeed } from "../../../src/training/corpus/prepare-recording.js";

function sine(frequency: number, count: number, rate = 22050): Float32Array {
  return Float32Array.from({ length: count }, (_, n) => Math.sin((2 * Math.PI * frequency * n) / rate));
}

/** The largest value, away from the ends. */
function largest(values: Float32Array): number {
  return values.slice(500, -500).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function decibels(values: Float32Array): number {
  return 20 * Math.log10(largest(values));
}

describe("atSpeed", () => {
  it.each([0.8, 0.88, 1.14, 1.25])("moves time and pitch by %f, exactly in phase", async (speed) => {
    for (const frequency of [100, 3000, 7000]) {
      const copy = await atSpeed(sine(frequency, 10_000), 22050, 22050, speed);
      expect(copy.length).toBe(Math.round(10_000 / speed));
      const expected = sine(frequency * speed, copy.length);
      expect(decibels(copy.map((value, n) => value - expected[n]))).toBeLessThan(-75);
    }
  });

  it("lets nothing fold over that the copy's rate cannot hold", async () => {
    // 9.5 kHz would become 11.9, which folds to 10.2
    expect(decibels(await atSpeed(sine(9500, 10_000), 22050, 22050, 1.25))).toBeLessThan(-75);
  });

  it("goes from another rate in one step", async () => {
    const copy = await atSpeed(sine(5000, 20_000, 48_000), 48_000, 22050, 0.88);
    expect(copy.length).toBe(Math.round((20_000 * 22050) / 48_000 / 0.88));
    const expected = sine(4400, copy.length);
    expect(decibels(copy.map((value, n) => value - expected[n]))).toBeLessThan(-75);
  });

  it("keeps a constant constant", async () => {
    const copy = await atSpeed(new Float32Array(5000).fill(0.5), 22050, 22050, 0.88);
    expect(largest(copy.map((value) => value - 0.5))).toBeLessThan(1e-6);
  });

  it("leaves the recording as it is at speed 1", async () => {
    const samples = sine(100, 1000);
    expect(await atSpeed(samples, 22050, 22050, 1)).toBe(samples);
  });

  it("takes speeds without a short fraction too", async () => {
    const copy = await atSpeed(sine(1000, 10_000), 22050, 22050, Math.SQRT2);
    expect(copy.length).toBe(Math.round(10_000 / Math.SQRT2));
    expect(largest(copy)).toBeGreaterThan(0.9);
  });
});
