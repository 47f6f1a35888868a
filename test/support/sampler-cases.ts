// Which samplers the tests of distributions and of convergence go through, and the run from white noise to a last level.
import type { NoiseSchedule } from "../../src/diffusion/schedules/build-schedule.js";
import { planFor, type SamplerName, type SamplerOptions } from "../../src/diffusion/samplers/plan-for.js";
import { runPlan, seededNoise } from "../../src/diffusion/samplers/sampling-plan.js";
import { exactDenoiser } from "../../src/diffusion/toy/exact-score.js";
import { threeModes } from "./mixtures.js";

/** Every sampler with its variants; `langevin` are the corrector's options. */
export function samplerCases(langevin: SamplerOptions = {}): [SamplerName, SamplerOptions][] {
  return [
    ["ddpm", {}],
    ["ddpm", { variance: "beta" }],
    ["ddim", {}],
    ["ddim", { eta: 0.5 }],
    ["dpmpp-2m", {}],
    ["euler", {}],
    ["heun", {}],
    ["langevin", langevin],
  ];
}

/** The deterministic samplers, the order of convergence of each, and by how much a measurement may differ from it. */
export const convergenceOrders: readonly [SamplerName, number, number][] = [
  ["ddim", 1, 0.2],
  ["euler", 1, 0.2],
  ["dpmpp-2m", 2, 0.3],
  ["heun", 2, 0.3],
];

/** The state z at the last level of a schedule, from the same white noise each time, with the exact denoiser: [points]. */
export async function lastState(
  sampler: SamplerName,
  schedule: NoiseSchedule,
  points: number,
): Promise<Float32Array> {
  const noise = seededNoise(1);
  let state = new Float32Array(points);
  noise(state, 0);
  for await (const { z } of runPlan(planFor(sampler, schedule), exactDenoiser(threeModes), state, noise)) {
    state = z.slice();
  }
  return state;
}

/** The root mean square of the difference of two states. */
export function rootMeanSquare(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length);
}
