// `vocode export CHECKPOINT OUT.onnx`: a checkpoint's network, or the whole way from mel to waveform, as an ONNX file.
import { Command, Option } from "commander";
import { loadCheckpoint } from "../host/node/checkpoints.js";
import type { CheckpointConfig } from "../checkpoint/config.js";
import type { TunedStart } from "../checkpoint/tunings.js";
import { planFor, type SamplerName, samplerNames } from "../diffusion/samplers/plan-for.js";
import { InputError } from "../errors.js";
import { requireTarget, writeAtomically } from "../host/node/write-files.js";
import type { ExportedPart, ExportedProcess } from "../synthesis/export.js";
import { wholeNumber } from "./option-values.js";
import { type OutputOptions, printNote, printResult, vocodeVersion } from "./output.js";
import { readSchedule, SCHEDULE_ARGUMENT } from "./process-arguments.js";
import { addStartOptions, type StartOptions } from "./options.js";
import { checkpointFolder } from "./voices.js";

interface ExportOptions extends OutputOptions, StartOptions {
  readonly part?: ExportedPart;
  readonly steps?: number;
  readonly schedule?: string;
  readonly sampler?: SamplerName;
  readonly refine?: number;
  readonly float16Weights?: boolean;
  readonly for?: "sherpa";
  readonly seed?: number;
}

/** What was written, for the result. */
interface Exported {
  readonly file: string;
  readonly part: ExportedPart | "synthesis";
  readonly bytes: number;
  readonly sampler?: string;
  readonly schedule?: string;
  readonly steps?: number;
  readonly start?: TunedStart;
  readonly startLevel?: number;
  readonly refine?: number;
}

/** The command `vocode export <voice> <out>`. */
export function exportCommand(): Command {
  const command = new Command("export")
    .argument("<voice>", "a voice's name, folder or address")
    .argument("<out>", "the .onnx file to write")
    .option("--steps <n>", "everything from mel and noise to the waveform, in n steps", wholeNumber(1, 1000))
    .option("--schedule <name>", `the same with ${SCHEDULE_ARGUMENT}`)
    .addOption(new Option("--sampler <name>", "of --steps or --schedule").choices(samplerNames));
  return addStartOptions(command)
    .option("--refine <k>", "mel corrections of the waveform in the graph", wholeNumber(0, 1000))
    .addOption(
      new Option("--part <name>", "without --steps and --schedule: which network").choices([
        "denoiser",
        "conditioner",
        "colour",
      ] satisfies ExportedPart[]),
    )
    .addOption(
      new Option("--for <program>", "the whole synthesis, noise included, as a program takes it").choices([
        "sherpa",
      ]),
    )
    .option("--seed <n>", "of --for: the seed of the noise (default: 0)", wholeNumber(0, 2 ** 32 - 1))
    .option(
      "--float16-weights",
      "store weights that are float16 numbers as such: a smaller file, the same values",
    )
    .option("--json", "print JSON")
    .option("--quiet", "no notes on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode export checkpoints/voice voice.onnx --steps 6        mel and noise in, waveform out
  vocode export checkpoints/voice denoiser.onnx               one call of the denoiser
  vocode export checkpoints/voice cond.onnx --part conditioner
  vocode export checkpoints/voice voice.onnx --for sherpa     a vocoder of sherpa-onnx's Matcha models

The frame count is free. docs/export.md says what the inputs are and has an example in Python.`,
    )
    .action(run);
}

async function run(folder: string, out: string, options: ExportOptions): Promise<void> {
  checkOptions(out, options);
  await requireTarget(out);
  const checkpoint = await loadCheckpoint(await checkpointFolder(folder, options));
  // loaded here, so that the command's help does not wait for them
  const { exportForSherpa, exportPart, exportSynthesis, halvedShare } =
    await import("../synthesis/export.js");
  const { part = "denoiser", float16Weights = false } = options;
  if (float16Weights && halvedShare(checkpoint) === 0) {
    printNote(options, "No weights of this checkpoint are float16 numbers; the file is not smaller for it.");
  }
  const version = vocodeVersion();
  const synthesis = await processOf(checkpoint.config, options);
  const model = synthesis
    ? options.for === "sherpa"
      ? await exportForSherpa(checkpoint, synthesis, version, {
          float16Weights,
          ...(options.seed !== undefined && { seed: options.seed }),
        })
      : await exportSynthesis(checkpoint, synthesis, version, { float16Weights })
    : await exportPart(checkpoint, part, version, { float16Weights });
  await writeAtomically(out, model);
  const bytes = model.length;
  const exported: Exported = synthesis
    ? { file: out, part: "synthesis", bytes, ...factsOf(synthesis) }
    : { file: out, part, bytes };
  printResult(options, exported, () => describe(exported));
}

function factsOf({ plan, start, refinement }: ExportedProcess): Omit<Exported, "file" | "part" | "bytes"> {
  const { sampler, schedule, steps } = plan;
  return {
    sampler,
    schedule,
    steps: steps.length,
    start,
    ...(start === "harmonic" && { startLevel: steps[0].logSnr }),
    refine: refinement.iterations,
  };
}

function checkOptions(
  out: string,
  { part, steps, schedule, sampler, refine, start, startLevel, for: program, seed }: ExportOptions,
): void {
  if (!out.toLowerCase().endsWith(".onnx")) {
    throw new InputError(`'${out}' has to end in .onnx: that is the kind of file that export writes.`);
  }
  const isWhole = steps !== undefined || schedule !== undefined || program !== undefined;
  if (steps !== undefined && schedule !== undefined) {
    throw new InputError(
      "--steps and --schedule both say how many steps to take. Give one of them; NAME:M takes M levels of a schedule.",
    );
  }
  if (isWhole && part !== undefined) {
    throw new InputError(
      "--part names one network, --steps, --schedule and --for ask for all. Leave one out.",
    );
  }
  if (program === undefined && seed !== undefined) {
    throw new InputError("--seed belongs to --for: other graphs take their noise as an input.");
  }
  if (!isWhole && (sampler ?? refine ?? start ?? startLevel) !== undefined) {
    throw new InputError(
      "--sampler, --start, --start-level and --refine belong to an export of the whole synthesis: give --steps or " +
        "--schedule too.",
    );
  }
}

/** The process that the options ask for, as the synthesis itself would choose it; undefined for one network. */
async function processOf(
  config: CheckpointConfig,
  options: ExportOptions,
): Promise<ExportedProcess | undefined> {
  const { schedule, steps, sampler, start, startLevel, refine, for: program } = options;
  if (steps === undefined && schedule === undefined && program === undefined) return undefined;
  const { chosenSettings } = await import("../synthesis/settings.js");
  const isFile = schedule?.toLowerCase().endsWith(".json") === true;
  const chosen = chosenSettings(config, {
    ...(steps !== undefined && { steps }),
    ...(schedule !== undefined && { schedule: isFile ? await readSchedule(schedule) : schedule }),
    ...(sampler !== undefined && { sampler }),
    ...(start !== undefined && { start }),
    ...(startLevel !== undefined && { startLevel }),
    ...(refine !== undefined && { refine }),
  });
  const plan = planFor(chosen.sampler, chosen.schedule);
  if (!plan.startsFromNoise && chosen.start === "noise") {
    printNote(
      options,
      `The schedule '${plan.schedule}' does not start from pure noise; see vocode schedule.`,
    );
  }
  return { plan, start: chosen.start, refinement: chosen.refinement };
}

function describe(exported: Exported): string {
  const { file, part, bytes, sampler, schedule, steps, start, startLevel, refine } = exported;
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  if (part !== "synthesis") return `${file}: the ${part}, ${size}`;
  const from = start === "harmonic" ? `a harmonic start at λ ${startLevel?.toFixed(1) ?? ""}` : "white noise";
  return (
    `${file}: mel and noise to waveform, ${steps ?? 0} calls of ${sampler ?? ""} over ${schedule ?? ""} from ${from}, ` +
    `${refine ?? 0} mel corrections, ${size}`
  );
}
