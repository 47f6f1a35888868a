// How a training went, as curves over the hours of audio that it saw: the loss of its batches, and the error of the
// predicted noise on the held-out recordings, level by level.
import * as Plot from "@observablehq/plot";
import { drawFigure, type Figure, type Panel } from "./figure.js";

/** What was noted of a training, in the order of its steps. */
export interface TrainingCurves {
  readonly losses: readonly { readonly hours: number; readonly loss: number }[];
  readonly errors: readonly {
    readonly hours: number;
    readonly mean: number;
    /** In the order of the levels. */
    readonly byLevel: readonly number[];
  }[];
  /** λ of the errors' levels. */
  readonly levels: readonly number[];
}

/** More points than these merge into a line. */
const MOST_DOTS = 60;
/** Labels that find room above each other. */
const LABELS_HIGH = 24;

/** Draws a training's curves. */
export function trainingFigure(curves: TrainingCurves): Figure {
  const panels = [
    ...(curves.losses.length > 0 ? [lossPanel(curves)] : []),
    ...(curves.errors.length > 0 ? [errorPanel(curves)] : []),
  ];
  return drawFigure(panels);
}

const hoursAxis: Plot.ScaleOptions = { label: "audio seen (hours) →", nice: true };

function lossPanel({ losses }: TrainingCurves): Panel {
  return {
    title: "Loss of the batches, mean between points",
    options: {
      x: hoursAxis,
      y: { label: "loss", grid: true, nice: true },
      marks: [
        Plot.line(losses, { x: "hours", y: "loss", stroke: "#3b528b" }),
        ...(losses.length <= MOST_DOTS
          ? [Plot.dot(losses, { x: "hours", y: "loss", fill: "#3b528b", r: 2 })]
          : []),
      ],
    },
  };
}

function errorPanel({ errors, levels }: TrainingCurves): Panel {
  const rows = errors.flatMap(({ hours, byLevel }) =>
    byLevel.map((error, index) => ({ hours, error, level: levels[index] })),
  );
  const means = errors.map(({ hours, mean }) => ({ hours, error: mean }));
  const last = errors[errors.length - 1];
  const top = Math.max(1, ...rows.map(({ error }) => error));
  const ends = apart(
    [
      ...last.byLevel.map((error, index) => ({ error, text: `λ ${levels[index]}`.replace("-", "−") })),
      { error: last.mean, text: "mean" },
    ],
    top / LABELS_HIGH,
  ).map((end) => ({ ...end, hours: last.hours }));
  return {
    title:
      "Error of the predicted noise on the held-out recordings, as a share of its power; black is the mean",
    options: {
      height: 360,
      marginRight: 60,
      x: hoursAxis,
      y: { label: "error", grid: true, domain: [0, top] },
      color: { type: "linear", scheme: "viridis", domain: [levels[0], levels[levels.length - 1]] },
      marks: [
        Plot.line(rows, { x: "hours", y: "error", z: "level", stroke: "level" }),
        Plot.dot(rows, { x: "hours", y: "error", fill: "level", r: 2.5 }),
        Plot.line(means, { x: "hours", y: "error", stroke: "black", strokeWidth: 2 }),
        Plot.dot(means, { x: "hours", y: "error", fill: "black", r: 2.5 }),
        Plot.text(ends, { x: "hours", y: "error", text: "text", dx: 8, textAnchor: "start" }),
      ],
    },
  };
}

/** Labels from above to below, moved down where they would cover each other. */
function apart<Label extends { readonly error: number }>(labels: readonly Label[], gap: number): Label[] {
  let above = Infinity;
  return [...labels]
    .sort((a, b) => b.error - a.error)
    .map((label) => {
      above = Math.min(label.error, above - gap);
      return { ...label, error: above };
    });
}
