// Every sampler, with the exact denoiser of a mixture and enough steps, draws from the mixture.
import { describe, expect, it } from "vitest";
import { planFor, type SamplerName, type SamplerOptions } from "../../../src/diffusion/samplers/plan-for.js";
import { runPlan, sample, seededNoise } from "../../../src/diffusion/samplers/sampling-plan.js";
import { exactDenoiser } from "../../../src/diffusion/toy/exact-score.js";
import { marginalAt, type GaussianMixture } from "../../../src/diffusion/toy/gaussian-mixture.js";
import { deviations, threeModes, threeModesIn64, uniformSchedule } from "../../support/mixtures.js";
import { samplerCases } from "../../support/sampler-cases.js";

// derived in mixtures.ts; the discretisation's own error has to stay inside it, hence the hundreds of steps
const ALLOWED_STANDARD_ERRORS = 5;

async function drawSamples(
  mixture: GaussianMixture,
  [name, options]: [SamplerName, SamplerOptions],
  points: number,
  levels: number,
): Promise<Float32Array> {
  // at λ = −12 the signal is 0.25 % of the amplitude: white noise stands for it, also in the modes' weights
  const plan = planFor(name, uniformSchedule(-12, 10, levels), options);
  const noise = seededNoise(7);
  const z0 = new Float32Array(points * mixture[0].mean.length);
  noise(z0, 0);
  return sample(plan, exactDenoiser(mixture), z0, noise);
}

describe.each(samplerCases())("%s %j, exact denoiser, from white noise", (name, options) => {
  it("draws from a mixture on the line", async () => {
    const [worst] = deviations(threeModes, await drawSamples(threeModes, [name, options], 4000, 250));
    expect(Math.abs(worst.standardErrors), worst.what).toBeLessThan(ALLOWED_STANDARD_ERRORS);
  });

  it("draws from a mixture in 64 dimensions", async () => {
    const [worst] = deviations(threeModesIn64, await drawSamples(threeModesIn64, [name, options], 300, 200));
    expect(Math.abs(worst.standardErrors), worst.what).toBeLessThan(ALLOWED_STANDARD_ERRORS);
  });
});

describe("the measure of a sampler's distribution", () => {
  it("notices one step too few, a wrong level and a wrong weight", async () => {
    const coarse = await drawSamples(threeModes, ["ddpm", {}], 4000, 12);
    expect(Math.abs(deviations(threeModes, coarse)[0].standardErrors)).toBeGreaterThan(10);
    const samples = await drawSamples(threeModes, ["heun", {}], 4000, 100);
    const heavier = threeModes.map((mode, k) => ({ ...mode, weight: mode.weight + [0.05, -0.05, 0][k] }));
    expect(Math.abs(deviations(heavier, samples)[0].standardErrors)).toBeGreaterThan(ALLOWED_STANDARD_ERRORS);
    expect(Math.abs(deviations(marginalAt(threeModes, 3), samples)[0].standardErrors)).toBeGreaterThan(10);
  });
});

describe("the Langevin sampler", () => {
  it("left alone at one level turns white noise into that level's distribution", async () => {
    const level = uniformSchedule(1, 1, 1);
    const plan = planFor("langevin", level, { correctorSteps: 400, correctorStepSize: 0.02 });
    const noise = seededNoise(3);
    const z0 = new Float32Array(3000);
    noise(z0, 0);
    const marginal = marginalAt(threeModes, 1);
    expect(Math.abs(deviations(marginal, z0)[0].standardErrors)).toBeGreaterThan(5);
    let last = z0;
    for await (const { z } of runPlan(plan, exactDenoiser(threeModes), z0, noise)) last = z.slice();
    const [worst] = deviations(marginal, last);
    expect(Math.abs(worst.standardErrors), worst.what).toBeLessThan(ALLOWED_STANDARD_ERRORS);
  });
});
