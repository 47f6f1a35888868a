// The driver: what it yields, how often it calls, and that any engine and any piece gives the same.
import { describe, expect, it } from "vitest";
import { fillNormals } from "../../../src/diffusion/noise.js";
import { planFor, samplerNames } from "../../../src/diffusion/samplers/plan-for.js";
import {
  DenoiserOutputError,
  runPlan,
  sample,
  type SamplerState,
  type SamplingPlan,
  seededNoise,
} from "../../../src/diffusion/samplers/sampling-plan.js";
import { scheduleByName } from "../../../src/diffusion/schedules/named-schedules.js";
import { exactDenoiser } from "../../../src/diffusion/toy/exact-score.js";
import { threeModes } from "../../support/mixtures.js";

const denoiser = exactDenoiser(threeModes);
const schedule = scheduleByName("logsnr-6");
const noise = seededNoise(5);
const z0 = fillNormals(new Float32Array(64), { seed: 5, step: 0 });

async function states(plan: SamplingPlan): Promise<SamplerState[]> {
  const all: SamplerState[] = [];
  for await (const state of runPlan(plan, denoiser, z0, noise)) all.push(state);
  return all;
}

describe("runPlan", () => {
  it("yields one state a call: step, level, z and x̂₀, from the start to the result", async () => {
    const plan = planFor("ddpm", schedule);
    const all = await states(plan);
    expect(all.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(all.map(({ logSnr }) => logSnr)).toEqual([...schedule.logSnrs]);
    expect(all[0].z).toEqual(z0);
    expect(all[5].x0).toEqual(await sample(plan, denoiser, z0, noise));
  });

  it("obeys z′ = a·z + b·x̂₀ + c·x̂₀(previous) + d·noise, with draw k+1 in step k", async () => {
    for (const name of samplerNames) {
      const plan = planFor(name, schedule);
      const all = await states(plan);
      for (let k = 0; k + 1 < all.length; k++) {
        const { z, x0, previousX0, noise: d } = plan.steps[k];
        const fresh = fillNormals(new Float32Array(64), { seed: 5, step: k + 1 });
        const before = all[Math.max(0, k - 1)].x0;
        const expected = all[k].z.map(
          (value, i) => z * value + x0 * all[k].x0[i] + previousX0 * before[i] + d * fresh[i],
        );
        expect(all[k + 1].z).toEqual(expected);
      }
    }
  });

  it("DDIM with η = 1 passes through the states of DDPM with β̃", async () => {
    const ancestral = await states(planFor("ddpm", schedule));
    const implicit = await states(planFor("ddim", schedule, { eta: 1 }));
    implicit.forEach(({ z, x0 }, k) => {
      for (let i = 0; i < z.length; i++) {
        expect(Math.abs(z[i] - ancestral[k].z[i])).toBeLessThan(1e-5);
        expect(Math.abs(x0[i] - ancestral[k].x0[i])).toBeLessThan(1e-5);
      }
    });
  });

  it("runs a plan that went through JSON, bit for bit", async () => {
    const plan = planFor("heun", schedule);
    const copy = JSON.parse(JSON.stringify(plan)) as SamplingPlan;
    expect(await sample(copy, denoiser, z0, noise)).toEqual(await sample(plan, denoiser, z0, noise));
  });

  it("calls the denoiser once a step, and no more when the reader stops", async () => {
    let calls = 0;
    const counting = (z: Float32Array, logSnr: number): Float32Array | Promise<Float32Array> => {
      calls++;
      return denoiser(z, logSnr);
    };
    await sample(planFor("heun", schedule), counting, z0, noise);
    expect(calls).toBe(11);
    calls = 0;
    for await (const { step } of runPlan(planFor("ddim", schedule), counting, z0, noise))
      if (step === 2) break;
    expect(calls).toBe(3);
  });

  it("takes a denoiser that answers later, and leaves the start as it was", async () => {
    const start = z0.slice();
    const plan = planFor("dpmpp-2m", schedule);
    const later = async (z: Float32Array, logSnr: number): Promise<Float32Array> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return denoiser(z, logSnr);
    };
    expect(await sample(plan, later, start, noise)).toEqual(await sample(plan, denoiser, z0, noise));
    expect(start).toEqual(z0);
  });

  it("gives the same in pieces as in one", async () => {
    const plan = planFor("ddpm", schedule);
    const whole = await sample(plan, denoiser, z0, noise);
    for (const [from, to] of [
      [0, 10],
      [10, 37],
      [37, 64],
    ]) {
      const piece = await sample(plan, denoiser, z0.subarray(from, to), seededNoise(5, from));
      expect(piece).toEqual(whole.slice(from, to));
    }
  });

  it("says so when a denoiser returns another length", async () => {
    const short = (z: Float32Array): Float32Array => z.slice(1);
    const failure = sample(planFor("ddim", schedule), short, z0, noise);
    await expect(failure).rejects.toBeInstanceOf(DenoiserOutputError);
    await expect(failure).rejects.toMatchObject({ step: 0, expected: 64, actual: 63, exitCode: 1 });
  });
});
