import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  allowedKnots,
  knotsOf,
  levelsOf,
  SMALLEST_GAP,
} from "../../../src/evaluation/tuning/level-search.js";

const limits = { first: [-8, -5], last: [1, 8] } as const;

describe("a level curve", () => {
  it("is the levels themselves up to six, and a line through six beyond", () => {
    expect([...knotsOf([-5, 0, 2])]).toEqual([-5, 0, 2]);
    const uniform = Float64Array.from({ length: 26 }, (_, i) => -6 + i / 2);
    expect([...knotsOf(uniform)]).toEqual([-6, -3.5, -1, 1.5, 4, 6.5]);
    levelsOf(knotsOf(uniform), 26).forEach((level, i) => {
      expect(level).toBeCloseTo(uniform[i], 12);
    });
  });

  it("stays as it is where it is allowed", () => {
    expect([...allowedKnots([-5, -1, 3, 6], 4, limits)]).toEqual([-5, -1, 3, 6]);
  });

  it("becomes strictly rising levels within the limits, whatever the knots", () => {
    const knots = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(knots, fc.integer({ min: 6, max: 50 }), (moved, more) => {
        const steps = moved.length < 6 ? moved.length : more;
        const levels = levelsOf(allowedKnots(moved, steps, limits), steps);
        expect(levels[0]).toBeGreaterThanOrEqual(-8);
        expect(levels[0]).toBeLessThanOrEqual(-5);
        expect(levels[steps - 1]).toBeGreaterThanOrEqual(1);
        expect(levels[steps - 1]).toBeLessThanOrEqual(8);
        levels.forEach((level, i) => {
          if (i > 0) expect(level - levels[i - 1]).toBeGreaterThan(0.999 * SMALLEST_GAP);
        });
      }),
    );
  });

  it("may be a single level", () => {
    expect([...levelsOf(allowedKnots([2], 1, limits), 1)]).toEqual([-5]);
  });
});
