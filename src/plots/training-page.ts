// A training's report: one HTML file that needs no other, with its curves, and for a few held-out clips how they were
// spoken after more and more steps, to see and to hear.
import { base64Text } from "../formats/bytes.js";
import { drawFigure, escapeXml, type Figure, type Panel } from "./figure.js";
import * as Plot from "@observablehq/plot";
import { MagnitudeSpectrum } from "../mel/analysis.js";
import { heatmapPng } from "./heatmap.js";

// The spectrogram of a short clip as a small picture without axes, for many of them side by side: time to the right,
// frequency upwards to half the sample rate, brightness in dB.

const FFT_SIZE = 512;
const HOP = 128;
/** Neighbouring bins of a row. */
const BINS_A_ROW = 2;
/** What lies further below a sine of full scale is drawn as silence, and what lies above as loudest, dB. */
const RANGE = [-90, -10] as const;

/** Draws a clip's spectrogram as PNG; a column is 128 samples wide. */
export function clipSpectrogram(samples: Float32Array): Uint8Array {
  const columns = Math.max(1, Math.ceil(samples.length / HOP));
  const rows = FFT_SIZE / 2 / BINS_A_ROW;
  const levels = new Float32Array(columns * rows);
  const spectrum = new MagnitudeSpectrum(FFT_SIZE);
  const frame = new Float64Array(FFT_SIZE);
  const magnitudes = new Float64Array(FFT_SIZE / 2 + 1);
  for (let column = 0; column < columns; column++) {
    const first = column * HOP + HOP / 2 - FFT_SIZE / 2;
    for (let n = 0; n < FFT_SIZE; n++) {
      const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / FFT_SIZE);
      frame[n] = window * (samples[first + n] ?? 0);
    }
    spectrum.transform(frame, 0, magnitudes);
    for (let row = 0; row < rows; row++) {
      let power = 0;
      for (let bin = row * BINS_A_ROW; bin < (row + 1) * BINS_A_ROW; bin++) power += magnitudes[bin] ** 2;
      // a sine of amplitude 1 is a quarter of the window's length high
      levels[column * rows + row] = 10 * Math.log10(power / BINS_A_ROW / (FFT_SIZE / 4) ** 2 + 1e-15);
    }
  }
  return heatmapPng({
    columns,
    rows,
    value: (column, row) => levels[column * rows + row],
    x: [0, columns],
    y: [0, rows],
    range: RANGE,
  });
}

// How a training went, as curves over the hours of audio that it saw: the loss of its batches, and the error of the
// predicted noise on the held-out recordings, level by level.

/** What was noted of a training, in the order of its steps. */
interface TrainingCurves {
  readonly losses: readonly { readonly hours: number; readonly loss: number }[];
  readonly errors: readonly {
    readonly hours: number;
    readonly mean: number;
    /** In the order of the levels. */
    readonly byLevel: readonly number[];
  }[];
  /** λ of the errors' levels. */
  readonly levels: readonly number[];
  /** What the losses told besides, each by its name. */
  readonly figures?: readonly {
    readonly name: string;
    readonly points: readonly { readonly hours: number; readonly value: number }[];
  }[];
}

/** More points than these merge into a line. */
const MOST_DOTS = 60;
/** Labels that find room above each other. */
const LABELS_HIGH = 24;

/** Draws a training's curves. */
export function trainingFigure(curves: TrainingCurves): Figure {
  const panels = [
    ...(curves.losses.length > 0 ? [lossPanel(curves)] : []),
    ...(curves.figures ?? []).map(figurePanel),
    ...(curves.errors.length > 0 ? [errorPanel(curves)] : []),
  ];
  return drawFigure(panels);
}

const hoursAxis: Plot.ScaleOptions = { label: "audio seen (hours) →", nice: true };

function lossPanel({ losses }: TrainingCurves): Panel {
  const points = losses.map(({ hours, loss }) => ({ hours, value: loss }));
  return linePanel("Loss of the batches, mean between points", "loss", points);
}

/** A figure that a loss tells, with the losses' own values among them. */
function figurePanel({ name, points }: NonNullable<TrainingCurves["figures"]>[number]): Panel {
  return linePanel(`'${name}' of the losses, mean between points`, name, points);
}

function linePanel(
  title: string,
  label: string,
  points: readonly { readonly hours: number; readonly value: number }[],
): Panel {
  return {
    title,
    options: {
      x: hoursAxis,
      y: { label, grid: true, nice: true },
      marks: [
        Plot.line(points, { x: "hours", y: "value", stroke: "#3b528b" }),
        ...(points.length <= MOST_DOTS
          ? [Plot.dot(points, { x: "hours", y: "value", fill: "#3b528b", r: 2 })]
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

/** A clip at one moment of the training. */
export interface ClipTake {
  /** "recording", or how many steps were done. */
  readonly label: string;
  readonly samples: Float32Array;
  /** The same as a WAV file. */
  readonly wav: Uint8Array;
}

/** What a report shows. */
export interface TrainingReport {
  readonly title: string;
  /** Names and values, for the table at the top. */
  readonly facts: readonly (readonly [string, string])[];
  readonly curves: TrainingCurves;
  readonly clips: readonly { readonly name: string; readonly takes: readonly ClipTake[] }[];
}

const STYLE = `
  body { font: 15px/1.5 "DejaVu Sans", system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } h3 { font-size: 1rem; }
  table { border-collapse: collapse; } th { text-align: left; font-weight: normal; color: #666; padding-right: 1.5rem; vertical-align: top; }
  svg { max-width: 100%; height: auto; }
  .takes { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; }
  figure { margin: 0; } figcaption { color: #444; }
  img { display: block; width: 100%; height: 8rem; image-rendering: auto; background: #000; } audio { width: 100%; height: 2rem; }
`;

/** The report's HTML. */
export function trainingPage({ title, facts, curves, clips }: TrainingReport): string {
  const hasCurves = curves.losses.length + curves.errors.length > 0;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeXml(title)}</h1>
<table>
${facts.map(([name, value]) => `<tr><th>${escapeXml(name)}</th><td>${escapeXml(value)}</td></tr>`).join("\n")}
</table>
<h2>Curves</h2>
${hasCurves ? trainingFigure(curves).toSvg() : "<p>Nothing was measured yet.</p>"}
<h2>Clips</h2>
${
  clips.length > 0
    ? `<p>Held-out recordings, spoken from their mels with the weights after some steps. Frequency from 0 to half the sample rate.</p>
${clips.map(clipSection).join("\n")}`
    : "<p>No clip was spoken yet.</p>"
}
</body>
</html>
`;
}

function clipSection({ name, takes }: TrainingReport["clips"][number]): string {
  return `<h3>${escapeXml(name)}</h3>
<div class="takes">
${takes.map((take) => takeFigure(name, take)).join("\n")}
</div>`;
}

function takeFigure(name: string, { label, samples, wav }: ClipTake): string {
  const picture = dataUri("image/png", clipSpectrogram(samples));
  const words = escapeXml(`${name}, ${label}`);
  return (
    `<figure><figcaption>${escapeXml(label)}</figcaption><img src="${picture}" alt="Spectrogram: ${words}">` +
    `<audio controls preload="none" src="${dataUri("audio/wav", wav)}" aria-label="${words}"></audio></figure>`
  );
}

function dataUri(type: string, bytes: Uint8Array): string {
  return `data:${type};base64,${base64Text(bytes)}`;
}
