// `vocode toy`: diffusion without a network. A mixture of Gaussians goes through the forward process of any schedule and
// comes back through any sampler with the exact score; a table and a picture show how well.
import { setImmediate } from "node:timers/promises";
import { Command, Option } from "commander";
import type { NoiseSchedule } from "../diffusion/noise-schedule.js";
import { parseSeed, type Seed } from "../diffusion/noise.js";
import { planFor, samplerNames, type SamplerOptions } from "../diffusion/samplers/plan-for.js";
import { namedSchedules, scheduleByName } from "../diffusion/schedules/named-schedules.js";
import { respace } from "../diffusion/schedules/respace.js";
import type { GaussianMixture } from "../diffusion/toy/gaussian-mixture.js";
import { runToy, type ToySettings } from "../diffusion/toy/toy-process.js";
import { InputError } from "../errors.js";
import { DEFAULT_MIXTURE, parseMixture } from "./mixture-argument.js";
import { anyNumber, wholeNumber } from "./number-option.js";
import { printResult } from "./output.js";
import { requirePicture, writePicture, type PictureOptions } from "./picture-option.js";
import { readSchedule, SCHEDULE_ARGUMENT } from "./schedule-argument.js";
import { describeToy, toyReport } from "./toy-report.js";

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
    .description("diffuse and sample a mixture of Gaussians with the exact score: no network, no training")
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
    const { toyFigure } = await import("../evaluation/plots/toy-figure.js");
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
