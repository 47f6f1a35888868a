import { describe, expect, it } from "vitest";
import {
  type BenchmarkGrid,
  EmptyGridError,
  scheduleName,
  settingKey,
  settingsOf,
} from "../../../src/evaluation/benchmark/lines.js";

const grid: BenchmarkGrid = {
  engine: ["auto"],
  precision: ["float32", "int8"],
  start: ["noise"],
  sampler: ["ddim", "dpmpp-2m"],
  schedule: ["default", "wg-6", "logsnr-N"],
  steps: [6, 12],
  refine: ["default", 0],
};

describe("settingsOf", () => {
  it("combines all values, a schedule with a number of its own for that number of steps only", () => {
    const settings = settingsOf(grid);
    // precisions × samplers × K × (default and logsnr-N with two steps each, wg-6 with one)
    expect(settings).toHaveLength(2 * 2 * 2 * 5);
    expect(new Set(settings.map(settingKey)).size).toBe(settings.length);
    expect(settings.filter(({ schedule }) => schedule === "wg-6").every(({ steps }) => steps === 6)).toBe(
      true,
    );
  });

  it("leaves out what a harmonic start does not go with", () => {
    const settings = settingsOf({ ...grid, start: ["harmonic", "noise"], sampler: ["ddim", "ddpm"] });
    const harmonic = settings.filter(({ start }) => start === "harmonic");
    expect(harmonic).toHaveLength(2 * 2 * 2);
    expect(harmonic.every(({ sampler, schedule }) => sampler === "ddim" && schedule === "default")).toBe(
      true,
    );
  });

  it("refuses a grid of which nothing is possible", () => {
    expect(() => settingsOf({ ...grid, schedule: ["wg-6"], steps: [7] })).toThrow(EmptyGridError);
  });
});

it("scheduleName gives the schedule for a setting's steps", () => {
  const [setting] = settingsOf({ ...grid, steps: [12] });
  expect(scheduleName(setting)).toBeUndefined();
  expect(scheduleName({ ...setting, schedule: "logsnr-N" })).toBe("logsnr-12");
  expect(scheduleName({ ...setting, schedule: "training-1000:12" })).toBe("training-1000:12");
});
