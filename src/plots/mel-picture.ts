// A mel as a picture: time in seconds from left to right, bands from low to high with their centres in Hz.
import * as Plot from "@observablehq/plot";
import { bandCentres } from "../mel/bank.js";
import type { Mel } from "../mel/format.js";
import { frameStart } from "../mel/frames.js";
import { measureMel } from "../mel/likeness.js";
import { drawFigure, type Figure, type Panel } from "./figure.js";
import { heatmapPanel } from "./heatmap.js";
import { VOICING_EDGES } from "../audio/band-voicing.js";
import type { Pitch } from "../audio/pitch.js";

const units = { ln: "ln", log10: "log10", db: "dB" } as const;

/** Where a mel's frames begin and end in time, seconds. */
export function melSeconds({ format, frames }: Mel): [number, number] {
  // a frame's column is one hop wide and stands around the frame's centre
  const left = (frameStart(format, 0) + (format.fftSize - format.hopLength) / 2) / format.sampleRate;
  return [left, left + (frames * format.hopLength) / format.sampleRate];
}

/** A panel that shows a mel, with marks over it in seconds and bands; several go into one figure. */
export function melPanel(title: string, mel: Mel, marks: readonly Plot.Markish[] = []): Panel {
  const { format, frames, values } = mel;
  const centres = bandCentres(format);
  const marked = roundFrequencies(centres);
  return heatmapPanel(
    title,
    {
      columns: frames,
      rows: format.bands,
      value: (frame, band) => values[frame * format.bands + band],
      x: melSeconds(mel),
      y: [0, format.bands],
    },
    { x: "time (s) →", y: "↑ band centre (Hz)" },
    {
      height: 300,
      marks: [...marks],
      y: {
        ticks: marked.map(({ position }) => position),
        tickFormat: (position: number) => marked.find((mark) => mark.position === position)?.label ?? "",
      },
    },
  );
}

/** A picture of one mel. The title says where it comes from; what darkest and brightest mean is added. */
export function drawMel(title: string, mel: Mel): Figure {
  const { minimum, maximum } = measureMel(mel.values, mel.format.bands);
  const [low, high] = [minimum, maximum].map((level) => level.toFixed(1).replace("-", "−"));
  return drawFigure([
    melPanel(`${title} · ${units[mel.format.log]} of the magnitude, ${low} to ${high}`, mel),
  ]);
}

/** Where a frequency lies between the bands' centres, on an axis on which band b covers b … b+1; NaN below the first. */
export function bandPosition(centres: Float64Array, hertz: number): number {
  const above = centres.findIndex((centre) => centre >= hertz);
  if (above < 1) return NaN;
  const share = (hertz - centres[above - 1]) / (centres[above] - centres[above - 1]);
  return above - 0.5 + share;
}

/** Round frequencies and where they lie between the bands' centres, on an axis on which band b covers b … b+1. */
function roundFrequencies(centres: Float64Array): { position: number; label: string }[] {
  const marks: { position: number; label: string }[] = [];
  for (const hertz of [100, 200, 500, 1000, 2000, 3000, 4000, 6000, 8000, 10_000, 12_000, 16_000, 20_000]) {
    const position = bandPosition(centres, hertz);
    if (Number.isNaN(position)) continue;
    // labels closer than a text line would cover each other
    const gap = position - (marks.at(-1)?.position ?? -Infinity);
    if (gap > centres.length / 20) marks.push({ position, label: hertz.toLocaleString("en") });
  }
  return marks;
}

// The pitch of a voice as a picture: on the mel that it belongs to, on an axis of its own, and how periodic each band is.

const CURVE = "#4fe3ff";

/** A picture of a mel's pitch. The title says where it comes from. */
export function drawPitch(title: string, mel: Mel, pitch: Pitch): Figure {
  return drawFigure([pitchPanel(title, mel, pitch), curvePanel(mel, pitch), voicingPanel(mel, pitch)]);
}

function pitchPanel(title: string, mel: Mel, { hertz }: Pitch): Panel {
  const centres = bandCentres(mel.format);
  const place = (value: number): number => bandPosition(centres, value);
  return melPanel(`${title}: the mel and F0`, mel, [curve(mel, hertz, place, CURVE)]);
}

function curvePanel(mel: Mel, { hertz }: Pitch): Panel {
  const highest = hertz.reduce((most, value) => Math.max(most, value), 200);
  return {
    title: "F0",
    options: {
      height: 200,
      grid: true,
      x: { domain: melSeconds(mel), label: "time (s) →" },
      y: { domain: [50, 1.1 * highest], label: "↑ Hz" },
      marks: [curve(mel, hertz, (value) => value, "#1f4e9c")],
    },
  };
}

function voicingPanel(mel: Mel, { bandVoicing }: Pitch): Panel {
  const bands = VOICING_EDGES.length - 1;
  return heatmapPanel(
    "voicing: how periodic each band is, dark 0, bright 1",
    {
      columns: mel.frames,
      rows: bands,
      value: (frame, band) => bandVoicing[frame * bands + band] ?? 0,
      x: melSeconds(mel),
      y: [0, bands],
      range: [0, 1],
    },
    { x: "time (s) →", y: "↑ band edge (Hz)" },
    {
      height: 160,
      y: {
        ticks: VOICING_EDGES.map((_, edge) => edge),
        tickFormat: (edge: number) => VOICING_EDGES[edge].toLocaleString("en"),
      },
    },
  );
}

/** F0 over time; it breaks off where there is no voice. */
function curve(
  mel: Mel,
  hertz: Float32Array,
  place: (hertz: number) => number,
  stroke: string,
): Plot.Markish {
  const [left, right] = melSeconds(mel);
  const hop = (right - left) / mel.frames;
  const points = Array.from(hertz.subarray(0, mel.frames), (value, frame) => ({
    x: left + (frame + 0.5) * hop,
    y: value > 0 ? place(value) : NaN,
  }));
  return Plot.line(points, { x: "x", y: "y", stroke, strokeWidth: 1.8 });
}
