// `vocode tune CLIPS --checkpoint C`: finds levels, start level and mel corrections for numbers of steps by listening to
// a few clips, and stores them in the checkpoint, where synthesis finds them.
import { Command, Option } from "commander";
import { readCheckpointConfig, requireOwnCheckpoint, storeTunings } from "../host/node/checkpoints.js";
import { type TunedStart, tunedStarts, tuningName } from "../checkpoint/tunings.js";
import { type SamplerName, samplerNames } from "../diffusion/samplers/plan-for.js";
import { InputError } from "../errors.js";
import type { TunedSteps, TuneProgress } from "../evaluation/tuning/tune-steps.js";
import { type Precision, precisionNames } from "../engine/engine.js";
import { architectureOf } from "../models/registry.js";
import { addEngineOptions, type EngineOptions } from "./options.js";
import { anyNumber, listOf, wholeNumber } from "./option-values.js";
import { type OutputOptions, printNote, printResult, table } from "./output.js";
import { bar, duration, StatusLine } from "./status.js";

const LOG_INTERVAL_MS = 15_000;
const BAR_WIDTH = 12;

/** Tells how a tuning goes. Nothing is said with --quiet. */
class TuningLine {
  readonly #line: StatusLine;
  readonly #seconds: number;
  readonly #begun = performance.now();
  #lastPhase = "";

  /** @param seconds that the whole may take */
  constructor(options: OutputOptions, seconds: number) {
    this.#line = new StatusLine(options, { intervalMs: LOG_INTERVAL_MS, beginsAtOnce: true });
    this.#seconds = seconds;
  }

  /** The latest trial. */
  show({ steps, phase, tried, before, best }: TuneProgress): void {
    const spent = (performance.now() - this.#begun) / 1000;
    const left = `${duration(Math.max(0, this.#seconds - spent))} left`;
    const line = `${steps} steps · ${phase} · ${tried} tried · objective ${before.toFixed(4)} → ${best.toFixed(4)}`;
    this.#line.show(`${line} · ${left}`, {
      onScreen: `${bar(spent / this.#seconds, BAR_WIDTH)} ${left} · ${line}`,
      isDue: `${steps}${phase}` !== this.#lastPhase,
    });
    this.#lastPhase = `${steps}${phase}`;
  }

  /** A sentence that stays on the screen. */
  note(text: string): void {
    this.#line.note(text);
  }
}

interface TuneCommandOptions extends OutputOptions, EngineOptions {
  readonly checkpoint: string;
  readonly files?: string;
  readonly steps: readonly number[];
  readonly start?: TunedStart;
  readonly sampler?: SamplerName;
  readonly maxRefine: number;
  readonly budget: number;
  readonly listen: number;
  readonly piece: number;
  readonly seed: number;
  readonly precision: Precision;
  readonly store: boolean;
}

/** The command `vocode tune <clips...> --checkpoint <folder>`. */
export function tuneCommand(): Command {
  const command = new Command("tune")
    .argument("<clips...>", "recordings of speech that the voice was not trained on, or folders of them")
    .requiredOption("--checkpoint <folder>", "the model; what is found goes into its config.json")
    .option("--files <list>", "text file with the recordings to use, one path a line relative to the folder")
    .option("--steps <list>", "numbers of steps to tune", listOf(wholeNumber(1, 1000)), [6, 8, 12, 25, 50])
    .addOption(new Option("--start <name>", "what the first state is made of").choices(tunedStarts))
    .addOption(new Option("--sampler <name>", "how the steps are taken").choices(samplerNames))
    .option("--max-refine <k>", "most mel corrections that may be chosen", wholeNumber(0, 64), 16)
    .option("--budget <minutes>", "time for all of it", anyNumber, 20)
    .option("--listen <seconds>", "of audio that each trial hears", anyNumber, 15)
    .option("--piece <seconds>", "length of the pieces that this audio consists of", anyNumber, 1.5)
    .option("--seed <n>", "seed of the noise and of the search", wholeNumber(0, 2 ** 32 - 2), 1)
    .addOption(
      new Option("--precision <name>", "of the network's Linear layers")
        .choices(precisionNames)
        .default("float32"),
    )
    .option("--no-store", "only print what was found")
    .option("--json", "print JSON")
    .option("--quiet", "no progress on stderr");
  return addEngineOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  vocode tune dev-clips --checkpoint checkpoints/my-voice
  vocode tune corpus --files dev.txt --checkpoint checkpoints/my-voice --steps 6,12 --budget 30

What is found for N steps is stored as 'tuned-N' and taken from then on where nothing else is asked for; numbers of
steps between two that were tuned take the mixture of both. It is stored only if it is better than the start on all
the clips, judged whole and with other noise than the search heard.`,
    )
    .action(run);
}

async function run(paths: string[], options: TuneCommandOptions): Promise<void> {
  const { checkpoint, precision, engine, device, threads, seed } = options;
  const { steps, maxRefine: mostIterations, store } = options;
  for (const name of ["budget", "listen", "piece"] as const) {
    if (!(options[name] > 0)) throw new InputError(`--${name} is ${options[name]}; it has to be above 0.`);
  }
  requireOwnCheckpoint(checkpoint);
  const config = await readCheckpointConfig(checkpoint);
  const { sampler = architectureOf(config.denoiser.kind).defaults.sampler } = options;
  const { clipPaths, readClips } = await import("../evaluation/clip-files.js");
  const { piecesOf, secondsOf } = await import("../evaluation/clips.js");
  const found = await clipPaths(paths, options.files);
  const { Vocoder } = await import("../node.js");
  const { curveLimits, namedTuning, tune } = await import("../evaluation/tuning/tune.js");
  const { vocoderProcess } = await import("../evaluation/tuning/tune.js");
  const { chosenSettings } = await import("../synthesis/settings.js");
  const clips = await readClips(found, config.mel);
  const pieces = piecesOf(clips, config.mel, options.listen, options.piece);
  const vocoder = await Vocoder.load(checkpoint, {
    engine,
    precision,
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
  });
  const untuned = { ...config, schedules: {}, tunings: {} };
  const own = chosenSettings(untuned, { steps: 1, sampler }).start;
  const { start = own } = options;
  const budget = 60 * options.budget;
  const line = new TuningLine(options, budget);
  line.note(
    `${counted(clips.length, "clip")}, ${secondsOf(clips).toFixed(0)} s; each trial hears ${counted(pieces.length, "piece")}, ${secondsOf(pieces).toFixed(0)} s`,
  );
  const process = vocoderProcess(vocoder, { start, sampler, seed, clips: { pieces, clips } });
  const results: TunedSteps[] = [];
  await tune(process, {
    steps,
    startOf: (count) => {
      const { schedule, refinement } = chosenSettings(untuned, { steps: count, sampler, start });
      return { logSnrs: schedule.logSnrs, refinement };
    },
    limits: curveLimits(start, config.logSnrRange),
    mostIterations,
    budget,
    seed,
    onProgress: (progress) => {
      line.show(progress);
    },
    onTuned: async (tuned) => {
      results.push(tuned);
      line.note(sentence(tuned));
      if (store)
        await storeTunings(checkpoint, [
          namedTuning(tuningName(tuned.steps, start === own ? undefined : start), tuned, { start, sampler }),
        ]);
    },
  });
  await vocoder.dispose();
  if (store) printNote(options, `Stored in ${checkpoint}.`);
  printResult(options, { checkpoint, start, sampler, stored: store, tuned: results.map(jsonOf) }, () =>
    describe(results),
  );
}

function sentence({ steps, improved, objective, tried, seconds }: TunedSteps): string {
  const { before, tuned } = objective;
  const result = improved
    ? `objective ${before.toFixed(4)} → ${tuned.toFixed(4)} on all clips`
    : `nothing better than the start was found, ${before.toFixed(4)}`;
  return `${counted(steps, "step")}: ${result}; ${tried} settings tried in ${seconds.toFixed(0)} s`;
}

function jsonOf({ steps, settings, improved, objective, tried, seconds }: TunedSteps): unknown {
  const { logSnrs, refinement } = settings;
  return { steps, logSnrs: Array.from(logSnrs), refinement, improved, objective, tried, seconds };
}

function describe(results: readonly TunedSteps[]): string {
  return table([
    ["steps", "before", "tuned", "K", "p", "momentum", "λ from noise to data"],
    ...results.map(({ steps, settings, objective }) => [
      String(steps),
      objective.before.toFixed(4),
      objective.tuned.toFixed(4),
      String(settings.refinement.iterations),
      settings.refinement.exponent.toFixed(2),
      settings.refinement.momentum.toFixed(2),
      levelText(settings.logSnrs),
    ]),
  ]);
}

/** Levels in words; of many the first and the last three. */
function levelText(logSnrs: ArrayLike<number>): string {
  const levels = Array.from(logSnrs, (logSnr) => logSnr.toFixed(2).replace("-", "−"));
  return levels.length <= 8 ? levels.join(" ") : [...levels.slice(0, 3), "…", ...levels.slice(-3)].join(" ");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
