import { describe, expect, it } from "vitest";
import type { Tuning } from "../../src/checkpoint/tunings.js";
import { scheduleFromLogSnrs, ScheduleError } from "../../src/diffusion/schedules/build-schedule.js";
import { refinementFor } from "../../src/mel/consistency.js";
import {
  chosenSettings,
  NotTunedError,
  resampledLevels,
  tunedByName,
  tunedSettings,
} from "../../src/synthesis/settings.js";

const few: Tuning = { start: "noise", sampler: "dpmpp-2m", refine: 4, exponent: 1.2, momentum: 0.8 };
const many: Tuning = { start: "noise", sampler: "dpmpp-2m", refine: 8, exponent: 1, momentum: 0.4 };
const config = {
  denoiser: { kind: "mask-net" },
  schedules: { "tuned-4": [-6, -3, 0, 6], "tuned-16": Array.from({ length: 16 }, (_, i) => i - 8) },
  tunings: { "tuned-4": few, "tuned-16": many },
} as const;
const request = { start: "noise", sampler: "dpmpp-2m" } as const;

describe("refinementFor", () => {
  it("has more momentum from 25 corrections on", () => {
    expect(refinementFor(24)).toEqual({ iterations: 24, exponent: 1.2, momentum: 0.8 });
    expect(refinementFor(25)).toEqual({ iterations: 25, exponent: 1.2, momentum: 0.97 });
  });
});

describe("resampledLevels", () => {
  it("reads a curve at evenly spaced places, both ends kept", () => {
    expect([...resampledLevels([0, 1, 5], 5)]).toEqual([0, 0.5, 1, 3, 5]);
    expect([...resampledLevels([0, 1, 5], 3)]).toEqual([0, 1, 5]);
    expect([...resampledLevels([0, 1, 5], 2)]).toEqual([0, 5]);
    expect([...resampledLevels([0, 1, 5], 1)]).toEqual([0]);
    expect([...resampledLevels([3], 1)]).toEqual([3]);
  });
});

describe("the number of steps", () => {
  it("is what is asked for, else the checkpoint's own, else 6", () => {
    const stepsOf = (defaultSteps: number | undefined, steps: number | undefined): number => {
      const own = { ...config, ...(defaultSteps !== undefined && { defaultSteps }) };
      return chosenSettings(own, steps === undefined ? {} : { steps }).schedule.logSnrs.length;
    };
    expect(stepsOf(undefined, undefined)).toBe(6);
    expect(stepsOf(4, undefined)).toBe(4);
    expect(stepsOf(4, 9)).toBe(9);
  });

  it("is 6 where what is asked for is not what the checkpoint's own number was tuned with", () => {
    const own = { ...config, defaultSteps: 4 };
    for (const other of [{ startLevel: 1 }, { sampler: "ddim" }] as const) {
      const asked = chosenSettings({ ...own, excitation: {} }, other);
      expect(asked.schedule.logSnrs, JSON.stringify(other)).toHaveLength(6);
    }
  });
});

describe("tunedSettings", () => {
  it("are those stored for a number of steps that was tuned", () => {
    const found = tunedSettings(config, { ...request, steps: 4 })!;
    expect([...found.schedule.logSnrs]).toEqual([-6, -3, 0, 6]);
    expect(found).toMatchObject({ ...few, schedule: { name: "tuned-4", startsFromNoise: true } });
  });

  it("lie halfway between two at the geometric mean of their steps", () => {
    const found = tunedSettings(config, { ...request, steps: 8 })!;
    expect(found.schedule.name).toBe("tuned-8");
    const { logSnrs } = found.schedule;
    expect(logSnrs).toHaveLength(8);
    expect(logSnrs[0]).toBeCloseTo((-6 - 8) / 2, 12);
    expect(logSnrs[7]).toBeCloseTo((6 + 7) / 2, 12);
    expect(found.refine).toBe(6);
    expect(found.exponent).toBeCloseTo(1.1, 12);
    expect(found.momentum).toBeCloseTo(0.6, 12);
  });

  it("rise strictly for every number of steps between", () => {
    for (let steps = 4; steps <= 16; steps++) {
      const { logSnrs } = tunedSettings(config, { ...request, steps })!.schedule;
      expect(logSnrs).toHaveLength(steps);
      expect(logSnrs.every((level, i) => i === 0 || level > logSnrs[i - 1])).toBe(true);
    }
  });

  it("are none beyond those that were tuned, for another start and for another sampler", () => {
    expect(tunedSettings(config, { ...request, steps: 3 })).toBeUndefined();
    expect(tunedSettings(config, { ...request, steps: 17 })).toBeUndefined();
    expect(tunedSettings(config, { ...request, steps: 4, start: "harmonic" })).toBeUndefined();
    expect(tunedSettings(config, { ...request, steps: 4, sampler: "ddpm" })).toBeUndefined();
    expect(tunedSettings({ schedules: {} }, { ...request, steps: 4 })).toBeUndefined();
  });
});

describe("tunedByName", () => {
  it("finds members between tuned ones, and says what there is for others", () => {
    expect(tunedByName(config, "tuned-8").schedule.name).toBe("tuned-8");
    expect(() => tunedByName(config, "tuned-50")).toThrow(NotTunedError);
    expect(() => tunedByName(config, "tuned-50")).toThrow(/tuned as tuned-4, tuned-16/);
    expect(() => tunedByName({ schedules: {} }, "tuned-6")).toThrow(/was not tuned/);
  });
});

describe("chosenSettings", () => {
  const choose = (more: object) => chosenSettings(config, { ...request, steps: 4, ...more });

  it("prefers what is asked for, then what was tuned, then the defaults", () => {
    expect(choose({}).schedule.name).toBe("tuned-4");
    expect(choose({}).refinement).toEqual({ iterations: 4, exponent: 1.2, momentum: 0.8 });
    expect(choose({ steps: 3 }).schedule.name).toBe("logsnr-3");
    expect(choose({ steps: 3 }).refinement).toEqual(refinementFor(16));
    expect(choose({ schedule: "wg-6" }).schedule.name).toBe("wg-6");
    expect(choose({ schedule: "tuned-16" }).refinement.iterations).toBe(8);
    const own = scheduleFromLogSnrs({ name: "own", source: "a test" }, [-1, 1]);
    expect(choose({ schedule: own }).schedule).toBe(own);
  });

  it("takes a tuned exponent and momentum with the K that they were found for only", () => {
    expect(choose({ refine: 4 }).refinement).toEqual({ iterations: 4, exponent: 1.2, momentum: 0.8 });
    expect(choose({ refine: 64 }).refinement).toEqual(refinementFor(64));
    expect(choose({ refine: 0 }).refinement.iterations).toBe(0);
  });

  it("refuses the names of schedules that do not exist", () => {
    expect(() => choose({ schedule: "tuned-99" })).toThrow(NotTunedError);
    expect(() => choose({ schedule: "nonsense" })).toThrow(ScheduleError);
  });
});
