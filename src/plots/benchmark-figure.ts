// A benchmark as a picture: quality against speed, a line a sampler (and start, and whatever else differs) through its
// numbers of steps, the settings that no other beats in both circled and joined.
import * as Plot from "@observablehq/plot";
import { type BenchmarkRow, bestTradeOffs } from "../evaluation/benchmark/summary.js";
import { metricDefinitions, type MetricName } from "../evaluation/metrics/clip-metrics.js";
import { objective } from "../evaluation/tuning/level-search.js";
import { drawFigure, type Figure, type Panel } from "./figure.js";

/** One setting as it is drawn. */
interface Dot {
  readonly line: string;
  readonly steps: number;
  /** Times real time. */
  readonly speed: number;
  readonly quality: number;
}

/** A panel's measure. */
interface Measure {
  readonly title: string;
  readonly label: string;
  readonly of: (row: BenchmarkRow) => number;
  /** Whether large values are better. */
  readonly ascending: boolean;
}

const HEIGHT = 320;

/** Draws the rows that were both timed and judged. */
export function benchmarkFigure(rows: readonly BenchmarkRow[]): Figure {
  const names = lineNames(rows);
  return drawFigure([
    panel(rows, names, {
      title: "Objective of vocode tune, all measures in one; low is better",
      label: "objective",
      of: rowObjective,
      ascending: false,
    }),
    ...(["mstft", "estoi"] as const).map((name) => panel(rows, names, metricMeasure(name))),
  ]);
}

/** The tuning's objective of a row, without the price of its mel corrections: speed is the other axis. */
export function rowObjective({ metrics }: BenchmarkRow): number {
  const { mstft = NaN, mel = NaN, hnr1 = NaN, hnr2 = NaN, hnr3 = NaN, peak2 = NaN, peak3 = NaN } = metrics;
  return objective({ mstft, mel, hnr1, hnr2, hnr3, peak2, peak3 }, 0);
}

function metricMeasure(name: MetricName): Measure {
  const { title, better } = metricDefinitions[name];
  return {
    title: `${title}; ${better === "higher" ? "high" : "low"} is better`,
    label: title,
    of: ({ metrics }) => metrics[name] ?? NaN,
    ascending: better === "higher",
  };
}

function panel(rows: readonly BenchmarkRow[], names: readonly string[], measure: Measure): Panel {
  const dots = rows
    .map((row, i): Dot => {
      const rtf = row.realTimeFactor?.median ?? NaN;
      return { line: names[i], steps: row.setting.steps, speed: 1 / rtf, quality: measure.of(row) };
    })
    .filter(({ speed, quality }) => Number.isFinite(speed) && Number.isFinite(quality));
  const best = bestTradeOffs(
    dots,
    ({ speed }) => speed,
    ({ quality }) => (measure.ascending ? -quality : quality),
  ).sort((a, b) => a.speed - b.speed);
  const position = { x: "speed", y: "quality" } as const;
  return {
    title: `${measure.title}. Circled: no other setting is faster and better`,
    options: {
      height: HEIGHT,
      marginRight: 30,
      x: { type: "log", label: "times real time →", grid: true, tickFormat: "~g", nice: true },
      y: { label: measure.label, grid: true, nice: true, inset: 12 },
      color: { legend: false, domain: [...new Set(names)], scheme: "Observable10" },
      marks: [
        Plot.line(best, { ...position, stroke: "#bbb", strokeWidth: 6, strokeOpacity: 0.6 }),
        Plot.line(dots, { ...position, z: "line", stroke: "line" }),
        Plot.dot(dots, { ...position, fill: "line", r: 3.5 }),
        Plot.dot(best, { ...position, stroke: "black", r: 7, strokeWidth: 1.5 }),
        Plot.text(dots, { ...position, text: "steps", dy: -12, fontSize: 10, fill: "line" }),
        // each line is named at its fastest setting
        Plot.text(
          dots,
          Plot.selectMaxX({
            ...position,
            z: "line",
            text: "line",
            fill: "line",
            textAnchor: "end",
            dy: 14,
            fontWeight: "bold",
          }),
        ),
      ],
    },
  };
}

/** What tells a row's line from the others: its sampler, and of the rest what is not the same everywhere. */
export function lineNames(rows: readonly BenchmarkRow[]): string[] {
  const differs = (key: "engine" | "precision" | "start" | "schedule" | "refine"): boolean =>
    new Set(rows.map(({ setting }) => setting[key])).size > 1;
  const shown = (["start", "schedule", "refine", "precision", "engine"] as const).filter(differs);
  return rows.map(({ setting }) =>
    [setting.sampler, ...shown.map((key) => (key === "refine" ? `K ${setting.refine}` : setting[key]))].join(
      ", ",
    ),
  );
}
