// The same as distribution.test.ts with ten times the points and twice the levels: tolerances three times as tight.
// And the orders of convergence over the whole range of levels, down to where float32 ends it.
import { describe, expect, it } from "vitest";
import { planFor, type SamplerName } from "../../../src/diffusion/samplers/plan-for.js";
import { sample, seededNoise } from "../../../src/diffusion/samplers/sampling-plan.js";
import { exactDenoiser } from "../../../src/diffusion/toy/exact-score.js";
import { deviations, threeModes, uniformSchedule } from "../../support/mixtures.js";
import { convergenceOrders, lastState, rootMeanSquare, samplerCases } from "../../support/sampler-cases.js";

const denoiser = exactDenoiser(threeModes);

describe("at many points and levels, the distribution is drawn by", () => {
  it.each(samplerCases({ correctorStepSize: 0.01 }))("%s %j", async (name, options) => {
    const noise = seededNoise(11);
    const z0 = new Float32Array(40_000);
    noise(z0, 0);
    // −14 instead of −12: the start's own error has to shrink with the tolerance
    const plan = planFor(name, uniformSchedule(-14, 10, 500), options);
    const [worst] = deviations(threeModes, await sample(plan, denoiser, z0, noise));
    expect(Math.abs(worst.standardErrors), worst.what).toBeLessThan(5);
  });
});

describe("the order of convergence from λ = −5 to 6", async () => {
  const stateAfter = (sampler: SamplerName, steps: number): Promise<Float32Array> =>
    lastState(sampler, uniformSchedule(-5, 6, steps + 1), 2000);
  const reference = await stateAfter("heun", 999);
  it.each(convergenceOrders)("of %s is %d ± %d", async (sampler, order, tolerance) => {
    const errorAfter = async (steps: number): Promise<number> =>
      rootMeanSquare(await stateAfter(sampler, steps), reference);
    const measured = Math.log2((await errorAfter(32)) / (await errorAfter(128))) / 2;
    expect(Math.abs(measured - order)).toBeLessThanOrEqual(tolerance);
  });
});
