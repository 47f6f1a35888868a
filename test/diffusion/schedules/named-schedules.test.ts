import { describe, expect, it } from "vitest";
import { alphaBarFromLogSnr, sqrtAlphaBarFromLogSnr } from "../../../src/diffusion/levels.js";
import { ScheduleError, scheduleSteps } from "../../../src/diffusion/schedules/build-schedule.js";
import { namedSchedules, scheduleByName } from "../../../src/diffusion/schedules/named-schedules.js";

const noiseEnd = (name: string): number => sqrtAlphaBarFromLogSnr(scheduleByName(name).logSnrs[0]);

describe("published schedules", () => {
  it.each([
    ["wg-6", 6, 0.435],
    ["wg-3", 3, 0.307],
    ["linear-50", 50, 0.529],
    ["fibonacci-25", 25, 0.848],
    ["training-1000", 1000, 0.081],
  ])("%s has %i levels and ends at √ᾱ = %d, to the last digit", (name, steps, expected) => {
    expect(scheduleByName(name).logSnrs).toHaveLength(steps);
    expect(noiseEnd(name).toFixed(3)).toBe(expected.toFixed(3));
  });

  it.each([
    ["wg-6", [7e-6, 1.4e-4, 2.1e-3, 2.8e-2, 0.35, 0.7]],
    ["wg-3", [3e-4, 6e-2, 0.9]],
    ["bddm-7", [1.356e-4, 1.01e-3, 8.778e-3, 0.136, 0.2776, 0.2893, 0.3]],
  ])("%s has the betas %j", (name, betas) => {
    const steps = scheduleSteps(scheduleByName(name)).reverse();
    expect(steps).toHaveLength(betas.length);
    steps.forEach(({ beta }, i) => {
      expect(beta / betas[i]).toBeCloseTo(1, 10);
    });
  });

  it("says which of them start from pure noise", () => {
    const starting = ["ddpm-1000", "training-1000", "cosine-6", "logsnr-1", "logsnr-6", "logsnr-50"];
    const wrong = ["wg-6", "wg-3", "linear-50", "fibonacci-25", "bddm-7"];
    for (const name of starting) expect(scheduleByName(name).startsFromNoise, name).toBe(true);
    for (const name of wrong) expect(scheduleByName(name).startsFromNoise, name).toBe(false);
  });

  it("has ᾱ of the product of 1 − β at both ends, to 1e-6", () => {
    const linear = (first: number, last: number, steps: number): number[] =>
      Array.from({ length: steps }, (_, i) => first + ((last - first) * i) / (steps - 1));
    const product = (betas: number[]): number => betas.reduce((alphaBar, beta) => alphaBar * (1 - beta), 1);
    for (const [name, betas] of [
      ["training-1000", linear(1e-6, 0.01, 1000)],
      ["ddpm-1000", linear(1e-4, 0.02, 1000)],
      ["linear-50", linear(1e-4, 0.05, 50)],
      [
        "fibonacci-25",
        [
          1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181, 6765, 10946, 17711,
          28657, 46368, 75025, 121393,
        ].map((n) => n / 1e6),
      ],
    ] as const) {
      const { logSnrs } = scheduleByName(name);
      expect(Math.abs(alphaBarFromLogSnr(logSnrs[0]) - product([...betas]))).toBeLessThan(1e-6);
      expect(Math.abs(alphaBarFromLogSnr(logSnrs.at(-1)) - (1 - betas[0]))).toBeLessThan(1e-6);
    }
  });

  it("has the cosine's ᾱ at both ends, to 1e-6", () => {
    const steps = 1000;
    const f = (t: number): number => Math.cos(((t / steps + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    const { logSnrs } = scheduleByName("cosine-1000");
    expect(Math.abs(alphaBarFromLogSnr(logSnrs[steps - 1]) - f(1) / f(0))).toBeLessThan(1e-6);
    expect(Math.abs(alphaBarFromLogSnr(logSnrs[steps / 2 - 1]) - f(501) / f(0))).toBeLessThan(1e-6);
    // the last step's β is cut at 0.999
    expect(Math.abs(alphaBarFromLogSnr(logSnrs[0]) - (0.001 * f(999)) / f(0))).toBeLessThan(1e-6);
    expect(scheduleSteps(scheduleByName("cosine-1000"))[0].beta).toBeCloseTo(0.999, 12);
  });
});

describe("families of schedules", () => {
  it.each([1, 2, 6, 8, 9, 50, 1000])("have a member of %i steps", (steps) => {
    for (const family of ["cosine", "logsnr"]) {
      const { logSnrs, name } = scheduleByName(`${family}-${steps}`);
      expect(name).toBe(`${family}-${steps}`);
      expect(scheduleByName(`${family}-0${steps}`).name).toBe(name);
      expect(logSnrs).toHaveLength(steps);
    }
  });

  it("logsnr-N is uniform from −5 to 6 up to 8 steps and from −6 to 7 above", () => {
    expect([...scheduleByName("logsnr-1").logSnrs]).toEqual([-5]);
    expect([...scheduleByName("logsnr-2").logSnrs]).toEqual([-5, 6]);
    expect(scheduleByName("logsnr-6").logSnrs[1]).toBeCloseTo(-2.8, 12);
    expect([...scheduleByName("logsnr-14").logSnrs]).toEqual(Array.from({ length: 14 }, (_, i) => i - 6));
  });

  it.each(["cosine-0", "logsnr-1001"])("refuse %s and say the range", (name) => {
    expect(() => scheduleByName(name)).toThrow(/the number of steps goes from 1 to 1000/);
  });
});

describe("names of schedules", () => {
  it("that are listed all give a schedule", () => {
    for (const { name, source } of namedSchedules()) {
      const schedule = scheduleByName(name.replace(/-N$/, "-12"));
      expect(schedule.source).toBe(source);
      const { logSnrs } = schedule;
      logSnrs.forEach((logSnr, i) => {
        if (i > 0) expect(logSnr).toBeGreaterThan(logSnrs[i - 1]);
      });
    }
  });

  it.each(["wg-7", "cosine-N", "cosine", "cosine-1.5", "", "tuned-6", "toString"])(
    "that do not exist are refused with the list of those that do: '%s'",
    (name) => {
      expect(() => scheduleByName(name)).toThrow(ScheduleError);
      expect(() => scheduleByName(name)).toThrow(/training-1000, ddpm-1000, cosine-N, wg-6/);
    },
  );
});

describe("subsequences of a schedule", () => {
  it("keep both ends and evenly spaced levels of the long schedule", () => {
    const long = scheduleByName("ddpm-1000").logSnrs;
    const short = scheduleByName("ddpm-1000:4");
    expect(short.name).toBe("ddpm-1000:4");
    expect(short.startsFromNoise).toBe(true);
    expect([...short.logSnrs]).toEqual([long[0], long[333], long[666], long[999]]);
    // 999/7 = 142.7: the nearest step, not the one before it
    const steps = [0, 143, 285, 428, 571, 714, 856, 999];
    expect([...scheduleByName("ddpm-1000:8").logSnrs]).toEqual(steps.map((step) => long[step]));
    expect([...scheduleByName("ddpm-1000:1").logSnrs]).toEqual([long[0]]);
    expect(scheduleByName("wg-6:6").logSnrs).toEqual(scheduleByName("wg-6").logSnrs);
  });

  it("cannot be longer than the schedule, nor empty", () => {
    expect(() => scheduleByName("wg-6:7")).toThrow(/'wg-6' has 6 levels, too few for a subsequence of 7/);
    expect(() => scheduleByName("wg-6:0")).toThrow(/from 1 to 1000/);
  });
});
