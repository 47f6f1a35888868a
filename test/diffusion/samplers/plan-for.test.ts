// What the coefficients of the plans must satisfy, whatever the denoiser says.
import { describe, expect, it } from "vitest";
import {
  noisePowerFromLogSnr,
  noiseScaleFromLogSnr,
  sqrtAlphaBarFromLogSnr,
} from "../../../src/diffusion/levels.js";
import { conversion } from "../../../src/diffusion/parameterisation.js";
import { angleFromLogSnr } from "../../../src/diffusion/samplers/ode-solvers.js";
import { planFor, SamplerError, samplerNames } from "../../../src/diffusion/samplers/plan-for.js";
import { scheduleByName } from "../../../src/diffusion/schedules/named-schedules.js";

const schedules = [
  "wg-6",
  "wg-3",
  "fibonacci-25",
  "linear-50",
  "bddm-7",
  "cosine-40",
  "logsnr-6",
  "logsnr-25",
].map((name) => scheduleByName(name));

describe.each(schedules)("plans for $name", (schedule) => {
  const levels = schedule.logSnrs.length;

  it("call the denoiser N times; Heun 2N−1 times, Langevin twice a level", () => {
    const calls = Object.fromEntries(
      samplerNames.map((name) => [name, planFor(name, schedule).steps.length]),
    );
    expect(calls).toEqual({
      ddpm: levels,
      ddim: levels,
      "dpmpp-2m": levels,
      euler: levels,
      heun: 2 * levels - 1,
      langevin: 2 * levels,
    });
  });

  it("tell the schedule's levels in order and end with x̂₀, without noise", () => {
    for (const name of samplerNames) {
      const { steps } = planFor(name, schedule);
      expect([...new Set(steps.map(({ logSnr }) => logSnr))]).toEqual([...schedule.logSnrs]);
      expect(steps.at(-1)).toMatchObject({ z: 0, x0: 1, previousX0: 0, noise: 0 });
    }
  });

  it("are plain data: JSON and back changes nothing", () => {
    for (const name of samplerNames) {
      const plan = planFor(name, schedule);
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    }
  });

  it("DDIM with η = 1 is DDPM with β̃, coefficient by coefficient", () => {
    const ancestral = planFor("ddpm", schedule, { variance: "posterior" }).steps;
    planFor("ddim", schedule, { eta: 1 }).steps.forEach((step, k) => {
      expect(step.logSnr).toBe(ancestral[k].logSnr);
      expect(step.previousX0).toBe(0);
      for (const key of ["z", "x0", "noise"] as const) expect(step[key]).toBeCloseTo(ancestral[k][key], 12);
    });
  });

  it.each([
    ["ddpm", {}],
    ["ddim", {}],
    ["ddim", { eta: 0.5 }],
    ["dpmpp-2m", {}],
  ] as const)("%s %j keeps a perfectly known signal at its level", (name, options) => {
    // with x̂₀ = x₀ in every step, z = √ᾱ·x₀ + √(1−ᾱ)·ε must become the same at the next level
    const { steps } = planFor(name, schedule, options);
    for (let k = 0; k + 1 < steps.length; k++) {
      const { logSnr, z, x0, previousX0, noise } = steps[k];
      const next = steps[k + 1].logSnr;
      const signal = z * sqrtAlphaBarFromLogSnr(logSnr) + x0 + previousX0;
      expect(signal).toBeCloseTo(sqrtAlphaBarFromLogSnr(next), 12);
      expect(z * z * noisePowerFromLogSnr(logSnr) + noise * noise).toBeCloseTo(
        noisePowerFromLogSnr(next),
        12,
      );
    }
  });

  it("Heun without the saved state is Heun with it", () => {
    const { steps } = planFor("heun", schedule);
    const [start, firstX0, secondX0] = [0.7, -0.3, 0.45];
    for (let k = 0; k + 2 < steps.length; k += 2) {
      const [from, to] = [steps[k].logSnr, steps[k + 1].logSnr];
      const velocity = (z: number, x0: number, logSnr: number): number => {
        const { fromZ, fromValue } = conversion("x0", "v", logSnr);
        return fromZ * z + fromValue * x0;
      };
      const turn = angleFromLogSnr(to) - angleFromLogSnr(from);
      const slope = velocity(start, firstX0, from);
      const predicted = start + turn * slope;
      const corrected = start + (turn / 2) * (slope + velocity(predicted, secondX0, to));

      const state = steps[k].z * start + steps[k].x0 * firstX0;
      expect(state).toBeCloseTo(predicted, 12);
      const { z, x0, previousX0 } = steps[k + 1];
      expect(z * state + x0 * secondX0 + previousX0 * firstX0).toBeCloseTo(corrected, 11);
    }
  });

  it("DPM-Solver++ 2M starts with a step of DDIM, Langevin without correctors is DDIM", () => {
    const ddim = planFor("ddim", schedule).steps;
    const [first] = planFor("dpmpp-2m", schedule).steps;
    for (const key of ["z", "x0", "previousX0"] as const) expect(first[key]).toBeCloseTo(ddim[0][key], 12);
    expect(planFor("langevin", schedule, { correctorSteps: 0 }).steps).toEqual(ddim);
  });

  it("the noise of DDPM is √β̃ or √β, never the other way round", () => {
    const least = planFor("ddpm", schedule, { variance: "posterior" }).steps;
    planFor("ddpm", schedule, { variance: "beta" }).steps.forEach((step, k) => {
      if (k + 1 === least.length) return;
      expect(least[k].noise).toBeLessThan(step.noise);
      const scale = noiseScaleFromLogSnr(least[k + 1].logSnr) / noiseScaleFromLogSnr(least[k].logSnr);
      expect(least[k].noise).toBeCloseTo(step.noise * scale, 12);
    });
  });
});

describe("planFor", () => {
  const schedule = scheduleByName("logsnr-6");

  it("names the sampler with the options that were given", () => {
    expect(planFor("ddim", schedule, { eta: 0.5 }).sampler).toBe("ddim (eta 0.5)");
    expect(planFor("langevin", schedule, { correctorSteps: 3, correctorStepSize: 0.1 }).sampler).toBe(
      "langevin (correctorSteps 3, correctorStepSize 0.1)",
    );
    expect(planFor("heun", schedule)).toMatchObject({
      sampler: "heun",
      schedule: "logsnr-6",
      startsFromNoise: true,
    });
  });

  it.each([
    ["ddim", { eta: -0.1 }, "eta"],
    ["ddim", { eta: 1.01 }, "eta"],
    ["ddim", { eta: NaN }, "eta"],
    ["langevin", { correctorSteps: 1.5 }, "correctorSteps"],
    ["langevin", { correctorSteps: -1 }, "correctorSteps"],
    ["langevin", { correctorStepSize: 0 }, "correctorStepSize"],
    ["langevin", { correctorStepSize: 2 }, "correctorStepSize"],
    ["ddpm", { eta: 0.5 }, "eta"],
    ["heun", { variance: "beta" as const }, "variance"],
  ])("refuses %s with %j", (name, options, field) => {
    let error: unknown;
    try {
      planFor(name, schedule, options);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(SamplerError);
    expect(error).toMatchObject({ field, exitCode: 2 });
    expect((error as SamplerError).message).toContain(field);
  });

  it("refuses an unknown sampler and lists the known ones", () => {
    expect(() => planFor("plms", schedule)).toThrow(/no sampler 'plms'.*ddpm, ddim, dpmpp-2m/);
  });
});
