// `vocode calibrate CHECKPOINT CLIPS`: finds how the layers of a voice become 8-bit, says what that costs, and stores it
// in the checkpoint, whose synthesis then takes int8 by itself.
import { Command } from "commander";
import type { Calibration, Checkpoint } from "../checkpoint/checkpoint.js";
import type { Engine } from "../engine/engine.js";
import type { CropSource } from "../training/draws.js";
import type { CalibrationClip, Int8Cost } from "../training/voice-calibration.js";
import { wholeNumber } from "./option-values.js";
import { type OutputOptions, printNote, printResult, table } from "./output.js";
import { WorkProgress } from "./status.js";
import type { TrainingControls, TrainingLine } from "./training-controls.js";

/** The one that has int8. */
const int8Engine = { engine: "graph", device: "cpu" } as const;

interface CalibrateOptions extends OutputOptions {
  readonly files?: string;
  readonly threads?: number;
  readonly store: boolean;
}

/** The command `vocode calibrate <checkpoint> <clips...>`. */
export function calibrateCommand(): Command {
  return new Command("calibrate")
    .argument("<checkpoint>", "the model; what is found goes into its config.json")
    .argument("<clips...>", "recordings as the voice was trained on, or folders of them")
    .option("--files <list>", "text file with the recordings to use, one path a line relative to the folder")
    .option("--threads <n>", "threads (default: one for each processor)", wholeNumber(1, 1024))
    .option("--no-store", "only print what was found")
    .option("--json", "print JSON")
    .option("--quiet", "no progress on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode calibrate checkpoints/my-voice wavs
  vocode calibrate checkpoints/my-voice corpus --files train.txt
  vocode calibrate checkpoints/my-voice wavs --no-store --json

Synthesis takes int8 by itself on the CPU's graph engine once a checkpoint is calibrated. Eight clips are enough for the
denoiser, 64 for the excitation model: of more, so many are taken, evenly spread, four seconds of each. Leave out the
clips that you measure the voice on. The errors printed are those of the predicted noise ε on the same clips with other
noise.`,
    )
    .action(run);
}

async function run(folder: string, paths: string[], options: CalibrateOptions): Promise<void> {
  const { loadCheckpoint, requireOwnCheckpoint, storeCalibration } =
    await import("../host/node/checkpoints.js");
  requireOwnCheckpoint(folder);
  const { requireInt8Layers } = await import("../training/calibration.js");
  const checkpoint = await loadCheckpoint(folder);
  const { config } = checkpoint;
  requireInt8Layers(config);
  const clips = await clipsOf(checkpoint, paths, options);
  const { calibrateVoice, measureInt8 } = await import("../training/voice-calibration.js");
  const { openEngine } = await import("../host/node/engines.js");
  const { threads } = options;
  const runtime = await openEngine({ ...int8Engine, ...(threads === undefined ? {} : { threads }) });
  printNote(options, `Calibrating on ${counted(clips.length)}.`);
  const progress = new WorkProgress(options);
  const onProgress = (done: number, total: number): void => {
    progress.update(done, total);
  };
  const calibration = await calibrateVoice(runtime, checkpoint, clips, { onProgress });
  const calibrated: Checkpoint = { ...checkpoint, config: { ...config, ...calibration } };
  const cost = await measureInt8(runtime, calibrated, clips, { onProgress });
  progress.end();
  if (options.store) {
    await storeCalibration(folder, calibration);
    printNote(options, `Stored in ${folder}.`);
  }
  printResult(options, { checkpoint: folder, stored: options.store, ...calibration, cost }, () =>
    [layerTable(calibration), "", ...costLines(cost)].join("\n"),
  );
}

/**
 * Ends a training: calibrates its checkpoint on recordings that it was trained on, and stores that.
 *
 * @param folder of the checkpoint
 * @param runtime of the training; another engine is opened where this one has no int8
 * @returns what int8 costs, on held-out recordings where there are some; undefined where the network has no 8-bit layers,
 *   or where a signal ended it
 */
export async function calibrateTrained(
  folder: string,
  corpus: CropSource,
  runtime: Engine,
  { line, controls }: { readonly line: TrainingLine; readonly controls: TrainingControls },
): Promise<Int8Cost | undefined> {
  const { loadCheckpoint, storeCalibration } = await import("../host/node/checkpoints.js");
  const { int8Layers } = await import("../training/calibration.js");
  const { calibrateVoice, corpusClips, measureInt8 } = await import("../training/voice-calibration.js");
  const { isFullDisk, whereThereIsRoom } = await import("../training/run.js");
  const { hasInt8 } = await import("../engine/engine.js");
  const { openEngine } = await import("../host/node/engines.js");
  const checkpoint = await loadCheckpoint(folder);
  if (int8Layers(checkpoint.config).length === 0) return undefined;
  const { signal } = controls;
  const beforeRun = async (): Promise<void> => {
    await controls.wait();
    signal.throwIfAborted();
  };
  const onRemark = (sentence: string): void => {
    line.note(sentence);
  };
  try {
    const engine = hasInt8(runtime) ? runtime : await openEngine(int8Engine);
    const shown = corpusClips(corpus, "training");
    line.note(`Making the voice ready for 8-bit layers, on ${counted(shown.length)} that it was trained on.`);
    const calibration = await calibrateVoice(engine, checkpoint, shown, { beforeRun });
    await whereThereIsRoom(() => storeCalibration(folder, calibration), { onRemark, signal });
    const calibrated: Checkpoint = { ...checkpoint, config: { ...checkpoint.config, ...calibration } };
    const heldOut = corpusClips(corpus, "held-out");
    const cost = await measureInt8(engine, calibrated, heldOut.length > 0 ? heldOut : shown, { beforeRun });
    for (const sentence of costLines(cost)) line.note(sentence);
    return cost;
  } catch (error) {
    if (!signal.aborted || isFullDisk(error)) throw error;
    line.note(
      "The training is done; its 8-bit layers were not measured or calibrated to the end. 'vocode train --resume' does it.",
    );
    return undefined;
  }
}

/** @throws what reading them throws */
async function clipsOf(
  { config: { mel } }: Checkpoint,
  paths: readonly string[],
  { files }: CalibrateOptions,
): Promise<CalibrationClip[]> {
  const { clipPaths, readClips } = await import("../evaluation/clip-files.js");
  const { calibrationClips, evenlySpread, recordingClip } = await import("../training/voice-calibration.js");
  const { naturalLog } = await import("../mel/encoding.js");
  const found = evenlySpread(await clipPaths(paths, files), calibrationClips.excitation);
  const clips: CalibrationClip[] = [];
  for (const path of found) {
    const [clip] = await readClips([path], mel);
    clips.push(recordingClip(clip.samples, naturalLog(clip.mel), mel));
  }
  return clips;
}

function layerTable({ quantisation = {}, excitationQuantisation = {} }: Calibration): string {
  const rows = [
    ["denoiser", quantisation],
    ["excitation", excitationQuantisation],
  ] as const;
  return table([
    ["network", "layer", "from", "to", "step"],
    ...rows.flatMap(([network, layers]) =>
      Object.entries(layers).map(([layer, { scale, zeroPoint }]) => [
        network,
        layer.replace(/\.weight$/, ""),
        (-zeroPoint * scale).toPrecision(3),
        ((255 - zeroPoint) * scale).toPrecision(3),
        scale.toPrecision(3),
      ]),
    ),
  ]);
}

/** What int8 costs, in sentences. */
function costLines({ clips, float32, int8, excitation }: Int8Cost): string[] {
  const mean = (errors: readonly number[]): number =>
    errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const [before, after] = [mean(float32), mean(int8)];
  const rise = 100 * (after / before - 1);
  const sign = rise < 0 ? "−" : "+";
  return [
    `ε error on ${counted(clips)}: ${before.toFixed(4)} in float32, ${after.toFixed(4)} in int8 ` +
      `(${sign}${Math.abs(rise).toFixed(2)} %)`,
    ...(excitation
      ? [
          `excitation model in int8: pitch ${excitation.medianCents.toFixed(2)} cents from float32's in the median, ` +
            `${(100 * excitation.voicing).toFixed(2)} % of the frames voiced otherwise`,
        ]
      : []),
  ];
}

function counted(clips: number): string {
  return `${clips} ${clips === 1 ? "clip" : "clips"}`;
}
