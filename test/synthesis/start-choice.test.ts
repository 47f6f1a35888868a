import { describe, expect, it } from "vitest";
import { scheduleFromLogSnrs } from "../../src/diffusion/schedules/build-schedule.js";
import { chosenStart, harmonicSchedule, StartError } from "../../src/synthesis/start.js";
import { chosenSettings } from "../../src/synthesis/settings.js";

const own = scheduleFromLogSnrs({ name: "own", source: "a test" }, [-1, 2, 5]);

describe("the start that a synthesis takes", () => {
  it.each([
    ["a model and a deterministic sampler", true, { sampler: "dpmpp-2m" }, "harmonic"],
    ["no model", false, { sampler: "dpmpp-2m" }, "noise"],
    ["a sampler that adds noise", true, { sampler: "ddpm" }, "noise"],
    ["another one", true, { sampler: "langevin" }, "noise"],
    ["a schedule by name", true, { sampler: "ddim", schedule: "logsnr-6" }, "noise"],
    ["levels of one's own", true, { sampler: "ddim", schedule: own }, "noise"],
    ["the same, asked for", true, { sampler: "ddim", schedule: own, start: "harmonic" }, "harmonic"],
    ["levels tuned for it", true, { sampler: "ddim", schedule: "tuned-6", tunedFor: "harmonic" }, "harmonic"],
    ["levels tuned for noise", true, { sampler: "ddim", schedule: "tuned-6", tunedFor: "noise" }, "noise"],
    ["noise asked for", true, { sampler: "dpmpp-2m", start: "noise" }, "noise"],
    ["a level alone", true, { sampler: "dpmpp-2m", startLevel: 0 }, "harmonic"],
    ["a pitch and levels of one's own", true, { sampler: "ddim", schedule: own, hasPitch: true }, "harmonic"],
  ] as const)("with %s is the expected one", (_, hasModel, request, expected) => {
    expect(chosenStart(hasModel, request)).toBe(expected);
  });

  it.each([
    [false, { sampler: "dpmpp-2m", start: "harmonic" }, /no excitation model.*--excitation-steps/],
    [false, { sampler: "dpmpp-2m", startLevel: -1 }, /no excitation model/],
    [true, { sampler: "ddpm", start: "harmonic" }, /ddpm adds noise.*dpmpp-2m/],
    [true, { sampler: "ddim", start: "harmonic", schedule: "logsnr-6" }, /'logsnr-6' begins at noise/],
    [true, { sampler: "ddim", start: "noise", startLevel: -1 }, /Leave one/],
    [true, { sampler: "ddim", startLevel: -1, schedule: "logsnr-6" }, /Leave one/],
    [true, { sampler: "ddim", startLevel: 6 }, /is 6; it lies from −?-?8 to 5/],
    [true, { sampler: "ddim", startLevel: NaN }, /NaN/],
    [true, { sampler: "ddim", start: "noise", hasPitch: true }, /noise is asked for\. Leave one/],
    [true, { sampler: "ddpm", hasPitch: true }, /ddpm adds noise/],
    [false, { sampler: "ddim", hasPitch: true }, /no excitation model/],
    [true, { sampler: "ddim", schedule: "tuned-6", tunedFor: "noise", hasPitch: true }, /begins at noise/],
  ] as const)("is refused: excitation model %s, %j", (hasModel, request, message) => {
    expect(() => chosenStart(hasModel, request)).toThrow(StartError);
    expect(() => chosenStart(hasModel, request)).toThrow(message);
  });
});

describe("harmonicSchedule", () => {
  it("goes from the start level to 6 in equal steps", () => {
    expect([...harmonicSchedule(8, -1).logSnrs]).toEqual([-1, 0, 1, 2, 3, 4, 5, 6]);
    expect([...harmonicSchedule(3, 2).logSnrs]).toEqual([2, 4, 6]);
    expect([...harmonicSchedule(1, 0.5).logSnrs]).toEqual([0.5]);
    expect(harmonicSchedule(8, -1)).toMatchObject({ name: "shallow-8", startsFromNoise: false });
  });
});

describe("chosenSettings", () => {
  const tuning = { sampler: "dpmpp-2m", refine: 5, exponent: 1.1, momentum: 0.5 } as const;
  const config = {
    denoiser: { kind: "mask-net" },
    excitation: {},
    schedules: { "tuned-3": [-2, 1, 6], "tuned-noise-3": [-5, 0, 7] },
    tunings: {
      "tuned-3": { ...tuning, start: "harmonic" },
      "tuned-noise-3": { ...tuning, start: "noise" },
    },
  } as const;

  it("takes the levels that were tuned for the start", () => {
    expect(chosenSettings(config, { steps: 3 })).toMatchObject({
      start: "harmonic",
      schedule: { name: "tuned-3" },
      refinement: { iterations: 5, exponent: 1.1, momentum: 0.5 },
    });
    expect(chosenSettings(config, { steps: 3, start: "noise" }).schedule.name).toBe("tuned-noise-3");
    expect(chosenSettings(config, { steps: 3, schedule: "tuned-3" }).start).toBe("harmonic");
  });

  it("takes a start level in place of tuned levels", () => {
    const { schedule, refinement } = chosenSettings(config, { steps: 3, startLevel: 0 });
    expect([...schedule.logSnrs]).toEqual([0, 3, 6]);
    expect(refinement).toEqual({ iterations: 16, exponent: 1.2, momentum: 0.8 });
  });

  it("takes an exponent and a momentum in place of the usual ones", () => {
    const { refinement } = chosenSettings(config, { steps: 3, refineMomentum: 0.2 });
    expect(refinement).toEqual({ iterations: 5, exponent: 1.1, momentum: 0.2 });
    expect(() => chosenSettings(config, { steps: 3, refineMomentum: 1.3 })).toThrow(/momentum.*1\.3/);
  });
});
