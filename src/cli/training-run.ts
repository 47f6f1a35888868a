// What a training run is about, from the command line's options or from the run that is continued.
import { readdir, stat } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { formatFromOption, melAssumptionFromOption } from "../host/node/mel-files.js";
import type { MelLayout } from "../mel/layout.js";
import type { MelReading } from "../training/corpus/prepare-recording.js";
import { formatsEqual, type MelFormat, voiceFault } from "../mel/format.js";
import { DEFAULT_PRESET } from "../mel/presets.js";
import { type Checkpoint, checkpointFiles } from "../checkpoint/checkpoint.js";
import { object, parseFields, parseJson, type Refusal } from "../formats/json-fields.js";
import { FileError, InputError, RunError, TrainConfigError } from "../errors.js";
import { describeSystemError, isAddress, readWholeFile, systemCode } from "../host/node/read-files.js";
import { checkFinishing, checkTransfer, fineTuningConfig, startWeights } from "../training/start-weights.js";
import { audioSecondsAStep } from "../training/progress.js";
import type { RunDescription } from "../training/run.js";
import type { RunFolder } from "../training/run-folder.js";
import {
  baseConfig,
  checkFormat,
  FINISH_STEPS,
  finishingConfig,
  parseSetting,
  type TrainConfig,
  withSettings,
} from "../training/config.js";

/** The options that a run begins with, and that --resume takes from there. */
export interface RunOptions {
  readonly out?: string;
  readonly run?: string;
  readonly from?: string;
  readonly cache?: string;
  /** Undefined where the command line does not say it. */
  readonly format?: string;
  readonly heldOut?: string;
  readonly files?: string;
  readonly mels?: string;
  readonly melFormat?: string;
  readonly melLayout?: MelLayout;
  readonly trustMel?: boolean;
  readonly steps?: number;
  readonly excitationSteps?: number;
  readonly finish?: boolean;
  readonly hours?: number;
  readonly config?: string;
  readonly set: readonly string[];
}

/** A run that begins: what it is about, and the weights if it has any. */
export interface NewRun {
  readonly description: RunDescription;
  readonly start?: Checkpoint["weights"];
}

/** Where a run's state is kept. @throws InputError without --run or --out */
export function runPath({ run, out }: RunOptions): string {
  if (run !== undefined) return run;
  return join("runs", basename(resolve(requireOut(out))));
}

/** What a new run is about. @throws InputError for what it lacks, or what the options cannot be */
export async function newRun(
  runFolder: RunFolder,
  folder: string | undefined,
  options: RunOptions,
): Promise<NewRun> {
  if (folder === undefined) throw new InputError("Name the folder of recordings, as in vocode train wavs.");
  const out = requireOut(options.out);
  const { cache, heldOut, files, mels } = options;
  const begins = options.from === undefined ? undefined : await checkpointOf(options.from);
  const own = begins?.checkpoint.config.mel;
  const { format } = options;
  const mel = own && format === undefined ? own : await formatFromOption(format ?? DEFAULT_PRESET);
  const fault = voiceFault(mel);
  if (fault !== undefined)
    throw new InputError(
      `No voice can be trained for this --format: ${fault}. Train one for a format without, such as ${DEFAULT_PRESET}.`,
    );
  if (begins) await checkTransfer(begins.checkpoint.config, mel);
  const place = (path: string): string => relative(runFolder.path, path) || ".";
  const description: RunDescription = {
    config: await configOf(options, mel, begins),
    mel,
    paths: {
      corpus: place(folder),
      checkpoint: place(out),
      cache: place(cache ?? join(runFolder.path, "corpus")),
      ...(heldOut === undefined ? {} : { heldOut: place(heldOut) }),
      ...(files === undefined ? {} : { files: place(files) }),
      ...(mels === undefined ? {} : { mels: place(mels) }),
    },
    ...(begins && { from: begins.name }),
    ...melReadingOf(options),
  };
  // refuses what is no format before any work
  await readingOf(description);
  const start = begins && (await startWeights(begins.checkpoint, description.config, mel));
  checkFinishing(description.config, mel, start);
  await runFolder.requireNone();
  await requireFreeCheckpoint(out);
  return { description, ...(start && { start }) };
}

/**
 * What a run that is continued is about: as it began, but for more steps, and recordings, lists and mels that have moved.
 *
 * @throws RunError where there is none, it has done as many steps, or it began without such a list; FileError where what
 *   it reads is not where it was
 */
export async function storedRun(
  runFolder: RunFolder,
  folder: string | undefined,
  options: Pick<RunOptions, "steps" | "hours" | Movable> = {},
): Promise<RunDescription> {
  const given =
    options.steps === undefined ? (options.hours === undefined ? undefined : "--hours") : "--steps";
  const stored = await runFolder.describe();
  if (!stored) {
    const moved = movableParts.find((part) => options[part] !== undefined);
    const flag = given ?? (moved && movable[moved]);
    const why = flag === undefined ? "" : `${flag} cannot be changed by --resume: `;
    throw new RunError(`${why}'${runFolder.path}' holds no training run.`);
  }
  const paths = movedPaths(runFolder, stored.paths, folder, options);
  // of the phase that the run is in
  const stepsDone = await runFolder.stepsDone();
  const isFinishing = stored.config.finishSteps > 0 && stepsDone >= stored.config.steps;
  const config = withSteps(options, stored.config, stored.mel, isFinishing);
  const steps = isFinishing ? config.finishSteps : config.steps;
  const done = isFinishing ? stepsDone - config.steps : stepsDone;
  if (given !== undefined && steps <= done) {
    throw new RunError(
      `${given} cannot be changed by --resume to ${steps} steps: the run has done ${done}, and they count. Give more.`,
    );
  }
  await requirePaths(runFolder, paths);
  return { ...stored, config, paths };
}

/** What a run reads besides its recordings, and what says where it lies. */
const movable = { heldOut: "--held-out", files: "--files", mels: "--mels" } as const;
type Movable = keyof typeof movable;
const movableParts = Object.keys(movable) as Movable[];

/** A run's paths with those that the command line names anew. @throws RunError for one that the run began without */
function movedPaths(
  run: RunFolder,
  stored: RunDescription["paths"],
  folder: string | undefined,
  options: Pick<RunOptions, Movable>,
): RunDescription["paths"] {
  const place = (path: string): string => relative(run.path, path) || ".";
  const given = movableParts.flatMap((part) => {
    const path = options[part];
    if (path === undefined) return [];
    if (stored[part] === undefined)
      throw new RunError(
        `${movable[part]} cannot be changed by --resume: the run began without it, and goes on as it began. Leave it out.`,
      );
    return [[part, place(path)] as const];
  });
  return {
    ...stored,
    ...(folder !== undefined && { corpus: place(folder) }),
    ...Object.fromEntries(given),
  };
}

/** Says it where what a run reads has moved since it began. @throws FileError */
async function requirePaths(run: RunFolder, paths: RunDescription["paths"]): Promise<void> {
  for (const part of ["corpus", ...movableParts] as const) {
    const path = paths[part];
    if (path === undefined) continue;
    const place = resolve(run.path, path);
    if (await isThere(place)) continue;
    throw new FileError(
      part === "corpus"
        ? `The run's recordings are no more in '${place}'. Where they have moved, name the folder where they are now: ` +
            `vocode train FOLDER --resume ${run.path}`
        : `What the run reads is no more at '${place}'. Where it has moved, say where it is now: vocode train --resume ` +
            `${run.path} ${movable[part]} ${part === "mels" ? "FOLDER" : "LIST"}`,
      place,
      "ENOENT",
    );
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => systemCode(error) !== "ENOENT",
  );
}

/**
 * A run's settings with the steps that the command line asks for, of the network's phase or of the finishing one.
 *
 * @throws TrainConfigError for no hours
 */
function withSteps(
  { steps, hours }: Pick<RunOptions, "steps" | "hours">,
  config: TrainConfig,
  mel: MelFormat,
  isFinishing: boolean,
): TrainConfig {
  const counted = isFinishing ? "finishSteps" : "steps";
  if (steps !== undefined) return { ...config, [counted]: steps };
  if (hours === undefined) return config;
  if (!(hours > 0)) throw new TrainConfigError(`--hours has to be above 0, not ${hours}.`);
  const seen = isFinishing ? finishingConfig(config) : config;
  return { ...config, [counted]: Math.ceil((3600 * hours) / audioSecondsAStep(seen, mel)) };
}

/** Refuses a place at which there is a model, ours or another program's: hours of somebody's work. @throws InputError */
async function requireFreeCheckpoint(out: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(out);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT") return;
    if (code !== "ENOTDIR") throw describeSystemError(error, out);
    throw new InputError(`--out names '${out}', which is a file: a checkpoint is a folder. Name another.`);
  }
  const model = [checkpointFiles.config, checkpointFiles.weights].find((name) => names.includes(name));
  if (model === undefined) return;
  throw new InputError(
    `'${out}' already holds a model ('${model}'), which training would replace. Name another folder for --out, move it ` +
      "away, or continue its run with --resume.",
  );
}

/** What the options say of mel files. @throws InputError where there are none */
function melReadingOf({
  mels,
  melFormat,
  melLayout,
  trustMel,
}: RunOptions): Pick<RunDescription, "melReading"> {
  const melReading = {
    ...(melFormat !== undefined && { format: melFormat }),
    ...(melLayout !== undefined && { layout: melLayout }),
    ...(trustMel !== undefined && { trust: trustMel }),
  };
  if (Object.keys(melReading).length === 0) return {};
  if (mels === undefined)
    throw new InputError(
      "--mel-format, --mel-layout and --trust-mel are for --mels. Leave them out, or name the mels.",
    );
  return { melReading };
}

/** How a run's mel files are read. @throws InputError, MelFormatError, UnknownPresetError, FileError */
export async function readingOf({ melReading }: RunDescription): Promise<{ melReading?: MelReading }> {
  if (melReading === undefined) return {};
  const { format, layout, trust } = melReading;
  return {
    melReading: {
      ...(format !== undefined && { assume: await melAssumptionFromOption(format) }),
      ...(layout !== undefined && { layout: layout as MelLayout }),
      ...(trust !== undefined && { trust }),
    },
  };
}

function requireOut(out: string | undefined): string {
  if (out !== undefined) return out;
  throw new InputError("Name the checkpoint to make, as in --out checkpoints/my-voice.");
}

interface NamedCheckpoint {
  readonly name: string;
  readonly checkpoint: Checkpoint;
}

/** The checkpoint that a run begins with. */
async function checkpointOf(path: string): Promise<NamedCheckpoint> {
  const { loadCheckpoint } = await import("../host/node/checkpoints.js");
  const { localCheckpoint } = await import("../host/node/voices.js");
  const checkpoint = await loadCheckpoint(await localCheckpoint(path));
  return { name: isAddress(path) ? path : basename(resolve(path)), checkpoint };
}

async function configOf(
  options: RunOptions,
  mel: MelFormat,
  begins: NamedCheckpoint | undefined,
): Promise<TrainConfig> {
  const fromFile = options.config === undefined ? {} : await readSettings(options.config);
  const fromOptions = Object.assign({}, ...options.set.map(parseSetting)) as Record<string, unknown>;
  const { excitationSteps } = options;
  const changes: Record<string, unknown> = {
    ...fromFile,
    ...fromOptions,
    ...(excitationSteps !== undefined && { excitationSteps }),
    ...finishingChanges(options, fromFile, fromOptions),
  };
  const isTransferred = begins && !formatsEqual(begins.checkpoint.config.mel, mel);
  const config = begins
    ? fineTuningConfig(begins.checkpoint.config, begins.name, changes, isTransferred)
    : withSettings(baseConfig(changes["denoiser"]), changes);
  checkFormat(config, mel);
  const { checkLosses } = await import("../training/losses/registry.js");
  checkLosses(config);
  // a voice that there is has had its other steps, unless somebody says how many more
  if (options.finish !== true || !begins || isTransferred || "steps" in changes)
    return withSteps(options, config, mel, false);
  return withSteps(options, { ...config, steps: 0 }, mel, true);
}

/** What --finish changes: the phase is there. */
function finishingChanges(
  { finish }: RunOptions,
  ...settings: readonly Readonly<Record<string, unknown>>[]
): Record<string, unknown> {
  if (finish !== true || settings.some((each) => Object.hasOwn(each, "finishSteps"))) return {};
  return { finishSteps: FINISH_STEPS };
}

async function readSettings(path: string): Promise<Record<string, unknown>> {
  const refusal: Refusal = (fault, options) => new TrainConfigError(`'${path}' ${fault}.`, options);
  const json = parseJson(new TextDecoder().decode(await readWholeFile(path)), refusal);
  return parseFields(object(), json, "it", () => refusal("holds no JSON object with settings"));
}
