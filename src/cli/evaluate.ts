// `vocode evaluate`: how close syntheses are to the recordings they were made from, by every metric; from two folders, or
// from recordings that a checkpoint synthesises again.
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { namedClips, pairClips } from "../evaluation/clip-files.js";
import {
  type ClipTask,
  evaluateClips,
  evaluationCsv,
  exportPair,
  type FailedClip,
  meanMetrics,
  type MeasuredClip,
  synthesisTasks,
} from "../evaluation/evaluate.js";
import { InputError } from "../errors.js";
import { makeFolder, requireTarget, writeAtomically } from "../host/node/write-files.js";
import type { Smoothing } from "../mel/smoothing.js";
import type { SynthesisReport } from "../synthesis/report.js";
import type { Vocoder } from "../node.js";
import {
  FailedInputsError,
  type OutputOptions,
  printForeignFiles,
  printNote,
  printResult,
  table,
} from "./output.js";
import { anyNumber } from "./option-values.js";
import { Progress } from "./status.js";
import {
  addSynthesisOptions,
  chosenSynthesis,
  givenSynthesisOptions,
  type SynthesisChoice,
  withScheduleRead,
} from "./options.js";
import { loadVoice, remarkChoice } from "./voices.js";
import {
  type ClipMetrics,
  metricDefinitions,
  type MetricName,
  metricNames,
} from "../evaluation/metrics/clip-metrics.js";

// An evaluation as a table, as JSON and in words.

/** Clips whose length differs by less from their recording's are not worth a word, seconds. */
const LENGTH_TOLERANCE = 0.05;

/** More remarks on clips would hide the table; --json has them all. */
const MOST_REMARKS = 10;

/** A metric's value with the decimals that say something; "–" where there is none. */
export function metricText(name: MetricName, value: number): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return "∞";
  const text = value.toFixed(metricDefinitions[name].decimals);
  // a tiny negative value is 0, and not minus 0
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** A line a clip and one with the means. */
export function evaluationTable(clips: readonly MeasuredClip[]): string {
  const row = (title: string, metrics: ClipMetrics): string[] => [
    title,
    ...metricNames.map((name) => metricText(name, metrics[name])),
  ];
  return table([
    ["clip", ...metricNames],
    ...clips.map(({ name, metrics }) => row(name, metrics)),
    ...(clips.length > 1 ? [row(`mean of ${clips.length}`, meanMetrics(clips))] : []),
  ]);
}

/** The evaluation for machines; a value that there is not is null. */
function evaluationReport(
  clips: readonly MeasuredClip[],
  failures: readonly FailedClip[],
  { report: synthesis, smoothing }: Work,
): unknown {
  return {
    clips: Object.fromEntries(
      clips.map(({ name, metrics, seconds, remarks }) => [
        name,
        { seconds, ...metrics, ...(remarks && { remarks }) },
      ]),
    ),
    mean: meanMetrics(clips),
    count: clips.length,
    seconds: secondsOf(clips),
    failures,
    synthesis: synthesis === undefined ? null : settingsOf(synthesis),
    smoothing: smoothing ?? null,
  };
}

/** What there is to say besides the table, each a sentence or two. */
function evaluationNotes(
  clips: readonly MeasuredClip[],
  elapsed: number,
  { report: synthesis, smoothing }: Work,
): string[] {
  if (clips.length === 0) return [];
  const excesses = clips.map(({ excessSeconds }) => Math.abs(excessSeconds));
  const unequal = excesses.filter((excess) => excess > LENGTH_TOLERANCE);
  const notes: string[] = [];
  if (synthesis !== undefined) {
    const { sampler, schedule, steps, refine, seed, engine, device, precision } = synthesis;
    notes.push(
      `${steps} ${steps === 1 ? "step" : "steps"} of ${sampler} on ${schedule}, ${refine} mel corrections, seed ${seed}, ${engine} on ${device}, ${precision}`,
    );
  }
  if (smoothing !== undefined) {
    notes.push(
      `mels smoothed by Gaussians, ${smoothing.bands} wide along the bands and ${smoothing.frames} along the frames`,
    );
  }
  if (unequal.length > 0) {
    notes.push(
      `${counted(unequal.length, "synthesis is", "syntheses are")} longer or shorter than the recording, by up to ` +
        `${Math.max(...unequal).toFixed(2)} s: measured was the part that both have.`,
    );
  }
  const remarks = clips.flatMap((clip) => clip.remarks ?? []);
  notes.push(...remarks.slice(0, MOST_REMARKS));
  if (remarks.length > MOST_REMARKS)
    notes.push(`… and ${remarks.length - MOST_REMARKS} more remarks; --json lists them all.`);
  notes.push(
    `${counted(clips.length, "clip", "clips")}, ${secondsOf(clips).toFixed(1)} s of audio, in ${elapsed.toFixed(1)} s`,
    "0 is best, in estoi 1; hnr and peak have a sign: breathy and smeared are negative. docs/evaluation.md explains each.",
  );
  return notes;
}

function settingsOf(report: SynthesisReport): Partial<SynthesisReport> {
  const { sampler, schedule, steps, refine, seed, engine, device, precision } = report;
  return { sampler, schedule, steps, refine, seed, engine, device, precision };
}

function secondsOf(clips: readonly MeasuredClip[]): number {
  return clips.reduce((sum, { seconds }) => sum + seconds, 0);
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Deviations beyond it leave nothing of speech. */
const MOST_SMOOTHING = 10;

type MelSmoothing = Pick<Smoothing, "bands" | "frames">;

interface EvaluateOptions extends OutputOptions, SynthesisChoice {
  readonly csv?: string;
  readonly export?: string;
  readonly smooth?: MelSmoothing;
}

/** The command `vocode evaluate`. */
export function evaluateCommand(): Command {
  const command = new Command("evaluate")
    .argument("<recordings>", "a folder of .wav and .flac files, or one of them")
    .argument(
      "[syntheses]",
      "what was made of them, with the same names; without it they are synthesised here",
    );
  return addSynthesisOptions(command)
    .option(
      "--smooth <bands,frames>",
      "smooth the mels before, as those that acoustic models predict are: deviations of Gaussians, such as 0.7,1",
      smoothingOf,
    )
    .option("--export <folder>", "also write all pairs as 16 kHz WAV files, for tools such as PESQ")
    .option("--csv <file>", "also write the table as CSV")
    .option("--json", "print JSON")
    .option("--quiet", "no progress or notes on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode evaluate recordings syntheses                  pairs of the same name, whatever vocoder made them
  vocode evaluate recordings --steps 12 --refine 14     straight from recordings, with the model that comes along
  vocode evaluate recordings --checkpoint my-voice
  vocode evaluate recordings --smooth 0.7,1             how the voice bears mels that a model predicts
  vocode evaluate a.wav b.wav --json`,
    )
    .action(run);
}

async function run(
  references: string,
  syntheses: string | undefined,
  options: EvaluateOptions,
): Promise<void> {
  if (options.csv !== undefined) await requireTarget(options.csv);
  const folder = options.export;
  const work = await (syntheses === undefined
    ? synthesisWork(references, options)
    : pairWork(references, syntheses, options));
  if (folder !== undefined) await makeFolder(folder);
  const progress = new Progress(options, work.tasks.length, "clips");
  const begun = performance.now();
  const { clips, failures } = await evaluateClips(work.tasks, {
    threads: availableParallelism(),
    onClip: (name) => {
      progress.advance(name);
    },
    ...(folder === undefined ? {} : { onPair: (name, pair) => exportPair(folder, name, pair) }),
  });
  progress.end();
  const elapsed = (performance.now() - begun) / 1000;
  await work.vocoder?.dispose();
  if (options.csv !== undefined) await writeAtomically(options.csv, evaluationCsv(clips));
  for (const note of evaluationNotes(clips, elapsed, work)) printNote(options, note);
  if (clips.length > 0) {
    const result = evaluationReport(clips, failures, work);
    printResult(options, result, () => evaluationTable(clips));
  }
  const failed = failures.map(({ name, error }) => ({ input: name, error }));
  if (failed.length > 0) throw new FailedInputsError(failed, work.tasks.length, "clips");
}

/** What is measured in a run. */
interface Work {
  readonly tasks: readonly ClipTask[];
  readonly vocoder?: Vocoder;
  readonly smoothing?: MelSmoothing | undefined;
  /** How the last synthesis was made here. */
  report?: SynthesisReport;
}

/** The pairs of two folders. */
async function pairWork(references: string, syntheses: string, options: EvaluateOptions): Promise<Work> {
  const given = [...givenSynthesisOptions(options), ...(options.smooth ? ["--smooth"] : [])];
  if (given.length > 0) {
    throw new InputError(
      `${given.join(", ")} ${given.length === 1 ? "is" : "are"} for syntheses that are made here, but '${syntheses}' ` +
        `holds finished ones. Leave out one or the other.`,
    );
  }
  const { pairs, onlyReference, onlySynthesis } = await pairClips(references, syntheses);
  for (const folder of [references, syntheses]) await printForeignFiles(folder, options);
  for (const [names, folder] of [
    [onlyReference, references],
    [onlySynthesis, syntheses],
  ] as const) {
    if (names.length > 0) printNote(options, `Only in '${folder}', and left out: ${someOf(names)}.`);
  }
  return { tasks: pairs.map(({ name, ...job }) => ({ name, prepare: () => Promise.resolve(job) })) };
}

/** Recordings and what a checkpoint makes of their mels. */
async function synthesisWork(references: string, given: EvaluateOptions): Promise<Work> {
  const options = await withScheduleRead(given);
  await printForeignFiles(references, options);
  const clips = await namedClips(references);
  remarkChoice(options);
  const vocoder = await loadVoice(options.checkpoint, options);
  const copying = { options: chosenSynthesis(options), smoothing: options.smooth };
  const work: Work = {
    vocoder,
    smoothing: options.smooth,
    tasks: synthesisTasks(clips, vocoder, copying, (report) => {
      work.report = report;
    }),
  };
  return work;
}

/** Deviations "bands,frames". */
function smoothingOf(text: string): MelSmoothing {
  const parts = text.split(",").map(anyNumber);
  const [bands, frames] = parts;
  if (parts.length === 2 && parts.every((part) => part >= 0 && part <= MOST_SMOOTHING)) {
    return { bands, frames };
  }
  throw new InvalidArgumentError(
    `Give two deviations from 0 to ${MOST_SMOOTHING}, in bands and in frames, such as 0.7,1.`,
  );
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
