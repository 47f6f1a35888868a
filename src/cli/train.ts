// `vocode train FOLDER --out CHECKPOINT`: a folder of recordings in, a vocoder out. Ctrl-C saves and ends, a second one
// ends at once; SIGUSR1 pauses and continues.
import { basename, join, relative, resolve } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { Command } from "commander";
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import { formatFromOption } from "../audio/mel-format/mel-format-option.js";
import { DEFAULT_PRESET } from "../audio/mel-format/mel-presets.js";
import { InputError } from "../errors.js";
import { readWholeFile } from "../files/read-whole-file.js";
import type { Corpus } from "../training/corpus/corpus.js";
import { RunError, TrainConfigError } from "../training/errors.js";
import { RunFolder, type RunDescription } from "../training/run-folder.js";
import { defaultTrainConfig, type TrainConfig } from "../training/train-config.js";
import { checkWindows, parseSetting, withSettings } from "../training/train-config-text.js";
import type { TrainingResult } from "../training/trainer.js";
import { addEngineOptions, type EngineOptions, openChosenRuntime } from "./engine-options.js";
import { anyNumber, wholeNumber } from "./number-option.js";
import { type OutputOptions, printNote, printResult } from "./output.js";
import { Progress } from "./progress.js";
import { duration, TrainingLine } from "./training-line.js";

interface TrainOptions extends OutputOptions, EngineOptions {
  readonly out?: string;
  readonly run?: string;
  readonly resume?: string;
  readonly cache?: string;
  readonly format: string;
  readonly heldOut?: string;
  readonly files?: string;
  readonly mels?: string;
  readonly steps?: number;
  readonly hours?: number;
  readonly config?: string;
  readonly set: readonly string[];
  readonly saveEvery: number;
  readonly measureEvery: number;
}

const PAUSE_CHECK_MS = 500;

/** The command `vocode train`. */
export function trainCommand(): Command {
  const command = new Command("train")
    .description("train a vocoder on a folder of WAV and FLAC recordings")
    .argument("[folder]", "recordings, in it and below it")
    .option("--out <folder>", "the checkpoint to make")
    .option("--run <folder>", "where the run's state is kept (default: runs/ and the checkpoint's name)")
    .option("--resume <run>", "continue a run where its last saved state is")
    .option("--cache <folder>", "recordings made ready, which runs can share (default: in the run's folder)")
    .option("--format <format>", "mel format: a preset, changed fields, or a JSON file", DEFAULT_PRESET)
    .option("--held-out <list>", "text file with the names of recordings to measure on, not to train on")
    .option("--files <list>", "text file with the recordings to use, one path a line")
    .option("--mels <folder>", "train on these mel files, one for each recording")
    .option("--steps <n>", "steps of the network", wholeNumber(1, 10_000_000))
    .option("--hours <h>", "the same in hours of audio seen", anyNumber)
    .option("--config <file>", "JSON file with settings")
    .option("--set <key=value>", "one setting; may be repeated", collect, [])
    .option("--save-every <seconds>", "how often the state is saved", anyNumber, 180)
    .option("--measure-every <steps>", "how often the error is measured", wholeNumber(1, 10_000_000), 250)
    .option("--json", "print JSON")
    .option("--quiet", "no progress on stderr");
  return addEngineOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  vocode train wavs --out checkpoints/my-voice
  vocode train wavs --out checkpoints/my-voice --steps 2000 --set speeds=1 --set batch=8
  vocode train --resume runs/my-voice`,
    )
    .action(run);
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** What a run began with, and --resume takes from there. */
const SETTLED = [
  ...(["out", "run", "cache", "format", "heldOut", "files", "mels", "steps", "hours"] as const),
  ...(["config", "set"] as const),
];

async function run(folder: string | undefined, options: TrainOptions, command: Command): Promise<void> {
  if (options.resume !== undefined) {
    const given = SETTLED.find((name) => command.getOptionValueSource(name) === "cli");
    if (given !== undefined) {
      const flag = given === "heldOut" ? "held-out" : given;
      throw new InputError(
        `--${flag} cannot be changed by --resume: a run goes on as it began. Leave it out.`,
      );
    }
  }
  const runFolder = new RunFolder(options.resume ?? runPath(options));
  const description = options.resume
    ? await stored(runFolder, folder)
    : await described(runFolder, folder, options);
  const { config } = description;
  const runtime = await openChosenRuntime(options);
  const corpus = await openCorpusOf(runFolder, description, options);
  const { BatchSource } = await import("../training/batches.js");
  // refuses recordings that are too short
  new BatchSource(corpus, config);
  // only now, so that nothing stands in the way of a second attempt
  if (!options.resume) await runFolder.begin(description);
  const line = new TrainingLine(options);
  const controls = new Controls(line);
  const secondsAStep =
    (config.batch * config.cropFrames * description.mel.hopLength) / description.mel.sampleRate;
  const total = duration(config.steps * secondsAStep);
  printNote(options, `${config.steps} steps on ${runtime.engine}, ${total} of audio to be seen.`);
  const { train } = await import("../training/trainer.js");
  const { devLogSnrs } = await import("../training/dev-measure.js");
  const { storeTrained } = await import("../training/store-trained.js");
  const name = basename(description.paths.checkpoint);
  const checkpoint = resolve(runFolder.path, description.paths.checkpoint);
  try {
    const result = await train({
      runtime,
      source: corpus,
      config,
      run: runFolder,
      saveEvery: options.saveEvery,
      measureEvery: options.measureEvery,
      onProgress: (progress) => {
        line.show(progress, secondsAStep);
      },
      onMeasure: (step, error) => {
        line.showMeasure(step, error, devLogSnrs);
      },
      onRemark: (sentence) => {
        line.note(sentence);
      },
      onSave: async (steps, weights) => {
        await storeTrained(checkpoint, { name, config, corpus, steps, weights, run: runFolder });
      },
      beforeStep: () => controls.wait(),
      signal: controls.signal,
    });
    report(result, runFolder, options);
    if (!result.finished) process.exitCode = 130;
  } finally {
    controls.release();
    corpus.close();
  }
}

function runPath({ run, out }: TrainOptions): string {
  if (run !== undefined) return run;
  if (out === undefined)
    throw new InputError("Name the checkpoint to make, as in --out checkpoints/my-voice.");
  return join("runs", basename(resolve(out)));
}

async function described(
  runFolder: RunFolder,
  folder: string | undefined,
  options: TrainOptions,
): Promise<RunDescription> {
  if (folder === undefined) throw new InputError("Name the folder of recordings, as in vocode train wavs.");
  const { out, cache, heldOut, files, mels } = options;
  if (out === undefined)
    throw new InputError("Name the checkpoint to make, as in --out checkpoints/my-voice.");
  const mel = await formatFromOption(options.format);
  const from = (path: string): string => relative(runFolder.path, path) || ".";
  const description: RunDescription = {
    config: await configOf(options, mel),
    mel,
    paths: {
      corpus: from(folder),
      checkpoint: from(out),
      cache: from(cache ?? join(runFolder.path, "corpus")),
      ...(heldOut === undefined ? {} : { heldOut: from(heldOut) }),
      ...(files === undefined ? {} : { files: from(files) }),
      ...(mels === undefined ? {} : { mels: from(mels) }),
    },
  };
  await runFolder.requireNone();
  return description;
}

async function stored(runFolder: RunFolder, folder: string | undefined): Promise<RunDescription> {
  const description = await runFolder.describe();
  if (!description) throw new RunError(`'${runFolder.path}' holds no training run.`);
  if (folder === undefined) return description;
  // the recordings may have moved
  return { ...description, paths: { ...description.paths, corpus: relative(runFolder.path, folder) || "." } };
}

async function configOf(options: TrainOptions, mel: MelFormat): Promise<TrainConfig> {
  const fromFile = options.config === undefined ? {} : await readSettings(options.config);
  const fromOptions = Object.assign({}, ...options.set.map(parseSetting)) as Record<string, unknown>;
  const config = withSettings(defaultTrainConfig, { ...fromFile, ...fromOptions });
  checkWindows(config, mel);
  if (options.steps !== undefined) return { ...config, steps: options.steps };
  if (options.hours === undefined) return config;
  if (!(options.hours > 0)) throw new TrainConfigError(`--hours has to be above 0, not ${options.hours}.`);
  const secondsAStep = (config.batch * config.cropFrames * mel.hopLength) / mel.sampleRate;
  return { ...config, steps: Math.ceil((3600 * options.hours) / secondsAStep) };
}

async function readSettings(path: string): Promise<Record<string, unknown>> {
  const text = new TextDecoder().decode(await readWholeFile(path));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new TrainConfigError(`'${path}' is not JSON: ${(error as Error).message}.`);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new TrainConfigError(`'${path}' holds no JSON object with settings.`);
  }
  return json as Record<string, unknown>;
}

async function openCorpusOf(
  runFolder: RunFolder,
  { config, mel, paths }: RunDescription,
  options: TrainOptions,
): Promise<Corpus> {
  const { openCorpus } = await import("../training/corpus/corpus.js");
  const place = (path: string): string => resolve(runFolder.path, path);
  let progress: Progress | undefined;
  const corpus = await openCorpus({
    folder: place(paths.corpus),
    cacheFolder: place(paths.cache),
    format: mel,
    speeds: paths.mels === undefined ? config.speeds : [1],
    ...(paths.heldOut === undefined ? {} : { heldOutList: place(paths.heldOut) }),
    ...(paths.files === undefined ? {} : { fileList: place(paths.files) }),
    ...(paths.mels === undefined ? {} : { mels: place(paths.mels) }),
    onProgress: (_, total) => {
      progress ??= new Progress(options, total, "recordings made ready");
      progress.advance("");
    },
  });
  progress?.end();
  const { utterances, problems } = corpus;
  const seconds = utterances
    .filter(({ speed, heldOut }) => speed === 1 && !heldOut)
    .reduce((sum, { frames }) => sum + (frames * mel.hopLength) / mel.sampleRate, 0);
  const kept = utterances.filter(({ heldOut }) => heldOut).length;
  printNote(
    options,
    `${duration(seconds)} of recordings to train on, ${kept} recordings kept back to measure on` +
      (problems.length === 0 ? "." : `, ${problems.length} left out:`),
  );
  for (const { name, reason } of problems.slice(0, 10)) printNote(options, `  ${name}: ${reason}`);
  if (problems.length > 10) printNote(options, `  and ${problems.length - 10} more`);
  return corpus;
}

function report(result: TrainingResult, run: RunFolder, options: OutputOptions): void {
  const { steps, finished, error } = result;
  printResult(options, { steps, finished, devError: error ?? null }, () =>
    finished
      ? `Trained ${steps} steps${error ? `, ε error ${error.mean.toFixed(4)}` : ""}.`
      : `Saved at step ${steps}. Continue with: vocode train --resume ${run.path}`,
  );
}

const STOPPING = ["SIGINT", "SIGTERM"] as const;

/** Ctrl-C ends after the step, SIGUSR1 pauses and continues. */
class Controls {
  readonly #abort = new AbortController();
  readonly #line: TrainingLine;
  /** The command line's own handlers, which end the process at once: set aside for the second signal. */
  readonly #atOnce = STOPPING.map((signal) => process.rawListeners(signal) as NodeJS.SignalsListener[]);
  #paused = false;

  constructor(line: TrainingLine) {
    this.#line = line;
    for (const signal of STOPPING) process.removeAllListeners(signal).on(signal, this.#stop);
    process.on("SIGUSR1", this.#pause);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Lets the event loop turn, and waits while paused. */
  async wait(): Promise<void> {
    await setImmediate();
    while (this.#paused && !this.#abort.signal.aborted) await setTimeout(PAUSE_CHECK_MS);
  }

  release(): void {
    this.#giveBack();
    process.removeListener("SIGUSR1", this.#pause);
  }

  #giveBack(): void {
    for (const [index, signal] of STOPPING.entries()) {
      process.removeListener(signal, this.#stop);
      for (const listener of this.#atOnce[index].splice(0)) process.on(signal, listener);
    }
  }

  readonly #stop = (): void => {
    this.#giveBack();
    this.#line.note("Saving after this step; press Ctrl-C again to end at once.");
    this.#abort.abort();
  };

  readonly #pause = (): void => {
    this.#paused = !this.#paused;
    this.#line.note(this.#paused ? "Paused; another SIGUSR1 continues." : "Continued.");
  };
}
