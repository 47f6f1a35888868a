import { expect, it } from "vitest";
import type { BenchmarkRow } from "../../src/evaluation/benchmark/summary.js";
import { benchmarkFigure, lineNames, rowObjective } from "../../src/plots/benchmark-figure.js";

const row = (sampler: "ddim" | "dpmpp-2m", steps: number, rtf: number, mstft: number): BenchmarkRow => ({
  setting: {
    engine: "auto",
    precision: "float32",
    start: "noise",
    sampler,
    schedule: "default",
    steps,
    refine: 4,
  },
  rounds: 3,
  realTimeFactor: { median: rtf, low: rtf, high: rtf },
  metrics: { mstft, estoi: 0.9, mel: 0, hnr1: 0, hnr2: 0, hnr3: 0, peak2: 0, peak3: 0 },
});
const rows = [row("ddim", 6, 0.1, 1.2), row("ddim", 12, 0.2, 1.1), row("dpmpp-2m", 6, 0.1, 1.05)];

it("the benchmark figure names lines by what tells them apart", () => {
  expect(lineNames(rows)).toEqual(["ddim", "ddim", "dpmpp-2m"]);
  const int8 = { ...rows[2], setting: { ...rows[2].setting, precision: "int8", refine: 0 } } as const;
  expect(lineNames([...rows, int8]).at(-1)).toBe("dpmpp-2m, K 0, int8");
});

it("the benchmark figure draws each line and circles what no other beats", () => {
  const svg = benchmarkFigure(rows).toSvg();
  // dpmpp-2m with 6 steps is as fast as ddim's 6 and better than both in two of the three panels; ESTOI is equal
  expect(svg.match(/<circle[^>]* r="7"/g)?.length).toBe(1 + 1 + 2);
  expect(svg).toContain("dpmpp-2m");
  expect(svg).toContain("times real time");
});

it("the objective of a benchmark row leaves out what speed shows already", () => {
  expect(rowObjective(rows[0])).toBeCloseTo(1.2, 12);
  expect(rowObjective({ ...rows[0], metrics: {} })).toBeNaN();
});
