// The sampler and the schedule that go with a denoiser where nothing else is asked for.
import type { DenoiserKind } from "../checkpoint/denoiser-config.js";
import type { SamplerName } from "../diffusion/samplers/plan-for.js";

/** The published schedules, by their number of steps. */
const published: Readonly<Record<number, string>> = {
  3: "wg-3",
  6: "wg-6",
  7: "bddm-7",
  25: "fibonacci-25",
  50: "linear-50",
  1000: "training-1000",
};

/** A WaveGrad is sampled as it was published, a mask-net deterministically. */
export function defaultSampler(kind: DenoiserKind): SamplerName {
  return kind === "wavegrad" ? "ddpm" : "dpmpp-2m";
}

/**
 * The schedule of N levels. The published short ones tell a network less noise than there is at the start, which
 * only ddpm survives; other samplers get levels that begin at pure noise.
 */
export function defaultSchedule(kind: DenoiserKind, sampler: SamplerName, steps: number): string {
  if (kind !== "wavegrad" || sampler !== "ddpm") return `logsnr-${steps}`;
  return published[steps] ?? `training-1000:${steps}`;
}
