import { describe, expect, it } from "vitest";
import { averageDecay, rateFactor, type RateShape } from "../../../src/training/optimiser/optimiser.js";

describe("the learning rate", () => {
  const cases: readonly (readonly [RateShape, number, number, number])[] = [
    // the warm-up is linear over 100 steps
    ["cosine", 0, 10_000, 0.01],
    ["constant-linear", 0, 10_000, 0.01],
    ["constant-linear", 49, 10_000, 0.5],
    ["constant-linear", 99, 10_000, 1],
    ["constant-linear", 4_999, 10_000, 1],
    ["constant-linear", 5_000, 10_000, 1],
    ["constant-linear", 7_500, 10_000, 0.505],
    ["constant-linear", 10_000, 10_000, 0.01],
    ["cosine", 5_000, 10_000, 0.51],
    ["cosine", 2_500, 10_000, 0.02 + 0.98 * (0.5 + Math.SQRT1_2 / 2)],
    ["cosine", 10_000, 10_000, 0.02],
    ["linear", 0, 800, 1],
    ["linear", 200, 800, 0.75],
    ["linear", 799, 800, 1 / 800],
  ];
  it.each(cases)("%s at step %i of %i", (shape, step, total, expected) => {
    expect(rateFactor(shape, step, total)).toBeCloseTo(expected, 6);
  });

  it("multiplies warm-up and decay where a run is shorter than both", () => {
    expect(rateFactor("constant-linear", 30, 40)).toBeCloseTo(0.31 * 0.505, 6);
    expect(rateFactor("cosine", 20, 40)).toBeCloseTo(0.21 * 0.51, 6);
  });

  it.each(["cosine", "constant-linear", "linear"] as const)("%s never grows after its warm-up", (shape) => {
    for (let step = 100; step < 1000; step++) {
      expect(rateFactor(shape, step, 1000)).toBeLessThanOrEqual(rateFactor(shape, step - 1, 1000));
      expect(rateFactor(shape, step, 1000)).toBeGreaterThan(0);
    }
  });
});

describe("the average's decay", () => {
  it("is short at first and 0.999 in the end", () => {
    expect(averageDecay(0)).toBe(0.1);
    expect(averageDecay(90)).toBe(0.91);
    expect(averageDecay(8_000)).toBeLessThan(0.999);
    expect(averageDecay(9_000)).toBe(0.999);
    expect(averageDecay(1e6)).toBe(0.999);
  });
});
