// `vocode train FOLDER --out CHECKPOINT`: a folder of recordings in, a vocoder out. Ctrl-C saves and ends, a second one
// ends at once; SIGUSR1 pauses and continues.
import { basename, resolve } from "node:path";
import { Command } from "commander";
import { DEFAULT_PRESET } from "../audio/mel-format/mel-presets.js";
import { InputError } from "../errors.js";
import { fineTuningSettings } from "../training/fine-tuning.js";
import { audioSecondsAStep } from "../training/meter.js";
import { RunFolder } from "../training/run-folder.js";
import { defaultTrainConfig } from "../training/train-config.js";
import type { TrainingResult } from "../training/trainer.js";
import { duration } from "./duration.js";
import { addEngineOptions, engineOf, type EngineOptions, openChosenRuntime } from "./engine-options.js";
import { anyNumber, wholeNumber } from "./number-option.js";
import { type OutputOptions, printNote, printResult } from "./output.js";
import { TrainingControls } from "./training-controls.js";
import { openCorpusOf } from "./training-corpus.js";
import { TrainingLine } from "./training-line.js";
import { TrainingSamples } from "./training-samples.js";
import { newRun, type NewRun, type RunOptions, runPath, storedRun } from "./training-run.js";

interface TrainOptions extends OutputOptions, EngineOptions, RunOptions {
  readonly resume?: string;
  readonly saveEvery: number;
  readonly measureEvery: number;
  readonly samples: boolean;
}

/** The command `vocode train`. */
export function trainCommand(): Command {
  const command = new Command("train")
    .description("train a vocoder on a folder of WAV and FLAC recordings")
    .argument("[folder]", "recordings, in it and below it")
    .option("--out <folder>", "the checkpoint to make")
    .option("--run <folder>", "where the run's state is kept (default: runs/ and the checkpoint's name)")
    .option("--resume <run>", "continue a run where its last saved state is")
    .option("--from <checkpoint>", "begin with its weights: a few minutes of a new voice are enough")
    .option("--cache <folder>", "recordings made ready, which runs can share (default: in the run's folder)")
    .option(
      "--format <format>",
      `mel format: a preset, changed fields, or a JSON file (default: "${DEFAULT_PRESET}")`,
    )
    .option("--held-out <list>", "text file with the names of recordings to measure on, not to train on")
    .option("--files <list>", "text file with the recordings to use, one path a line")
    .option("--mels <folder>", "train on these mel files, one for each recording")
    .option("--steps <n>", "steps of the network", wholeNumber(1, 10_000_000))
    .option(
      "--excitation-steps <n>",
      "steps of the model that reads the pitch off a mel; 0: none, and synthesis starts from noise",
      wholeNumber(0, 10_000_000),
    )
    .option("--hours <h>", "the same in hours of audio seen", anyNumber)
    .option("--config <file>", "JSON file with settings")
    .option("--set <key=value>", "one setting; may be repeated", collect, [])
    .option("--save-every <seconds>", "how often the state is saved", anyNumber, 180)
    .option("--measure-every <steps>", "how often the error is measured", wholeNumber(1, 10_000_000), 250)
    .option("--no-samples", "do not speak held-out clips on the way, which 'vocode report' plays")
    .option("--json", "print JSON")
    .option("--quiet", "no progress on stderr");
  return addEngineOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  vocode train wavs --out checkpoints/my-voice
  vocode train wavs --out checkpoints/my-voice --steps 2000 --set speeds=1 --set batch=8
  vocode train wavs --out checkpoints/published --set denoiser=wavegrad
  vocode train few-wavs --from checkpoints/speech-22k --out checkpoints/new-voice
  vocode train --resume runs/my-voice

Without --steps or --hours it takes the default's ${defaultTrainConfig.steps} steps, and says after the first ones how long that is here.
--from keeps the checkpoint's network, mel format and prior, and takes smaller steps, ${fineTuningSettings.steps} of them.`,
    )
    .action(run);
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** What a run began with, and --resume takes from there. */
const SETTLED = [
  ...(["out", "run", "from", "cache", "format", "heldOut", "files", "mels", "steps", "hours"] as const),
  ...(["config", "set", "excitationSteps"] as const),
];

async function run(folder: string | undefined, options: TrainOptions, command: Command): Promise<void> {
  if (options.resume !== undefined) {
    const given = SETTLED.find((name) => command.getOptionValueSource(name) === "cli");
    if (given !== undefined) {
      const flag = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      throw new InputError(
        `--${flag} cannot be changed by --resume: a run goes on as it began. Leave it out.`,
      );
    }
  }
  const runFolder = new RunFolder(options.resume ?? runPath(options));
  const { description, start }: NewRun = options.resume
    ? { description: await storedRun(runFolder, folder) }
    : await newRun(runFolder, folder, options);
  const { config, mel, from } = description;
  const runtime = await openChosenRuntime(options, { flushesDenormals: true });
  const corpus = await openCorpusOf(runFolder, description, options, start);
  const { utterancesToTrainOn } = await import("../training/batches.js");
  // refuses recordings that are too short
  utterancesToTrainOn(corpus, config);
  // only now, so that nothing stands in the way of a second attempt
  if (!options.resume) await runFolder.begin(description, start);
  const secondsAStep = audioSecondsAStep(config, mel);
  const line = new TrainingLine(options, secondsAStep);
  const controls = new TrainingControls(line);
  const total = duration(config.steps * secondsAStep);
  const begin = from === undefined ? "" : `, beginning with '${from}' and its prior`;
  printNote(options, `${config.steps} steps on ${runtime.engine}${begin}, ${total} of audio to be seen.`);
  const { train } = await import("../training/trainer.js");
  const { storeTrained } = await import("../training/store-trained.js");
  const name = basename(description.paths.checkpoint);
  const checkpoint = resolve(runFolder.path, description.paths.checkpoint);
  const samples = options.samples ? new TrainingSamples(runFolder.path, corpus) : undefined;
  const speak = async (step: number): Promise<void> => {
    const fault = await samples?.speak(step, checkpoint, engineOf(options));
    if (fault !== undefined) line.note(fault);
  };
  try {
    const result = await train({
      runtime,
      source: corpus,
      config,
      run: runFolder,
      saveEvery: options.saveEvery,
      measureEvery: options.measureEvery,
      onProgress: (progress) => {
        line.show(progress);
      },
      onEstimate: (seconds) => {
        line.showEstimate(config.steps, seconds);
      },
      onMeasure: (step, error) => {
        line.showMeasure(step, error);
      },
      onPitchMeasure: (error) => {
        line.showPitchMeasure(error);
      },
      onRemark: (sentence) => {
        line.note(sentence);
      },
      onSave: async (steps, weights) => {
        await storeTrained(checkpoint, { name, config, corpus, steps, weights, run: runFolder, from });
        if (await samples?.isDue(steps)) await speak(steps);
      },
      beforeStep: () => controls.wait(),
      signal: controls.signal,
    });
    if (result.finished) await speak(result.weightsOf);
    report(result, runFolder, options);
    if (!result.finished) process.exitCode = 130;
  } finally {
    controls.release();
    corpus.close();
  }
}

function report(result: TrainingResult, run: RunFolder, options: OutputOptions): void {
  const { steps, finished, weightsOf, error } = result;
  printResult(options, { steps, finished, weightsOf, devError: error ?? null }, () => {
    if (!finished) return `Saved at step ${steps}. Continue with: vocode train --resume ${run.path}`;
    const best = weightsOf === steps ? "" : `; the weights are those of step ${weightsOf}`;
    return `Trained ${steps} steps${best}${error ? `, ε error ${error.mean.toFixed(4)}` : ""}.`;
  });
}
