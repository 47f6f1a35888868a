// The searches on scores that are known in closed form.
import { describe, expect, it } from "vitest";
import { challenge, meanOf, searchLevels } from "../../../src/evaluation/tuning/level-search.js";
import { searchRefinement } from "../../../src/evaluation/tuning/tune-steps.js";

const limits = { first: [-8, -5], last: [1, 8] } as const;
const never = (): boolean => false;

describe("challenge", () => {
  const scoring = (scores: readonly number[]) => {
    const heard: number[] = [];
    const score = async (clip: number): Promise<number> => {
      heard.push(clip);
      return Promise.resolve(scores[clip]);
    };
    return { heard, score };
  };

  it("returns the scores of a winner and nothing of a loser", async () => {
    expect(await challenge(scoring([1, 1.01]).score, [1.01, 1.01])).toEqual([1, 1.01]);
    expect(await challenge(scoring([1.01, 1.01]).score, [1.01, 1.01])).toBeUndefined();
  });

  it("gives a challenger up that is far behind, and one that diverged", async () => {
    const behind = scoring([1.5, 0, 0]);
    expect(await challenge(behind.score, [1, 1, 1])).toBeUndefined();
    expect(behind.heard).toEqual([0]);
    const diverged = scoring([0, NaN, 0]);
    expect(await challenge(diverged.score, [1, 1, 1])).toBeUndefined();
    expect(diverged.heard).toEqual([0, 1]);
  });
});

describe("searchLevels", () => {
  const best = [-6.4, -2.1, -1.2, 0.3, 2.8, 5.5];
  // knots that pull at each other: a valley askew to the axes
  const score = async (knots: ArrayLike<number>, clip: number): Promise<number> => {
    const off = best.map((value, i) => knots[i] - value);
    const coupled = off.slice(1).reduce((sum, value, i) => sum + (value + off[i]) ** 2, 0);
    return Promise.resolve(
      0.1 * clip + 0.02 * off.reduce((sum, value) => sum + value ** 2, 0) + 0.02 * coupled,
    );
  };
  const start = Float64Array.of(-5, -2.8, -0.6, 1.6, 3.8, 6);

  it("finds the minimum of a smooth valley", async () => {
    const scores = await Promise.all([0, 1, 2].map((clip) => score(start, clip)));
    const problem = { steps: 6, limits, seed: 1, isOver: never, score };
    const found = await searchLevels(problem, { knots: start, scores });
    expect(meanOf(found.scores)).toBeLessThan(0.1 + 0.03 * (meanOf(scores) - 0.1));
    expect(await searchLevels(problem, { knots: start, scores })).toEqual(found);
  });

  it("is never worse than its start, on hostile scores and when the time is up at once", async () => {
    let calls = 0;
    const rough = async (knots: ArrayLike<number>, clip: number): Promise<number> =>
      Promise.resolve(1 + 0.1 * Math.sin(1e4 * knots[2] + 37 * knots[0] + clip));
    const scores = await Promise.all([0, 1].map((clip) => rough(start, clip)));
    const begin = { knots: start, scores };
    const limited = { steps: 6, limits, seed: 1, isOver: () => ++calls > 100, score: rough };
    expect(meanOf((await searchLevels(limited, begin)).scores)).toBeLessThanOrEqual(meanOf(scores));
    expect(await searchLevels({ ...limited, isOver: () => true }, begin)).toBe(begin);
  });
});

describe("searchRefinement", () => {
  const score = async ({
    iterations,
    exponent,
    momentum,
  }: {
    iterations: number;
    exponent: number;
    momentum: number;
  }): Promise<number> =>
    Promise.resolve(1 / (1 + iterations) + 0.01 * iterations + (exponent - 1.3) ** 2 + (momentum - 0.4) ** 2);
  const start = { iterations: 4, exponent: 1.2, momentum: 0.7 };
  const problem = { score, mostIterations: 16, isOver: never };

  it("finds the best of the grid", async () => {
    const found = await searchRefinement(problem, { refinement: start, scores: [await score(start)] });
    // 1/(1+K) + K/100 is smallest at K = 9; of the grid, 10 is better than 8 by 0.0002
    expect(found.refinement).toEqual({ iterations: 10, exponent: 1.3, momentum: 0.4 });
  });

  it("stays below the most corrections allowed, and with its start when the time is up", async () => {
    const begin = { refinement: start, scores: [await score(start)] };
    const few = await searchRefinement({ ...problem, mostIterations: 5 }, begin);
    expect(few.refinement.iterations).toBe(5);
    expect(await searchRefinement({ ...problem, isOver: () => true }, begin)).toBe(begin);
  });
});
