// `vocode bench`: steps, samplers, starts, mel corrections, engines and precisions in one table of speed, memory and
// quality, measured on this machine with the voice and the clips given.
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { checkpointFiles } from "../checkpoint/checkpoint.js";
import { readCheckpointConfig } from "../host/node/checkpoints.js";
import type { CheckpointConfig } from "../checkpoint/config.js";
import { type TunedStart, tunedStarts } from "../checkpoint/tunings.js";
import { type SamplerName, samplerNames } from "../diffusion/samplers/plan-for.js";
import { InputError } from "../errors.js";
import {
  type BenchmarkHead,
  type BenchmarkLine,
  requestOf,
  settingsOf,
} from "../evaluation/benchmark/lines.js";
import type { Clip } from "../evaluation/clips.js";
import { readWholeFile } from "../host/node/read-files.js";
import { requireTarget, writeAtomically } from "../host/node/write-files.js";
import { engineNames, type Precision, precisionNames } from "../engine/engine.js";
import { anyNumber, listOf, oneOf, requirePicture, wholeNumber, writePicture } from "./option-values.js";
import { type OutputOptions, printNote, printResult, table, vocodeVersion } from "./output.js";
import { BUSY_SHARE } from "../evaluation/benchmark/machine.js";
import {
  type BenchmarkRow,
  bestTradeOffs,
  othersShare,
  type Spread,
} from "../evaluation/benchmark/summary.js";
import { metricDefinitions, type MetricName } from "../evaluation/metrics/clip-metrics.js";
import { rowObjective } from "../plots/benchmark-figure.js";
import type { BenchmarkProgress } from "../evaluation/benchmark/run-benchmark.js";
import { bar, duration, StatusLine } from "./status.js";

const LOG_INTERVAL_MS = 30_000;
const BAR_WIDTH = 20;

/** The measurement that begins, after a bar and the time left. */
function showMeasurement(line: StatusLine, progress: BenchmarkProgress): void {
  const { phase, setting, done, total, secondsLeft } = progress;
  const { sampler, steps, start, precision } = setting;
  const left = Number.isFinite(secondsLeft) ? ` · ${duration(secondsLeft)} left` : "";
  const words = `${done}/${total}${left} · ${phase} of ${steps} × ${sampler}, ${start}, ${precision}`;
  line.show(words, { onScreen: `${bar(done / total, BAR_WIDTH)} ${words}` });
}

// A benchmark's rows in words and as JSON.

/** The metrics that the terminal has room for; JSON and CSV have them all. */
const SHOWN = [
  "mel",
  "mstft",
  "estoi",
  "hnr1",
  "hnr2",
  "hnr3",
  "peak2",
  "peak3",
] as const satisfies MetricName[];

interface Column {
  readonly head: string;
  readonly of: (row: BenchmarkRow) => string;
  /** Left out where it is the same in all rows. */
  readonly onlyIfDifferent?: true;
}

/** The table for a terminal; a star marks rows that no other beats in speed and in the objective. */
function benchmarkTable(rows: readonly BenchmarkRow[]): string {
  const best = new Set(bestTradeOffs(rows, (row) => 1 / (row.realTimeFactor?.median ?? NaN), rowObjective));
  const columns: readonly Column[] = [
    {
      head: "engine",
      of: ({ carriedOut, setting }) => carriedOut?.engine ?? setting.engine,
      onlyIfDifferent: true,
    },
    { head: "precision", of: ({ setting }) => setting.precision, onlyIfDifferent: true },
    { head: "start", of: ({ setting }) => setting.start, onlyIfDifferent: true },
    { head: "sampler", of: ({ setting }) => setting.sampler },
    { head: "schedule", of: ({ carriedOut, setting }) => carriedOut?.schedule ?? setting.schedule },
    { head: "steps", of: ({ setting }) => String(setting.steps) },
    { head: "K", of: ({ carriedOut, setting }) => String(carriedOut?.refine ?? setting.refine) },
    { head: "× real time", of: ({ realTimeFactor }) => numberText(inverse(realTimeFactor?.median), 1) },
    { head: "from – to", of: ({ realTimeFactor }) => spreadText(realTimeFactor) },
    { head: "RTF", of: ({ realTimeFactor }) => numberText(realTimeFactor?.median, 3) },
    {
      head: "first sound ms",
      of: ({ firstSoundSeconds }) => numberText(1000 * (firstSoundSeconds?.median ?? NaN), 0),
    },
    { head: "peak MB", of: ({ peakMegabytes }) => numberText(peakMegabytes, 0) },
    { head: "objective", of: (row) => numberText(rowObjective(row), 3) },
    ...SHOWN.map((name) => ({
      head: name,
      of: ({ metrics }: BenchmarkRow) => numberText(metrics[name], metricDefinitions[name].decimals),
    })),
    { head: "", of: (row) => (best.has(row) ? "*" : "") },
  ];
  const shown = columns.filter(
    ({ of, onlyIfDifferent }) => !onlyIfDifferent || new Set(rows.map(of)).size > 1,
  );
  return [
    table([shown.map(({ head }) => head), ...rows.map((row) => shown.map(({ of }) => of(row)))]),
    "",
    "* no other setting is both faster and better by the objective (STFT distance, mel, harmonicity and pulses in one).",
  ].join("\n");
}

/** The whole as one JSON document. */
function benchmarkJson(
  { machine, checkpoint, clips, timedSeconds, threads, seed }: BenchmarkHead,
  rows: readonly BenchmarkRow[],
  lines: readonly BenchmarkLine[],
): unknown {
  const share = othersShare(lines);
  return {
    machine,
    othersShare: Number.isNaN(share) ? null : share,
    checkpoint,
    clips,
    timedSeconds,
    threads,
    seed,
    rows: rows.map((row) => {
      const value = rowObjective(row);
      return { ...row, objective: Number.isNaN(value) ? null : value };
    }),
  };
}

/** What should be said about the measurements. */
function benchmarkNotes(lines: readonly BenchmarkLine[]): string[] {
  const share = othersShare(lines);
  if (!(share > BUSY_SHARE)) return [];
  return [
    `Others took ${(100 * share).toFixed(0)} % of this machine while it was timed, so the speeds are too low and scatter. ` +
      "Compare settings with each other only, or measure again when the machine is idle.",
  ];
}

function inverse(value: number | undefined): number | undefined {
  return value === undefined ? undefined : 1 / value;
}

function spreadText(spread: Spread | undefined): string {
  return spread === undefined ? "" : `${(1 / spread.high).toFixed(1)} – ${(1 / spread.low).toFixed(1)}`;
}

function numberText(value: number | undefined, decimals: number): string {
  return value === undefined || !Number.isFinite(value) ? "" : value.toFixed(decimals).replace("-", "−");
}

interface BenchOptions extends Omit<OutputOptions, "json"> {
  readonly json?: string | true;
  readonly checkpoint?: string;
  readonly files?: string;
  readonly steps: readonly number[];
  readonly samplers: readonly SamplerName[];
  readonly starts?: readonly TunedStart[];
  readonly schedules: readonly string[];
  readonly refine: readonly (number | "default")[];
  readonly engines: readonly ("auto" | (typeof engineNames)[number])[];
  readonly precisions: readonly Precision[];
  readonly threads?: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
  readonly memory: boolean;
  readonly results: string;
  readonly csv?: string;
  readonly picture?: string;
}

const SHIPPED_CLIP = fileURLToPath(new URL("../../data/speech.flac", import.meta.url));

/** The command `vocode bench [clips...]`. */
export function benchCommand(): Command {
  return new Command("bench")
    .argument("[clips...]", "recordings, or folders of them (default: the one that comes with vocode)")
    .option("--voice, --checkpoint <place>", "a voice's name, folder or address (default: speech-22k)")
    .option("--files <list>", "text file with the recordings to use, one path a line relative to the folder")
    .option("--steps <list>", "numbers of steps", listOf(wholeNumber(1, 1000)), [6, 8, 12, 16, 25, 50])
    .option("--samplers <list>", samplerNames.join(", "), listOf(oneOf(samplerNames)), [
      "dpmpp-2m",
      "ddim",
      "ddpm",
    ])
    .option(
      "--starts <list>",
      `${tunedStarts.join(", ")} (default: those the model has)`,
      listOf(oneOf(tunedStarts)),
    )
    .option("--schedules <list>", "schedules by name, -N for any number of steps", listOf(String), [
      "default",
    ])
    .option("--refine <list>", "numbers of mel corrections, or 'default'", listOf(refineValue), ["default"])
    .option("--engines <list>", `auto, ${engineNames.join(", ")}`, listOf(oneOf(["auto", ...engineNames])), [
      "auto",
    ])
    .option("--precisions <list>", precisionNames.join(", "), listOf(oneOf(precisionNames)), ["float32"])
    .option("--threads <n>", "threads of the graph engine", wholeNumber(1, 1024))
    .option("--rounds <n>", "timed syntheses of each setting", wholeNumber(1, 1000), 5)
    .option("--seconds <s>", "of audio that is timed; the clips, repeated if they are shorter", anyNumber, 10)
    .option("--seed <n>", "seed of the noise", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--no-memory", "leave peak memory out, which takes a process for each setting")
    .option(
      "--results <file>",
      "the measurements as they come; one that exists is continued",
      "vocode-bench.jsonl",
    )
    .option("--json [file]", "print JSON, or write it into a .json file")
    .option("--csv <file>", "also write the table as CSV")
    .option("--picture <file>", "draw quality against speed, as .png or .svg")
    .option("--quiet", "no progress or notes on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode bench                                        the model and the clip that come with vocode
  vocode bench clips --steps 6,12,25 --samplers dpmpp-2m --refine 0,4,14 --picture bench.png
  vocode bench clips --precisions float32,int8 --rounds 9 --json bench.json --csv bench.csv
  vocode bench clips --schedules default,logsnr-N,wg-6 --steps 6

Quality is measured on the clips whole. Speed is measured on --seconds of them, in rounds over all settings, so that what
the machine does beside it meets all alike. Stop it at any time: the same command goes on where it was.`,
    )
    .action(run);
}

function startsOf(config: CheckpointConfig): TunedStart[] {
  return "excitation" in config ? ["harmonic", "noise"] : ["noise"];
}

function refineValue(text: string): number | "default" {
  return text === "default" ? text : wholeNumber(0, 1000)(text);
}

async function run(paths: string[], given: BenchOptions): Promise<void> {
  const { json: wanted, ...options } = given;
  const jsonFile = await requireTargets(given);
  // loaded here, so that the command's help does not wait for the engines
  const { checkpointFolder } = await import("./voices.js");
  const checkpoint = await checkpointFolder(options.checkpoint, options);
  const config = await readCheckpointConfig(checkpoint);
  const settings = settingsOf({
    engine: options.engines,
    precision: options.precisions,
    start: options.starts ?? startsOf(config),
    sampler: options.samplers,
    schedule: options.schedules,
    steps: options.steps,
    refine: options.refine,
  });
  // a name that there is not is refused before hours of work
  const { chosenSettings } = await import("../synthesis/settings.js");
  for (const setting of settings) chosenSettings(config, requestOf(setting));
  const { clipPaths, readClips } = await import("../evaluation/clip-files.js");
  const { joinedMel, secondsOf } = await import("../evaluation/clips.js");
  const clips = await readClips(
    await clipPaths(paths.length > 0 ? paths : [SHIPPED_CLIP], options.files),
    config.mel,
  );
  const timed = joinedMel(clips, config.mel, options.seconds);
  const { thisMachine } = await import("../evaluation/benchmark/machine.js");
  const { ResultsFile } = await import("../evaluation/benchmark/results-file.js");
  const { runBenchmark } = await import("../evaluation/benchmark/run-benchmark.js");
  const { benchmarkCsv, benchmarkRows } = await import("../evaluation/benchmark/summary.js");
  const head: BenchmarkHead = {
    kind: "benchmark",
    checkpoint: {
      name: basename(checkpoint),
      sha256: await checkpointHash(checkpoint),
    },
    clips: { names: clips.map(({ name }) => name), seconds: secondsOf(clips), sha256: clipsHash(clips) },
    timedSeconds: (timed.frames * config.mel.hopLength) / config.mel.sampleRate,
    threads: options.threads ?? null,
    seed: options.seed,
    machine: thisMachine(vocodeVersion()),
  };
  const results = await ResultsFile.open(options.results, head);
  const line = new StatusLine(options, { intervalMs: LOG_INTERVAL_MS, beginsAtOnce: true });
  if (results.lines.length > 0) {
    line.note(`${options.results} already holds ${counted(results.lines.length, "measurement")}.`);
  }
  line.note(
    `${counted(settings.length, "setting")}; quality on ${counted(clips.length, "clip")} of ${secondsOf(clips).toFixed(1)} s, ` +
      `speed in ${counted(options.rounds, "round")} on ${head.timedSeconds.toFixed(1)} s`,
  );
  await runBenchmark({
    checkpoint,
    settings,
    clips,
    timed,
    rounds: options.rounds,
    memory: options.memory,
    seed: options.seed,
    runtime: options.threads === undefined ? {} : { threads: options.threads },
    results,
    onProgress: (progress) => {
      showMeasurement(line, progress);
    },
  });
  line.end();
  const rows = benchmarkRows(settings, results.lines);
  for (const note of benchmarkNotes(results.lines)) printNote(options, note);
  const json = benchmarkJson(head, rows, results.lines);
  if (jsonFile !== undefined) await writeAtomically(jsonFile, `${JSON.stringify(json, null, 2)}\n`);
  if (options.csv !== undefined) await writeAtomically(options.csv, benchmarkCsv(rows));
  await writePicture(options, async () => {
    const { benchmarkFigure } = await import("../plots/benchmark-figure.js");
    return benchmarkFigure(rows);
  });
  printResult({ json: wanted === true }, json, () => benchmarkTable(rows));
}

/** Refuses files that could not be written, before the work. Returns the JSON file's name, if there is to be one. */
async function requireTargets({ json, ...rest }: BenchOptions): Promise<string | undefined> {
  const { csv, results, seconds } = rest;
  if (!(seconds > 0)) throw new InputError(`--seconds is ${seconds}; it has to be above 0.`);
  const jsonFile = typeof json === "string" ? json : undefined;
  if (jsonFile !== undefined && !jsonFile.toLowerCase().endsWith(".json")) {
    // --json without a file takes the next word for one
    throw new InputError(
      `'${jsonFile}' would be written as JSON and does not end in .json. Put --json at the end to print it.`,
    );
  }
  for (const path of [jsonFile, csv, results]) if (path !== undefined) await requireTarget(path);
  await requirePicture(rest);
  return jsonFile;
}

async function checkpointHash(folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const file of [checkpointFiles.config, checkpointFiles.weights]) {
    hash.update(await readWholeFile(join(folder, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

function clipsHash(clips: readonly Clip[]): string {
  const hash = createHash("sha256");
  for (const { samples } of clips) {
    hash.update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
  }
  return hash.digest("hex").slice(0, 16);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
