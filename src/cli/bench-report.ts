// A benchmark's rows in words and as JSON.
import { BUSY_SHARE } from "../evaluation/benchmark/machine.js";
import type { BenchmarkHead, BenchmarkLine } from "../evaluation/benchmark/results-file.js";
import {
  type BenchmarkRow,
  bestTradeOffs,
  othersShare,
  type Spread,
} from "../evaluation/benchmark/summary.js";
import { metricDefinitions, type MetricName } from "../evaluation/metrics/metric-definitions.js";
import { rowObjective } from "../evaluation/plots/benchmark-figure.js";
import { table } from "./output.js";

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
export function benchmarkTable(rows: readonly BenchmarkRow[]): string {
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
export function benchmarkJson(
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
export function benchmarkNotes(lines: readonly BenchmarkLine[]): string[] {
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
