// `vocode report RUN`: how a training run goes or went, as one HTML file with curves and clips to hear.
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Command } from "commander";
import { readRecording } from "../host/node/recordings.js";
import type { ClipTake, TrainingReport } from "../plots/training-page.js";
import { requireTarget, writeAtomically } from "../host/node/write-files.js";
import { devLogSnrs, figuresOf } from "../training/progress.js";
import { RunError } from "../errors.js";
import type { Metrics, RunDescription } from "../training/run.js";
import { RunFolder } from "../training/run-folder.js";
import { type OutputOptions, printResult } from "./output.js";
import { sampleName, samplesFolder, storedSamples } from "./training-samples.js";

interface ReportOptions extends OutputOptions {
  readonly out?: string;
}

/** The command `vocode report <run>`. */
export function reportCommand(): Command {
  return new Command("report")
    .argument("<run>", "the run's folder")
    .option("--out <file>", "the file to write (default: report.html in the run's folder)")
    .option("--json", "print JSON")
    .option("--quiet", "no notes on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode report runs/my-voice
  vocode report runs/my-voice --out report.html

It can be drawn while training goes on.`,
    )
    .action(run);
}

async function run(path: string, options: ReportOptions): Promise<void> {
  const folder = new RunFolder(path);
  const description = await folder.describe();
  if (!description) throw new RunError(`'${path}' holds no training run.`);
  const out = options.out ?? join(path, "report.html");
  await requireTarget(out);
  const metrics = await folder.readMetrics();
  const { trainingPage } = await import("../plots/training-page.js");
  const clips = await clipsOf(path);
  const report: TrainingReport = {
    title: `Training of ${basename(resolve(path))}`,
    facts: factsOf(description, metrics),
    curves: curvesOf(metrics),
    clips,
  };
  await writeAtomically(out, trainingPage(report));
  const measured = report.curves.errors.length;
  const taken = clips.reduce((sum, { takes }) => sum + takes.length, 0);
  printResult(
    options,
    { report: out, measurements: measured, clips: clips.length, takes: taken },
    () => `${out}: ${measured} measurements, ${clips.length} clips in ${taken} takes.`,
  );
}

function curvesOf(metrics: readonly Metrics[]): TrainingReport["curves"] {
  const errors = metrics.flatMap(({ hours, devError, devErrorByLevel }) =>
    typeof hours === "number" && typeof devError === "number" && Array.isArray(devErrorByLevel)
      ? [{ hours, mean: devError, byLevel: devErrorByLevel as readonly number[] }]
      : [],
  );
  const losses = metrics.flatMap(({ hours, loss }) =>
    typeof hours === "number" && typeof loss === "number" ? [{ hours, loss }] : [],
  );
  const names = new Set(metrics.flatMap((line) => Object.keys(figuresOf(line))));
  const figures = [...names].map((name) => ({
    name,
    points: metrics.flatMap(({ hours, [name]: value }) =>
      typeof hours === "number" && typeof value === "number" ? [{ hours, value }] : [],
    ),
  }));
  return { losses, errors, levels: devLogSnrs, figures };
}

function factsOf({ config, from }: RunDescription, metrics: readonly Metrics[]): [string, string][] {
  const numbers = (name: string): number[] =>
    metrics.flatMap((line) => (typeof line[name] === "number" ? [line[name]] : []));
  const best = Math.min(...numbers("devError"));
  const bestStep = metrics.find(({ devError }) => devError === best)?.step;
  const speeds = numbers("speed").sort((a, b) => a - b);
  const speed = speeds[Math.floor(speeds.length / 2)] as number | undefined;
  const facts: [string, string | undefined][] = [
    ["denoiser", config.denoiser],
    ["begun with", from],
    [
      "steps",
      `${metrics.at(-1)?.step ?? 0} of ${config.steps + config.finishSteps}, ${config.batch} × ${config.cropFrames} frames each`,
    ],
    ["audio seen", `${(numbers("hours").at(-1) ?? 0).toFixed(2)} hours`],
    ["speed", speed === undefined ? undefined : `${speed.toFixed(1)} audio-seconds a second`],
    ["smallest error", bestStep === undefined ? undefined : `${best.toFixed(4)} after ${bestStep} steps`],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

async function clipsOf(path: string): Promise<TrainingReport["clips"]> {
  const folder = samplesFolder(path);
  const { names, steps } = await storedSamples(folder);
  const clips: { name: string; takes: ClipTake[] }[] = [];
  for (const [index, name] of names.entries()) {
    const takes: ClipTake[] = [];
    for (const step of ["recording", ...steps] as const) {
      const file = join(folder, sampleName(step, index));
      const { samples } = await readRecording(file);
      const label = step === "recording" ? "the recording" : `after ${step} steps`;
      takes.push({ label, samples, wav: await readFile(file) });
    }
    clips.push({ name, takes });
  }
  return clips;
}
