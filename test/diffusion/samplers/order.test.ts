// Halving the step divides the error of the state at a fixed last level by 2 (first order) or by 4 (second order).
import { describe, expect, it } from "vitest";
import type { SamplerName } from "../../../src/diffusion/samplers/plan-for.js";
import { uniformSchedule } from "../../support/mixtures.js";
import { convergenceOrders, lastState, rootMeanSquare } from "../../support/sampler-cases.js";

/** The state z at λ = 2 after so many steps from λ = −5, [500]. */
function stateAfter(sampler: SamplerName, steps: number): Promise<Float32Array> {
  return lastState(sampler, uniformSchedule(-5, 2, steps + 1), 500);
}

describe("the order of convergence", async () => {
  // Heun's error at 512 steps is 1/256 of that at 32, the finest measured here
  const reference = await stateAfter("heun", 512);
  it.each(convergenceOrders)("of %s is %d ± %d", async (sampler, order, tolerance) => {
    const errors: number[] = [];
    for (const steps of [8, 16, 32]) {
      errors.push(rootMeanSquare(await stateAfter(sampler, steps), reference));
    }
    for (let i = 0; i + 1 < errors.length; i++) {
      expect(Math.abs(Math.log2(errors[i] / errors[i + 1]) - order)).toBeLessThanOrEqual(tolerance);
    }
  });
});
