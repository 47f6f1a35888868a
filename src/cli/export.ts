// `vocode export CHECKPOINT OUT.onnx`: a checkpoint's network, or the whole way from mel to waveform, as an ONNX file.
import { Command, Option } from "commander";
import { loadCheckpoint } from "../checkpoint/checkpoint.js";
import { type TunedStart, tunedStarts } from "../checkpoint/tunings.js";
import type { DenoiserKind } from "../checkpoint/denoiser-config.js";
import { planFor, type SamplerName, samplerNames } from "../diffusion/samplers/plan-for.js";
import type { SamplingPlan } from "../diffusion/samplers/sampling-plan.js";
import { InputError } from "../errors.js";
import { requireTarget } from "../files/require-target.js";
import { writeAtomically } from "../files/write-atomically.js";
import { defaultSampler, defaultSchedule } from "../synthesis/default-process.js";
import type { ExportedPart } from "../synthesis/export-graph.js";
import { wholeNumber } from "./number-option.js";
import { printNote, printResult, type OutputOptions } from "./output.js";
import { readSchedule, SCHEDULE_ARGUMENT } from "./schedule-argument.js";
import { vocodeVersion } from "./version.js";

interface ExportOptions extends OutputOptions {
  readonly part?: ExportedPart;
  readonly steps?: number;
  readonly schedule?: string;
  readonly sampler?: SamplerName;
  readonly refine?: number;
  readonly start?: TunedStart;
}

/** A harmonic start was asked for in a graph, which begins with noise. */
export class GraphStartError extends InputError {
  constructor() {
    super(
      "A graph of the whole synthesis starts from noise: the pulses of a harmonic start are not in it yet. Leave --start " +
        "out, or synthesise with vocode itself.",
    );
  }
}

/** What was written, for the result. */
interface Exported {
  readonly file: string;
  readonly part: ExportedPart | "synthesis";
  readonly bytes: number;
  readonly sampler?: string;
  readonly schedule?: string;
  readonly steps?: number;
  readonly refine?: number;
}

/** The command `vocode export <checkpoint> <out>`. */
export function exportCommand(): Command {
  return new Command("export")
    .description("write a checkpoint as an ONNX file that runs without vocode")
    .argument("<checkpoint>", "a checkpoint's folder")
    .argument("<out>", "the .onnx file to write")
    .option("--steps <n>", "everything from mel and noise to the waveform, in n steps", wholeNumber(1, 1000))
    .option("--schedule <name>", `the same with ${SCHEDULE_ARGUMENT}`)
    .addOption(new Option("--sampler <name>", "of --steps or --schedule").choices(samplerNames))
    .addOption(
      new Option("--start <name>", "what the graph begins with; only noise so far").choices(tunedStarts),
    )
    .option("--refine <k>", "mel corrections of the waveform in the graph", wholeNumber(0, 1000))
    .addOption(
      new Option("--part <name>", "without --steps and --schedule: which network").choices([
        "denoiser",
        "conditioner",
        "colour",
      ] satisfies ExportedPart[]),
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

The frame count is free. docs/export.md says what the inputs are and has an example in Python.`,
    )
    .action(run);
}

async function run(folder: string, out: string, options: ExportOptions): Promise<void> {
  checkOptions(out, options);
  await requireTarget(out);
  const checkpoint = await loadCheckpoint(folder);
  const plan = await planOf(checkpoint.config.denoiser.kind, options);
  if (plan && "excitation" in checkpoint.config && options.start === undefined) {
    printNote(options, "The graph starts from noise; the harmonic start of this checkpoint is not in it.");
  }
  if (plan && !plan.startsFromNoise) {
    printNote(
      options,
      `The schedule '${plan.schedule}' does not start from pure noise; see vocode schedule.`,
    );
  }
  // loaded here, so that the command's help does not wait for them
  const { defaultSynthesis } = await import("../vocoder.js");
  const { exportPart, exportSynthesis } = await import("../synthesis/export-graph.js");
  const { part = "denoiser", refine = defaultSynthesis.refine } = options;
  const version = vocodeVersion();
  const model = plan
    ? exportSynthesis(checkpoint, plan, refine, version)
    : exportPart(checkpoint, part, version);
  await writeAtomically(out, model);
  const bytes = model.length;
  const exported: Exported = plan
    ? {
        file: out,
        part: "synthesis",
        bytes,
        sampler: plan.sampler,
        schedule: plan.schedule,
        steps: plan.steps.length,
        refine,
      }
    : { file: out, part, bytes };
  printResult(options, exported, () => describe(exported));
}

function checkOptions(out: string, { part, steps, schedule, sampler, refine, start }: ExportOptions): void {
  if (!out.toLowerCase().endsWith(".onnx")) {
    throw new InputError(`'${out}' has to end in .onnx: that is the kind of file that export writes.`);
  }
  if (start === "harmonic") throw new GraphStartError();
  const isWhole = steps !== undefined || schedule !== undefined;
  if (steps !== undefined && schedule !== undefined) {
    throw new InputError(
      "--steps and --schedule both say how many steps to take. Give one of them; NAME:M takes M levels of a schedule.",
    );
  }
  if (isWhole && part !== undefined) {
    throw new InputError("--part names one network, --steps and --schedule ask for all. Leave one out.");
  }
  if (!isWhole && (sampler ?? refine ?? start) !== undefined) {
    throw new InputError(
      "--sampler, --start and --refine belong to an export of the whole synthesis: give --steps or --schedule too.",
    );
  }
}

async function planOf(kind: DenoiserKind, options: ExportOptions): Promise<SamplingPlan | undefined> {
  const { steps, schedule, sampler = defaultSampler(kind) } = options;
  if (schedule !== undefined) return planFor(sampler, await readSchedule(schedule));
  return steps === undefined
    ? undefined
    : planFor(sampler, await readSchedule(defaultSchedule(kind, sampler, steps)));
}

function describe({ file, part, bytes, sampler, schedule, steps, refine }: Exported): string {
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  if (part !== "synthesis") return `${file}: the ${part}, ${size}`;
  return `${file}: mel and noise to waveform, ${steps ?? 0} calls of ${sampler ?? ""} over ${schedule ?? ""}, ${refine ?? 0} mel corrections, ${size}`;
}
