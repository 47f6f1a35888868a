import { describe, expect, it } from "vitest";
import { scheduleFromBetas, scheduleSteps } from "../../../src/diffusion/schedules/build-schedule.js";

describe("the table of a schedule", () => {
  it("has every quantity of every step, from noise to data", () => {
    const betas = [0.1, 0.5, 0.9];
    const steps = scheduleSteps(scheduleFromBetas({ name: "test", source: "a test" }, betas));
    expect(steps.map((step) => step.t)).toEqual([3, 2, 1]);
    const alphaBars = [0.9, 0.45, 0.045];
    for (const step of steps) {
      const beta = betas[step.t - 1];
      const alphaBar = alphaBars[step.t - 1];
      const before = step.t === 1 ? 1 : alphaBars[step.t - 2];
      expect(step).toEqual({
        t: step.t,
        beta: expect.closeTo(beta, 12) as number,
        alpha: expect.closeTo(1 - beta, 12) as number,
        alphaBar: expect.closeTo(alphaBar, 12) as number,
        sqrtAlphaBar: expect.closeTo(Math.sqrt(alphaBar), 12) as number,
        noiseScale: expect.closeTo(Math.sqrt(1 - alphaBar), 12) as number,
        snr: expect.closeTo(alphaBar / (1 - alphaBar), 12) as number,
        logSnr: expect.closeTo(Math.log(alphaBar / (1 - alphaBar)), 12) as number,
        posteriorVariance: expect.closeTo((beta * (1 - before)) / (1 - alphaBar), 12) as number,
      });
    }
    expect(steps[2].posteriorVariance).toBe(0);
  });
});
