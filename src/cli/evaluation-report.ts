// An evaluation as a table, as JSON and in words.
import { type FailedClip, meanMetrics, type MeasuredClip } from "../evaluation/evaluate.js";
import {
  type ClipMetrics,
  metricDefinitions,
  type MetricName,
  metricNames,
} from "../evaluation/metrics/clip-metrics.js";
import type { SynthesisReport } from "../synthesis/report.js";
import { table } from "./output.js";

/** Clips whose length differs by less from their recording's are not worth a word, seconds. */
const LENGTH_TOLERANCE = 0.05;

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
export function evaluationReport(
  clips: readonly MeasuredClip[],
  failures: readonly FailedClip[],
  synthesis: SynthesisReport | undefined,
): unknown {
  return {
    clips: Object.fromEntries(clips.map(({ name, metrics, seconds }) => [name, { seconds, ...metrics }])),
    mean: meanMetrics(clips),
    count: clips.length,
    seconds: secondsOf(clips),
    failures,
    synthesis: synthesis === undefined ? null : settingsOf(synthesis),
  };
}

/** What there is to say besides the table, each a sentence or two. */
export function evaluationNotes(
  clips: readonly MeasuredClip[],
  elapsed: number,
  synthesis: SynthesisReport | undefined,
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
  if (unequal.length > 0) {
    notes.push(
      `${counted(unequal.length, "synthesis is", "syntheses are")} longer or shorter than the recording, by up to ` +
        `${Math.max(...unequal).toFixed(2)} s: measured was the part that both have.`,
    );
  }
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
