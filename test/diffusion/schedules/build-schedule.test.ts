import { describe, expect, it } from "vitest";
import { alphaBarFromLogSnr, logSnrFromAlphaBar } from "../../../src/diffusion/levels.js";
import {
  buildSchedule,
  ScheduleError,
  scheduleFromBetas,
  scheduleFromLogSnrs,
  type ScheduleNotation,
} from "../../../src/diffusion/schedules/build-schedule.js";

const origin = { name: "test", source: "a test" };

function errorOf(notation: ScheduleNotation, values: readonly unknown[]): ScheduleError {
  try {
    buildSchedule(origin, notation, values);
  } catch (error) {
    if (error instanceof ScheduleError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("schedules from numbers", () => {
  it("turn betas, from data to noise, into levels from noise to data", () => {
    const { logSnrs, startsFromNoise, name, source } = scheduleFromBetas(origin, [0.1, 0.5]);
    expect([...logSnrs].map(alphaBarFromLogSnr)).toEqual([expect.closeTo(0.45, 12), expect.closeTo(0.9, 12)]);
    expect({ startsFromNoise, name, source }).toEqual({ startsFromNoise: false, ...origin });
  });

  it("are the same in every notation of levels", () => {
    const alphaBars = [0.001, 0.3, 0.99];
    const expected = alphaBars.map(logSnrFromAlphaBar);
    for (const [notation, values] of [
      ["alphaBars", alphaBars],
      ["sqrtAlphaBars", alphaBars.map(Math.sqrt)],
      ["logSnrs", expected],
    ] as const) {
      const { logSnrs } = buildSchedule(origin, notation, values);
      expected.forEach((logSnr, i) => {
        expect(logSnrs[i]).toBeCloseTo(logSnr, 10);
      });
    }
  });

  it("start from pure noise from λ = −5 down", () => {
    expect(scheduleFromLogSnrs(origin, [-5, 0]).startsFromNoise).toBe(true);
    expect(scheduleFromLogSnrs(origin, [-4.999999, 0]).startsFromNoise).toBe(false);
  });

  it("do not share memory with the caller's list", () => {
    const list = Float64Array.of(-5, 0);
    const { logSnrs } = scheduleFromLogSnrs(origin, list);
    list[0] = 9;
    expect(logSnrs[0]).toBe(-5);
  });
});

describe("a wrong entry", () => {
  it.each<[ScheduleNotation, RegExp, number, unknown[]]>([
    ["betas", /Entry 2 of the 3 betas .* is 1; a β lies between 0 and 1, both excluded/, 2, [0.1, 1, 0.2]],
    ["betas", /Entry 1 .* is 0;/, 1, [0, 0.1]],
    ["betas", /is -0.1;/, 2, [0.1, -0.1]],
    ["betas", /is NaN;/, 2, [0.1, NaN]],
    ["betas", /is "0.2", not a number/, 2, [0.1, "0.2"]],
    ["betas", /is null, not a number/, 2, [0.1, null]],
    ["betas", /too small to change the level/, 2, [0.5, 1e-20]],
    ["betas", /brings the log-SNR λ to 92.1; every level has to stay within ±80/, 1, [1e-40]],
    ["betas", /Entry 116 .* brings the log-SNR λ to -80.4/, 116, Array<number>(200).fill(0.5)],
    ["logSnrs", /a λ lies from −80 to 80/, 2, [-6, 81]],
    ["logSnrs", /is -6, not above the -6 before it/, 2, [-6, -6, 3]],
    ["logSnrs", /run from noise to data, so λ increases strictly. Reverse or sort/, 2, [6, 0, -6]],
    ["alphaBars", /so ᾱ increases strictly/, 2, [0.1, 0.05]],
    ["sqrtAlphaBars", /a √ᾱ lies between 0 and 1/, 2, [0.1, 1.2]],
  ])("of %s is named: %s", (notation, message, entry, values) => {
    const error = errorOf(notation, values);
    expect(error.message).toMatch(message);
    expect(error.entry).toBe(entry);
    expect(error.value).toEqual(values[entry - 1]);
    expect(error.exitCode).toBe(2);
  });

  it("is not the only way to fail: lists of 0 and of 1001 entries", () => {
    expect(errorOf("betas", []).message).toMatch(/has 0 betas; it needs 1 to 1000/);
    expect(errorOf("betas", Array<number>(1001).fill(0.001)).message).toMatch(/has 1001 betas/);
  });
});
