// The options by which a command chooses how recordings are synthesised again, and the vocoder that they ask for. What is
// left out is the vocoder's own default.
import { type Command, Option } from "commander";
import { parseSeed, type Seed } from "../diffusion/noise.js";
import { type SamplerName, samplerNames } from "../diffusion/samplers/plan-for.js";
import { usualRefinement } from "../synthesis/mel-consistency.js";
import { type Precision, precisionNames } from "../synthesis/precision.js";
import { defaultSynthesis, type SynthesisOptions } from "../synthesis/synthesis-options.js";
import { shippedCheckpoint, type Vocoder } from "../vocoder.js";
import { addEngineOptions, type EngineOptions } from "./engine-options.js";
import { anyNumber, wholeNumber } from "./number-option.js";
import { addStartOptions, type StartOptions } from "./start-options.js";

/** What `addSynthesisOptions` adds to a command's options. */
export interface SynthesisChoice extends EngineOptions, StartOptions {
  readonly steps?: number;
  readonly sampler?: SamplerName;
  readonly schedule?: string;
  readonly refine?: number;
  readonly refineExponent?: number;
  readonly refineMomentum?: number;
  readonly seed?: Seed;
  readonly precision?: Precision;
  readonly checkpoint?: string;
}

/** Adds --checkpoint, --steps and the like, and those of the engine, to a command. */
export function addSynthesisOptions(command: Command): Command {
  const { steps, refine, seed } = defaultSynthesis;
  const { exponent, mostOfFew, momentum } = usualRefinement;
  command
    .option("--checkpoint <folder>", "the model (default: the one that comes with vocode)")
    .option(
      "--steps <n>",
      `denoiser calls, 1 to 1000: more is slower, and better from noise (default: ${steps})`,
      wholeNumber(1, 1000),
    )
    .addOption(
      new Option(
        "--sampler <name>",
        "how the steps are taken (default: dpmpp-2m, for a wavegrad ddpm)",
      ).choices(samplerNames),
    )
    .option("--schedule <name>", "noise levels by name, in place of the default for --steps");
  addStartOptions(command)
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
  return addEngineOptions(command);
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

/** Names of the options given that only a synthesis needs, as a person types them. */
export function givenSynthesisOptions(options: SynthesisChoice): string[] {
  const { device, threads, precision, checkpoint } = options;
  const engine = options.engine === "auto" ? undefined : options.engine;
  const given = { checkpoint, ...chosenSynthesis(options), precision, engine, device, threads };
  return Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
}

/**
 * Loads the vocoder that the options ask for.
 *
 * @throws CheckpointError, FileError, EngineUnavailableError, PrecisionUnavailableError, NotCalibratedError
 */
export async function loadChosenVocoder(options: SynthesisChoice): Promise<Vocoder> {
  const { engine, device, threads, precision, checkpoint = shippedCheckpoint } = options;
  // loaded here, so that a command's help does not wait for the engines
  const { Vocoder } = await import("../vocoder.js");
  return Vocoder.load(checkpoint, {
    engine,
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
    ...(precision === undefined ? {} : { precision }),
  });
}
