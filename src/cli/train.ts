// `vocode train FOLDER --out CHECKPOINT`: a folder of recordings in, a vocoder out. Ctrl-C saves and ends, a second one
// ends at once; SIGUSR1 pauses and continues.
import { basename, resolve } from "node:path";
import { Command, Option } from "commander";
import { melLayouts } from "../mel/layout.js";
import { DEFAULT_PRESET } from "../mel/presets.js";
import { InputError } from "../errors.js";
import { fineTuningSettings } from "../training/start-weights.js";
import { audioSecondsAStep } from "../training/progress.js";
import type { RunDescription } from "../training/run.js";
import { RunFolder } from "../training/run-folder.js";
import { defaultTrainConfig, FINISH_STEPS, finishingConfig } from "../training/config.js";
import type { TrainingResult } from "../training/trainer.js";
import type { Int8Cost } from "../training/voice-calibration.js";
import { duration, Progress } from "./status.js";
import { addEngineOptions, engineOf, type EngineOptions, openChosenEngine } from "./options.js";
import { anyNumber, wholeNumber } from "./option-values.js";
import { type OutputOptions, printForeignFiles, printNote, printResult } from "./output.js";
import { TrainingControls, TrainingLine } from "./training-controls.js";
import type { TrainingEvents } from "./training-events.js";
import { TrainingSamples } from "./training-samples.js";
import { newRun, type NewRun, readingOf, type RunOptions, runPath, storedRun } from "./training-run.js";
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import type { Corpus } from "../training/corpus/corpus.js";
import { storedExcitation, wantsExcitation } from "../training/excitation.js";

// The corpus of a run, made ready with a progress line, and a word about what it holds.

const MOST_NAMED = 10;

/** What a run learns from. */
interface Corpora {
  readonly corpus: Corpus;
  /** Recordings with the mels that a model predicted, where a finishing phase mixes them in. */
  readonly predicted?: Corpus;
}

/**
 * Opens a run's corpus, with its pitch where the run is to learn that, and a second one of its mels where they are mixed
 * in.
 *
 * @param start the weights that a new run begins with
 * @throws what openCorpus throws
 */
async function openCorpora(
  runFolder: RunFolder,
  description: RunDescription,
  options: OutputOptions,
  start?: Checkpoint["weights"],
): Promise<Corpora> {
  const { config, paths } = description;
  const pitch = wantsExcitation(config) && (await storedExcitation(runFolder, start)) === undefined;
  if (paths.mels === undefined || config.finishSteps === 0) {
    return { corpus: await openCorpusOf(runFolder, description, options, pitch) };
  }
  const { mels, ...others } = paths;
  const { predictedCount } = await import("../training/finishing/batches.js");
  if (predictedCount(finishingConfig(config)) === 0) {
    throw new InputError(
      "None of a finishing step's crops would have the mels of --mels: 'finishBatch' times 'smoothShare' times " +
        "'predictedShare' is less than a half. Raise one of them, or leave --mels out.",
    );
  }
  const corpus = await openCorpusOf(runFolder, { ...description, paths: others }, options, pitch);
  printNote(
    options,
    `Mixed in while the voice is finished are the mels in '${resolve(runFolder.path, mels)}':`,
  );
  return { corpus, predicted: await openCorpusOf(runFolder, description, options, false) };
}

async function openCorpusOf(
  runFolder: RunFolder,
  description: RunDescription,
  options: OutputOptions,
  pitch: boolean,
): Promise<Corpus> {
  const { config, mel, paths } = description;
  const { openCorpus } = await import("../training/corpus/corpus.js");
  const place = (path: string): string => resolve(runFolder.path, path);
  let progress: Progress | undefined;
  let pitchProgress: Progress | undefined;
  const corpus = await openCorpus({
    folder: place(paths.corpus),
    cacheFolder: place(paths.cache),
    format: mel,
    speeds: paths.mels === undefined ? config.speeds : [1],
    ...(paths.heldOut === undefined ? {} : { heldOutList: place(paths.heldOut) }),
    ...(paths.files === undefined ? {} : { fileList: place(paths.files) }),
    ...(paths.mels === undefined ? {} : { mels: place(paths.mels) }),
    ...(paths.mels === undefined ? {} : await readingOf(description)),
    pitch,
    onProgress: (_, total) => {
      progress ??= new Progress(options, total, "recordings made ready");
      progress.advance("");
    },
    onPitchProgress: (_, total) => {
      pitchProgress ??= new Progress(options, total, "recordings' pitch found");
      pitchProgress.advance("");
    },
  });
  progress?.end();
  pitchProgress?.end();
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
  for (const { name, reason } of problems.slice(0, MOST_NAMED)) printNote(options, `  ${name}: ${reason}`);
  if (problems.length > MOST_NAMED) printNote(options, `  and ${problems.length - MOST_NAMED} more`);
  await printForeignFiles(place(paths.corpus), options);
  for (const remark of corpus.remarks) printNote(options, remark);
  return corpus;
}

/** Says of a checkpoint that was tuned that its tunings will go: they were found for weights that are about to change. */
async function remarkTunings(
  runFolder: RunFolder,
  { config, paths }: RunDescription,
  options: OutputOptions,
): Promise<void> {
  if ((await runFolder.stepsDone()) >= config.steps + config.finishSteps) return;
  const { isCheckpoint, readCheckpointConfig } = await import("../host/node/checkpoints.js");
  const folder = resolve(runFolder.path, paths.checkpoint);
  if (!(await isCheckpoint(folder))) return;
  // those that finishing itself stores it stores again
  const { finishedSteps } = await import("../training/store.js");
  const own = JSON.stringify(finishedSteps(config).tunings);
  const tunings = Object.entries((await readCheckpointConfig(folder)).tunings ?? {});
  const names = tunings.flatMap(([name, tuning]) =>
    own === JSON.stringify({ [name]: tuning }) ? [] : [name],
  );
  if (names.length === 0) return;
  printNote(
    options,
    `'${folder}' was tuned (${names.join(", ")}) for the weights that it has now. Training replaces them, and what was ` +
      "tuned is not kept: run 'vocode tune' again when it has ended. A copy of the folder keeps the voice as it is.",
  );
}

interface TrainOptions extends OutputOptions, EngineOptions, RunOptions {
  readonly resume?: string;
  readonly saveEvery: number;
  readonly measureEvery: number;
  readonly samples: boolean;
  readonly tensorboard?: string;
  readonly calibration: boolean;
}

/** The command `vocode train`. */
export function trainCommand(): Command {
  const command = new Command("train")
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
    .option(
      "--mels <folder>",
      "train on these mel files, one for each recording: a.npy or mel-a.npy for a.wav; --finish mixes them in",
    )
    .option("--mel-format <scale>", "what the values of mels that do not say are, as in 'vocode synthesize'")
    .addOption(new Option("--mel-layout <order>", "the order of their axes").choices(melLayouts))
    .option("--trust-mel", "take the mels as they are, whatever they look like")
    .option(
      "--steps <n>",
      "steps of the network; where --finish stands alone, of that phase",
      wholeNumber(1, 10_000_000),
    )
    .option(
      "--excitation-steps <n>",
      "steps of the model that reads the pitch off a mel; 0: none, and synthesis starts from noise",
      wholeNumber(0, 10_000_000),
    )
    .option("--hours <h>", "steps in hours of audio seen", anyNumber)
    .option(
      "--finish",
      "afterwards train on what synthesis itself makes, of smooth mels too; with --from this alone",
    )
    .option("--config <file>", "JSON file with settings")
    .option("--set <key=value>", "one setting; may be repeated", collect, [])
    .option("--save-every <seconds>", "how often the state is saved", anyNumber, 180)
    .option("--measure-every <steps>", "how often the error is measured", wholeNumber(1, 10_000_000), 250)
    .option("--no-samples", "do not speak held-out clips on the way, which 'vocode report' plays")
    .option("--tensorboard <folder>", "write losses, errors and the spoken clips there for TensorBoard")
    .option("--no-calibration", "do not make the voice ready for 8-bit layers at the end")
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
  vocode train few-wavs --from speech-22k --out checkpoints/new-voice
  vocode train wavs --from speech-22k --format vocos-24k-100 --out checkpoints/my-24k
  vocode train wavs --from checkpoints/my-voice --finish --out checkpoints/finished
  vocode train --resume runs/my-voice
  vocode train --resume runs/my-voice --steps 8000       further than the run was to go
  vocode train moved-wavs --resume runs/my-voice         the recordings lie elsewhere now; so with --held-out,
                                                         --files and --mels, where the run began with them

Without --steps or --hours it takes the default's ${defaultTrainConfig.steps} steps, and says after the first ones how long that is here.
At the end the voice is calibrated for 8-bit layers on the recordings that it was trained on, and synthesis takes them.
--from keeps the checkpoint's network, mel format and prior, and takes smaller steps, ${fineTuningSettings.steps} of them; with --finish
${FINISH_STEPS} steps of the finishing phase, which ends with its last weights. With another --format of the same FFT length and
hop it keeps the network alone, whose weights are carried over by frequency, and takes the usual steps.`,
    )
    .action(run);
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** What a run began with, and --resume takes from there. */
const SETTLED = [
  ...(["out", "run", "from", "cache", "format"] as const),
  ...(["melFormat", "melLayout", "trustMel"] as const),
  ...(["config", "set", "excitationSteps", "finish"] as const),
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
    ? { description: await storedRun(runFolder, folder, options) }
    : await newRun(runFolder, folder, options);
  const { config, mel, from } = description;
  const runtime = await openChosenEngine(options, { flushesDenormals: true });
  const { corpus, predicted } = await openCorpora(runFolder, description, options, start);
  const { utterancesToTrainOn } = await import("../training/batches.js");
  // refuses recordings that are too short
  if (config.steps > 0) utterancesToTrainOn(corpus, config);
  if (config.finishSteps > 0)
    for (const each of [corpus, predicted]) if (each) utterancesToTrainOn(each, finishingConfig(config));
  const secondsAStep = audioSecondsAStep(config, mel);
  const line = new TrainingLine(options, secondsAStep);
  const events = await openEvents(options, runFolder, description, line);
  // only now, so that nothing stands in the way of a second attempt
  if (options.resume) await remarkTunings(runFolder, description, options);
  if (options.resume) await runFolder.change(description);
  else await runFolder.begin(description, start);
  const controls = new TrainingControls(line);
  const finishing = finishingConfig(config);
  const seen = config.steps * secondsAStep + finishing.steps * audioSecondsAStep(finishing, mel);
  const keepsPrior = start !== undefined && Object.keys(start).some((name) => name.startsWith("prior."));
  const begin = from === undefined ? "" : `, beginning with '${from}'${keepsPrior ? " and its prior" : ""}`;
  const steps = [
    ...(config.steps > 0 ? [`${config.steps} steps`] : []),
    ...(finishing.steps > 0 ? [`${finishing.steps} finishing steps`] : []),
  ].join(" and ");
  printNote(options, `${steps} on ${runtime.engine}${begin}, ${duration(seen)} of audio to be seen.`);
  const { train } = await import("../training/trainer.js");
  const { holdsTrained, storeTrained } = await import("../training/store.js");
  const name = basename(description.paths.checkpoint);
  const checkpoint = resolve(runFolder.path, description.paths.checkpoint);
  const onSpoken = events && events.spoken.bind(events);
  const samples = options.samples ? new TrainingSamples(runFolder.path, corpus, onSpoken) : undefined;
  const speak = async (step: number): Promise<void> => {
    const fault = await samples?.speak(step, checkpoint, engineOf(options));
    if (fault !== undefined) line.note(fault);
  };
  let isKept = false;
  try {
    const result = await train({
      runtime,
      source: corpus,
      predicted,
      config,
      run: runFolder,
      saveEvery: options.saveEvery,
      measureEvery: options.measureEvery,
      onProgress: (progress) => {
        line.show(progress);
        events?.progress(progress);
      },
      onEstimate: (seconds) => {
        line.showEstimate(config.steps, seconds);
      },
      onMeasure: (step, error) => {
        line.showMeasure(step, error);
        events?.measured(step, error);
      },
      onPitchMeasure: (error) => {
        line.showPitchMeasure(error);
        events?.pitchMeasured(error);
      },
      onRemark: (sentence) => {
        line.note(sentence);
      },
      onSave: async (steps, weights) => {
        // what was tuned or calibrated since a run was finished is worth keeping
        isKept = await holdsTrained(checkpoint, { config, steps, weights });
        if (!isKept)
          await storeTrained(checkpoint, { name, config, corpus, steps, weights, run: runFolder, from });
        if (await samples?.isDue(steps)) await speak(steps);
      },
      beforeStep: () => controls.wait(),
      signal: controls.signal,
    });
    let cost: Int8Cost | undefined;
    const { readCheckpointConfig } = await import("../host/node/checkpoints.js");
    const isCalibrated = isKept && (await readCheckpointConfig(checkpoint)).quantisation !== undefined;
    if (result.finished && options.calibration && !isCalibrated) {
      const { calibrateTrained } = await import("./calibrate.js");
      cost = await calibrateTrained(checkpoint, corpus, runtime, { line, controls });
    }
    if (result.finished) await speak(result.weightsOf);
    report(result, runFolder, options, cost);
    if (!result.finished || controls.signal.aborted) process.exitCode = 130;
  } finally {
    controls.release();
    await events?.end();
    corpus.close();
    predicted?.close();
  }
}

/** TensorBoard's log of a run, where one is asked for. */
async function openEvents(
  { tensorboard }: TrainOptions,
  runFolder: RunFolder,
  { config, mel }: RunDescription,
  line: TrainingLine,
): Promise<TrainingEvents | undefined> {
  if (tensorboard === undefined) return undefined;
  const { TrainingEvents } = await import("./training-events.js");
  const stepsDone = await runFolder.stepsDone();
  return TrainingEvents.open(tensorboard, { config, mel, stepsDone }, (sentence) => {
    line.note(sentence);
  });
}

function report(
  result: TrainingResult,
  run: RunFolder,
  options: OutputOptions,
  int8: Int8Cost | undefined,
): void {
  const { steps, finished, weightsOf, error } = result;
  printResult(options, { steps, finished, weightsOf, devError: error ?? null, int8: int8 ?? null }, () => {
    if (!finished) return `Saved at step ${steps}. Continue with: vocode train --resume ${run.path}`;
    const best = weightsOf === steps ? "" : `; the weights are those of step ${weightsOf}`;
    return `Trained ${steps} steps${best}${error ? `, ε error ${error.mean.toFixed(4)}` : ""}.`;
  });
}
