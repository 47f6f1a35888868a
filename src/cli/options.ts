// What the main command can be told besides how to synthesise: how mels are read, and how samples are written.
import { type Command, Option } from "commander";
import type { MelAssumption } from "../mel/conversion.js";
import { type MelLayout, melLayouts } from "../mel/layout.js";
import type { WavOutputEncoding } from "../audio/write-wav.js";
import { defaultSynthesis, type StreamOptions, type SynthesisOptions } from "../synthesis/settings.js";
import { availableParallelism } from "node:os";
import { type OutputOptions, printNote } from "./output.js";
import { anyNumber, type PictureOptions, type Shard, shardOf, wholeNumber } from "./option-values.js";
import type { SynthesisInputOptions } from "./synthesis-input.js";
import {
  type DeviceName,
  deviceNames,
  type EngineName,
  engineNames,
  type Precision,
  precisionNames,
  type Engine,
  type EngineSettings,
} from "../engine/engine.js";
import { type TunedStart, tunedStarts } from "../checkpoint/tunings.js";
import type { NoiseSchedule } from "../diffusion/schedules/build-schedule.js";
import { parseSeed, type Seed } from "../diffusion/noise.js";
import { type SamplerName, samplerNames } from "../diffusion/samplers/plan-for.js";
import { usualRefinement } from "../mel/consistency.js";
import { readPitch } from "../host/node/recordings.js";

// The options by which a command chooses the engine, and the runtime they open.

/** What `addEngineOptions` adds to a command's options. */
export interface EngineOptions {
  readonly engine: EngineName | "auto";
  readonly device?: DeviceName;
  readonly threads?: number;
}

/** Adds --engine, --device and --threads to a command. */
export function addEngineOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--engine <name>", "what computes; 'vocode engines' lists what works here")
        .choices(["auto", ...engineNames])
        .default("auto"),
    )
    .addOption(
      new Option("--device <name>", "where the engine computes (default: its best)").choices(deviceNames),
    )
    .option(
      "--threads <n>",
      "threads of the graph engine (default: one for each processor)",
      wholeNumber(1, 1024),
    );
}

/**
 * Opens the runtime that the options ask for.
 *
 * @param more what no command line says
 * @throws EngineUnavailableError if it cannot be used here
 */
export async function openChosenEngine(
  options: EngineOptions & OutputOptions,
  more: Pick<EngineSettings, "flushesDenormals"> = {},
): Promise<Engine> {
  // loaded here, so that a command's help does not wait for the engines
  const { openEngine } = await import("../host/node/engines.js");
  remarkThreads(options);
  return openEngine({ ...engineOf(options), ...more });
}

/** Says it where there are more threads than processors, which makes everything slower. */
export function remarkThreads({ threads = 1, ...options }: EngineOptions & OutputOptions): void {
  const cores = availableParallelism();
  if (threads > cores)
    printNote(
      options,
      `--threads ${threads} is more than the ${cores} processors here, which is slower than ${cores}.`,
    );
}

/** The engine's options alone, of a command's. */
export function engineOf({ engine, device, threads }: EngineOptions): EngineOptions {
  return {
    engine,
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
  };
}

// The options that say what a process starts from.

/** What `addStartOptions` adds to a command's options. */
export interface StartOptions {
  readonly start?: TunedStart;
  /** λ₀ of a harmonic start. */
  readonly startLevel?: number;
}

/** Adds --start and --start-level to a command. */
export function addStartOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--start <name>",
        "what the steps begin from: pulses of the voice's pitch, or white noise (default: harmonic where the model can)",
      ).choices(tunedStarts),
    )
    .option(
      "--start-level <λ>",
      "log-SNR that a harmonic start is diffused to (default: as tuned, or 0)",
      anyNumber,
    );
}

// The options by which a command chooses how recordings are synthesised again, and the vocoder that they ask for. What is
// left out is the vocoder's own default.

/** What `addSynthesisOptions` adds to a command's options. */
export interface SynthesisChoice extends EngineOptions, StartOptions {
  readonly steps?: number;
  readonly sampler?: SamplerName;
  readonly schedule?: string | NoiseSchedule;
  readonly refine?: number;
  readonly refineExponent?: number;
  readonly refineMomentum?: number;
  readonly seed?: Seed;
  readonly precision?: Precision;
  readonly checkpoint?: string;
}

/** What --voice, or --checkpoint, says of itself. */
const VOICE_HELP =
  "a voice's name, folder or address (default: the one that comes with vocode and takes the mel as it is)";

/** Adds --voice, --steps and the like, and those of the engine, to a command. */
export function addSynthesisOptions(command: Command): Command {
  return addEngineOptions(addChoiceOptions(command));
}

/** Adds --checkpoint, --steps and the like: what decides the samples. */
function addChoiceOptions(command: Command): Command {
  const { steps, refine, seed } = defaultSynthesis;
  const { exponent, mostOfFew, momentum } = usualRefinement;
  command
    .option("--voice, --checkpoint <place>", VOICE_HELP)
    .option(
      "--steps <n>",
      `denoiser calls, 1 to 1000: more is slower, and better from noise (default: the model's own, or ${steps})`,
      wholeNumber(1, 1000),
    )
    .addOption(
      new Option(
        "--sampler <name>",
        "how the steps are taken (default: dpmpp-2m, for a wavegrad ddpm)",
      ).choices(samplerNames),
    )
    .option("--schedule <name>", "noise levels by name or from a .json file, in place of those for --steps");
  return addStartOptions(command)
    .option(
      "--refine <k>",
      `mel corrections after the last step, 0 to 1000 (default: as tuned with the levels, or ${refine})`,
      wholeNumber(0, 1000),
    )
    .option(
      "--refine-exponent <p>",
      `power of each correction's gain (default: ${exponent}, or as tuned)`,
      anyNumber,
    )
    .option(
      "--refine-momentum <m>",
      `how far a correction goes on from the one before (default: ${momentum.few} up to ${mostOfFew} corrections, else ${momentum.many}, or as tuned)`,
      anyNumber,
    )
    .addOption(new Option("--seed <n>", `seed of the noise (default: ${seed})`).argParser(parseSeed))
    .addOption(
      new Option(
        "--precision <name>",
        "of the network's Linear layers (default: int8 on the CPU's graph engine if the checkpoint is calibrated for it)",
      ).choices(precisionNames),
    );
}

/** The options that say how to synthesise, of those that were given. */
export function chosenSynthesis(options: SynthesisChoice): SynthesisOptions {
  const { steps, sampler, schedule, start, startLevel, refine, refineExponent, refineMomentum, seed } =
    options;
  return {
    ...(start === undefined ? {} : { start }),
    ...(startLevel === undefined ? {} : { startLevel }),
    ...(refineExponent === undefined ? {} : { refineExponent }),
    ...(refineMomentum === undefined ? {} : { refineMomentum }),
    ...(steps === undefined ? {} : { steps }),
    ...(sampler === undefined ? {} : { sampler }),
    ...(schedule === undefined ? {} : { schedule }),
    ...(refine === undefined ? {} : { refine }),
    ...(seed === undefined ? {} : { seed }),
  };
}

/**
 * The same options with the schedule that they name read, where it is a file.
 *
 * @throws ScheduleError, FileError
 */
export async function withScheduleRead<Choice extends SynthesisChoice>(options: Choice): Promise<Choice> {
  const { schedule } = options;
  if (typeof schedule !== "string" || !schedule.toLowerCase().endsWith(".json")) return options;
  const { readSchedule } = await import("./process-arguments.js");
  return { ...options, schedule: await readSchedule(schedule) };
}

/** Names of the options given that only a synthesis needs, as a person types them. */
export function givenSynthesisOptions(options: SynthesisChoice): string[] {
  const { device, threads, precision, checkpoint } = options;
  const engine = options.engine === "auto" ? undefined : options.engine;
  const given = { checkpoint, ...chosenSynthesis(options), precision, engine, device, threads };
  return Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
}

/** The options of the main command. */
export interface SynthesizeOptions extends PictureOptions, SynthesisChoice {
  readonly bitDepth: "16" | "24" | "32";
  readonly raw?: boolean;
  readonly tile?: number;
  /** The path of a pitch track. */
  readonly pitch?: string;
  /** Cents. */
  readonly shift?: number;
  readonly melFormat?: string;
  readonly melLayout?: MelLayout;
  readonly melTensor?: string;
  readonly trustMel?: boolean;
  readonly shard?: Shard;
  readonly skipExisting?: boolean;
}

/** How samples are written with each --bit-depth. */
export const encodings: Readonly<Record<SynthesizeOptions["bitDepth"], WavOutputEncoding>> = {
  "16": "16-bit",
  "24": "24-bit",
  "32": "32-bit float",
};

/** Adds the options that decide the bytes of a result, whatever computes them and wherever it goes. */
export function addResultOptions(command: Command): Command {
  return addChoiceOptions(command)
    .option("--shift <cents>", "raise the pitch; 100 are a semitone, negative lowers it", anyNumber)
    .addOption(
      new Option("--bit-depth <bits>", "of the samples that are written; 32 is float")
        .choices(["16", "24", "32"])
        .default("16"),
    )
    .option("--mel-format <scale>", "what the values of a mel that does not say are")
    .addOption(new Option("--mel-layout <order>", "the order of its axes").choices(melLayouts))
    .option("--mel-tensor <name>", "which tensor of a .npz, .pt or .safetensors file is the mel")
    .option("--trust-mel", "take the mel as it is, whatever it looks like");
}

/** Adds the options to the command. */
export function addSynthesizeOptions(command: Command): Command {
  return addEngineOptions(addResultOptions(command))
    .option(
      "--pitch <file>",
      "Hz of each mel frame, 0 or NaN unvoiced, as .npy or .csv (default: read off the mel)",
    )
    .option(
      "--tile <frames>",
      "mel frames computed at once: fewer give the first sound sooner, and take longer",
      wholeNumber(1, 100_000),
    )
    .option("--raw", "samples without a WAV header, for - as output")
    .option("--picture <file>", "also draw the mel given and the mel made, as .png or .svg")
    .option("--shard <i/n>", "of several inputs only number i, i + n, i + 2n, …, counted from 0", shardOf)
    .option("--skip-existing", "leave out inputs whose output is there already")
    .option("--json", "print JSON")
    .option("--quiet", "no report on stderr");
}

/** How mels are read. */
export async function inputOptions(options: SynthesizeOptions): Promise<SynthesisInputOptions> {
  return {
    lossy: true,
    ...(options.melFormat === undefined ? {} : { assume: await assumptionOf(options.melFormat) }),
    ...(options.melLayout === undefined ? {} : { layout: options.melLayout }),
    ...(options.melTensor === undefined ? {} : { tensor: options.melTensor }),
    ...(options.trustMel === undefined ? {} : { trust: options.trustMel }),
  };
}

async function assumptionOf(text: string): Promise<MelAssumption> {
  const { melAssumptionFromOption } = await import("../host/node/mel-files.js");
  return melAssumptionFromOption(text);
}

/**
 * How speech is made.
 *
 * @throws what readPitch throws
 */
export async function streamOptions(options: SynthesizeOptions): Promise<StreamOptions> {
  const { tile, pitch, shift } = options;
  const track = pitch === undefined ? undefined : await readPitch(pitch);
  return {
    ...chosenSynthesis(options),
    ...(tile === undefined ? {} : { tile }),
    ...(track === undefined ? {} : { pitch: track }),
    ...(shift === undefined ? {} : { pitchShift: shift }),
  };
}
