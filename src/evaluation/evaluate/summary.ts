// What an evaluation found, summed up: means, and a table that spreadsheets read.
import type { ClipMetrics } from "../metrics/clip-metrics.js";
import { type MetricName, metricNames } from "../metrics/metric-definitions.js";
import type { MeasuredClip } from "./evaluate-clips.js";

/** The mean of each metric over the clips that it says something about; NaN where there are none. */
export function meanMetrics(clips: readonly { readonly metrics: ClipMetrics }[]): ClipMetrics {
  const means = metricNames.map((name): [MetricName, number] => {
    const values = clips.map(({ metrics }) => metrics[name]).filter((value) => !Number.isNaN(value));
    return [name, values.reduce((sum, value) => sum + value, 0) / values.length];
  });
  return Object.fromEntries(means) as Record<MetricName, number>;
}

/** The clips as a CSV document, a line each; a value that there is not is left empty. */
export function evaluationCsv(clips: readonly MeasuredClip[]): string {
  const rows = clips.map(({ name, seconds, metrics }) => [
    /[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name,
    seconds.toFixed(3),
    ...metricNames.map((metric) => (Number.isNaN(metrics[metric]) ? "" : String(metrics[metric]))),
  ]);
  return [["clip", "seconds", ...metricNames], ...rows].map((row) => `${row.join(",")}\n`).join("");
}
