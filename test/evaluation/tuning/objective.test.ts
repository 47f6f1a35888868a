import { expect, it } from "vitest";
import { AUDIBLE, objective } from "../../../src/evaluation/tuning/level-search.js";

const perfect = { mstft: 0, mel: 0, hnr1: 0, hnr2: 0, hnr3: 0, peak2: 0, peak3: 0 };

it("the objective of a tuning is 0 for the recording itself, and one audible difference is worth the same in each measure", () => {
  expect(objective(perfect, 0)).toBe(0);
  expect(objective({ ...perfect, mstft: 0.03 }, 0)).toBeCloseTo(AUDIBLE, 12);
  expect(objective({ ...perfect, mel: 0.01 }, 0)).toBeCloseTo(AUDIBLE, 12);
  for (const sign of [1, -1]) {
    const harmonicity = { hnr1: 0.3 * sign, hnr2: 0.3 * sign, hnr3: 0.3 * sign };
    expect(objective({ ...perfect, ...harmonicity }, 0)).toBeCloseTo(AUDIBLE, 12);
    expect(objective({ ...perfect, peak2: 0.5 * sign, peak3: 0.5 * sign }, 0)).toBeCloseTo(AUDIBLE, 12);
  }
});

it("the objective of a tuning charges for mel corrections", () => {
  expect(objective(perfect, 30)).toBeCloseTo(AUDIBLE, 12);
});
