// `vocode toy`: diffusion without a network. A mixture of Gaussians goes through the forward process of any schedule and
// comes back through any sampler with the exact score; a table and a picture show how well.
import { setImmediate } from "node:timers/promises";
import { Command, Option } from "commander";
import { type NoiseSchedule, respace } from "../diffusion/schedules/build-schedule.js";
import { parseSeed, type Seed } from "../diffusion/noise.js";
import { planFor, samplerNames, type SamplerOptions } from "../diffusion/samplers/plan-for.js";
import { namedSchedules, scheduleByName } from "../diffusion/schedules/named-schedules.js";
import { type GaussianMixture, meanOf, varianceOf } from "../diffusion/toy/gaussian-mixture.js";
import { runToy, type ToyRun, type ToySettings } from "../diffusion/toy/toy-process.js";
import { InputError } from "../errors.js";
import { DEFAULT_MIXTURE, parseMixture, readSchedule, SCHEDULE_ARGUMENT } from "./process-arguments.js";
import {
  anyNumber,
  type PictureOptions,
  requirePicture,
  wholeNumber,
  writePicture,
} from "./option-values.js";
import { printResult, table } from "./output.js";
import { sqrtAlphaBarFromLogSnr } from "../diffusion/levels.js";
import { responsibilities } from "../diffusion/toy/exact-score.js";

// What `vocode toy` says about a run: the measurements of each call, and the result's moments beside the exact ones.

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
function toyReport({ mixture, plan, points, start }: ToySettings, toy: ToyRun): unknown {
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
function describeToy({ mixture, plan, points, start }: ToySettings, toy: ToyRun): string {
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

interface ToyOptions extends PictureOptions, SamplerOptions {
  readonly schedule: string;
  readonly steps?: number;
  readonly sampler: string;
  readonly start: "noise" | "data";
  readonly mixture: GaussianMixture;
  readonly samples: number;
  readonly seed: Seed;
}

// every state of both processes is kept for the picture: 400 MB at this size
const MAX_KEPT_NUMBERS = 1e8;
// a call takes half a millisecond however few the samples are, for the error is an integral
const MAX_CALLS = 20_000;

/** The command `vocode toy`. */
export function toyCommand(): Command {
  return new Command("toy")
    .option("--schedule <schedule>", SCHEDULE_ARGUMENT, "cosine-50")
    .option("--steps <n>", "as many levels: of the schedule's family, or taken from it", wholeNumber(1, 1000))
    .addOption(new Option("--sampler <name>", "how to sample").choices(samplerNames).default("ddpm"))
    .addOption(
      new Option("--variance <name>", "ddpm: the reverse step's variance, β̃ or β").choices([
        "posterior",
        "beta",
      ]),
    )
    .option("--eta <number>", "ddim: the share of fresh noise, 0 … 1", anyNumber)
    .option("--corrector-steps <n>", "langevin: corrector steps at each level", wholeNumber(0, 1000))
    .option("--corrector-step-size <number>", "langevin: their size in units of the noise power", anyNumber)
    .addOption(
      new Option("--start <from>", "white noise, or true noisy data of the schedule's first level")
        .choices(["noise", "data"])
        .default("noise"),
    )
    .addOption(
      new Option("--mixture <modes>", "the data's modes, each as weight:mean:deviation")
        .argParser(parseMixture)
        .default(parseMixture(DEFAULT_MIXTURE), DEFAULT_MIXTURE),
    )
    .option("--samples <n>", "points in each process", wholeNumber(1, 1_000_000), 10_000)
    .addOption(new Option("--seed <n>", "seed of all noise").argParser(parseSeed).default(1))
    .option("--picture <file>", "draw both processes, the score and the errors, as .png or .svg")
    .option("--json", "print JSON")
    .option("--quiet", "no notes on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode toy --picture toy.png                                 50 steps of DDPM on the cosine schedule
  vocode toy --schedule logsnr --steps 12 --sampler dpmpp-2m   a second-order solver with 12 calls
  vocode toy --schedule wg-6 --sampler ddim                    told a wrong level: compare --start data
  vocode toy --mixture 1:-2:0.3,1:2:0.3 --schedule ddpm-1000:100`,
    )
    .action(run);
}

async function run(options: ToyOptions): Promise<void> {
  await requirePicture(options);
  const schedule = await chooseSchedule(options);
  const { mixture, samples, seed, start } = options;
  const plan = planFor(options.sampler, schedule, samplerOptions(options));
  const settings: ToySettings = { mixture, schedule, plan, points: samples, seed, start };
  if (plan.steps.length > MAX_CALLS) {
    throw new InputError(
      `${plan.sampler} on ${schedule.name} makes ${plan.steps.length} denoiser calls; the toy makes at most ${MAX_CALLS}. ` +
        `Ask for fewer --corrector-steps or --steps.`,
    );
  }
  const kept = samples * (plan.steps.length + schedule.logSnrs.length);
  if (kept > MAX_KEPT_NUMBERS) {
    throw new InputError(
      `${samples} samples over ${plan.steps.length} denoiser calls are too many to keep for the measurements. ` +
        `Ask for at most ${Math.floor((MAX_KEPT_NUMBERS * samples) / kept)} samples.`,
    );
  }
  // a turn of the event loop after each call, or Ctrl-C would not be heard before the end
  const toy = await runToy(settings, () => setImmediate());
  await writePicture(options, async () => {
    const { toyFigure } = await import("../plots/diffusion-figures.js");
    return toyFigure(settings, toy);
  });
  printResult(options, toyReport(settings, toy), () => describeToy(settings, toy));
}

async function chooseSchedule({ schedule, steps }: ToyOptions): Promise<NoiseSchedule> {
  if (steps === undefined) return readSchedule(schedule);
  // cosine, cosine-50 and the like belong to a family with a member of any length; other schedules are thinned out
  const family = schedule.replace(/(-\d+)?$/, "-N");
  return namedSchedules().some(({ name }) => name === family)
    ? scheduleByName(family.replace(/N$/, String(steps)))
    : respace(await readSchedule(schedule), steps);
}

function samplerOptions({ variance, eta, correctorSteps, correctorStepSize }: ToyOptions): SamplerOptions {
  return {
    ...(variance === undefined ? {} : { variance }),
    ...(eta === undefined ? {} : { eta }),
    ...(correctorSteps === undefined ? {} : { correctorSteps }),
    ...(correctorStepSize === undefined ? {} : { correctorStepSize }),
  };
}
