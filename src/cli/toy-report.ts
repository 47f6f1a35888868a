// What `vocode toy` says about a run: the measurements of each call, and the result's moments beside the exact ones.
import { sqrtAlphaBarFromLogSnr } from "../diffusion/levels.js";
import { responsibilities } from "../diffusion/toy/exact-score.js";
import { meanOf, varianceOf, type GaussianMixture } from "../diffusion/toy/gaussian-mixture.js";
import type { ToyRun, ToySettings } from "../diffusion/toy/toy-process.js";
import { table } from "./output.js";

const TABLE_ROWS = 12;

/** Mean, variance and mode weights, of the points or of the exact distribution. */
interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly weights: readonly number[];
}

function momentsOf(points: Float32Array, mixture: GaussianMixture): Moments {
  const mean = points.reduce((sum, x) => sum + x, 0) / points.length;
  const variance = points.reduce((sum, x) => sum + (x - mean) ** 2, 0) / points.length;
  const weights = mixture.map(() => 0);
  responsibilities(mixture, points).forEach((share, i) => {
    weights[i % weights.length] += share / points.length;
  });
  return { mean, variance, weights };
}

function exactMoments(mixture: GaussianMixture): Moments {
  const weights = mixture.map(({ weight }) => weight);
  return { mean: meanOf(mixture)[0], variance: varianceOf(mixture)[0], weights };
}

/** What `vocode toy --json` prints. */
export function toyReport({ mixture, plan, points, start }: ToySettings, toy: ToyRun): unknown {
  const { sampler, schedule, startsFromNoise } = plan;
  return {
    sampler,
    schedule,
    startsFromNoise,
    start,
    samples: points,
    denoiserCalls: plan.steps.length,
    error: toy.error,
    samplingError: toy.samplingError,
    result: momentsOf(toy.result, mixture),
    exact: exactMoments(mixture),
    steps: toy.reverse.map(({ logSnr, noiseEnergy, expectedNoiseEnergy, error }) => ({
      logSnr,
      noiseEnergy,
      expectedNoiseEnergy,
      error,
    })),
  };
}

/** The same as a table of at most twelve calls and one of the moments. */
export function describeToy({ mixture, plan, points, start }: ToySettings, toy: ToyRun): string {
  const calls = plan.steps.length;
  const shown = Math.min(calls, TABLE_ROWS);
  const rows = Array.from({ length: shown }, (_, row) => {
    const call = shown > 1 ? Math.round((row * (calls - 1)) / (shown - 1)) : 0;
    const { logSnr, noiseEnergy, expectedNoiseEnergy, error } = toy.reverse[call];
    return [
      String(call + 1),
      logSnr.toFixed(2),
      sqrtAlphaBarFromLogSnr(logSnr).toFixed(4),
      energy(noiseEnergy),
      energy(expectedNoiseEnergy),
      error.toFixed(4),
    ];
  });
  const found = momentsOf(toy.result, mixture);
  const exact = exactMoments(mixture);
  const weights = (moments: Moments): string => moments.weights.map((weight) => weight.toFixed(3)).join(" ");
  return [
    `${plan.sampler} on ${plan.schedule}: ${count(calls, "denoiser call")}, ${count(points, "point")} from ` +
      (start === "noise" ? "white noise" : "noisy data"),
    ...(start === "noise" && !plan.startsFromNoise
      ? ["The schedule does not start from pure noise, so the denoiser is told a wrong level."]
      : []),
    "",
    table([["call", "λ", "√ᾱ", "noise seen", "in true data", "error W₁"], ...rows]),
    "",
    table([
      ["", "mean", "variance", "mode weights", "error W₁"],
      ["result", found.mean.toFixed(4), found.variance.toFixed(4), weights(found), toy.error.toFixed(4)],
      [
        "exact",
        exact.mean.toFixed(4),
        exact.variance.toFixed(4),
        weights(exact),
        `${toy.samplingError.toFixed(4)} for a perfect sample of ${points}`,
      ],
    ]),
  ].join("\n");
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function energy(value: number): string {
  if (value === 0) return "0";
  return value >= 0.001 ? value.toFixed(4) : value.toExponential(1);
}
