import { describe, expect, it } from "vitest";
import type { BenchmarkLine, BenchmarkSetting } from "../../../src/evaluation/benchmark/lines.js";
import {
  benchmarkCsv,
  benchmarkRows,
  bestTradeOffs,
  othersShare,
  spreadOf,
} from "../../../src/evaluation/benchmark/summary.js";

const setting: BenchmarkSetting = {
  engine: "auto",
  precision: "float32",
  start: "noise",
  sampler: "ddim",
  schedule: "default",
  steps: 6,
  refine: "default",
};
const other = { ...setting, steps: 12 };
const speed = (round: number, realTimeFactor: number, others = 0): BenchmarkLine => ({
  kind: "speed",
  setting,
  round,
  realTimeFactor,
  firstSoundSeconds: realTimeFactor / 10,
  others,
});
const lines: BenchmarkLine[] = [
  {
    kind: "quality",
    setting,
    schedule: "logsnr-6",
    steps: 6,
    refine: 4,
    engine: "graph",
    device: "cpu",
    metrics: { mel: 0.1, f0: NaN },
  },
  { kind: "memory", setting, peakMegabytes: 200 },
  speed(0, 0.3),
  speed(1, 0.1, 0.5),
  speed(2, 0.2),
];

describe("spreadOf", () => {
  it("gives the median and the quartiles", () => {
    expect(spreadOf([4, 1, 3, 2, 5])).toEqual({ median: 3, low: 2, high: 4 });
    expect(spreadOf([1, 2])).toEqual({ median: 1.5, low: 1.25, high: 1.75 });
    expect(spreadOf([7])).toEqual({ median: 7, low: 7, high: 7 });
    expect(spreadOf([]).median).toBeNaN();
  });
});

describe("benchmarkRows", () => {
  it("gathers what belongs to a setting, and leaves out what was not measured", () => {
    const [row, empty] = benchmarkRows([setting, other], lines);
    expect(row).toMatchObject({ rounds: 3, peakMegabytes: 200, metrics: { mel: 0.1 } });
    expect(row.carriedOut).toEqual({
      schedule: "logsnr-6",
      steps: 6,
      refine: 4,
      engine: "graph",
      device: "cpu",
    });
    expect(row.realTimeFactor?.median).toBe(0.2);
    expect(row.firstSoundSeconds?.median).toBeCloseTo(0.02, 12);
    expect(empty).toEqual({ setting: other, rounds: 0, metrics: {} });
  });

  it("become CSV, empty where there is nothing", () => {
    const [head, first, second, ...more] = benchmarkCsv(benchmarkRows([setting, other], lines)).split("\n");
    expect(head).toMatch(/^engine,device,precision,start,sampler,schedule,steps,refine,rounds,rtf,/);
    expect(first).toMatch(/^graph,cpu,float32,noise,ddim,logsnr-6,6,4,3,0.2,/);
    expect(second).toMatch(/^auto,,float32,noise,ddim,default,12,default,0,,/);
    expect(new Set([head, first, second].map((line) => line.split(",").length)).size).toBe(1);
    expect(more).toEqual([""]);
  });
});

it("othersShare says how much of the machine others took", () => {
  expect(othersShare(lines)).toBe(0);
  expect(othersShare([speed(0, 1, 0.4), speed(1, 1, NaN)])).toBe(0.4);
  expect(othersShare([])).toBeNaN();
});

describe("bestTradeOffs", () => {
  it("keeps what no other row beats in both", () => {
    const rows = [
      { name: "slow and good", speed: 1, quality: 1 },
      { name: "fast and bad", speed: 9, quality: 9 },
      { name: "between", speed: 5, quality: 4 },
      { name: "beaten", speed: 4, quality: 5 },
      { name: "as fast as another, and worse", speed: 5, quality: 6 },
      { name: "not measured", speed: 20, quality: NaN },
    ];
    const best = bestTradeOffs(
      rows,
      (row) => row.speed,
      (row) => row.quality,
    );
    expect(best.map(({ name }) => name)).toEqual(["slow and good", "fast and bad", "between"]);
  });
});
