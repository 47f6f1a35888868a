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
import type { ClipSamples } from "../evaluation/clips.js";
import { type Transforms, visitSpectrumPairs } from "../evaluation/metrics/spectra.js";

// Two clips as spectrograms, one below the other, and their difference: blue where the second lacks something, red where
// it has too much. Levels in dB, of a sine of full scale.

const FFT_SIZE = 1024;
const HOP = 256;
/** Frames beyond as many are averaged, as power, to as many columns. */
const MAX_COLUMNS = 1600;
const BINS = FFT_SIZE / 2 + 1;
/** What lies further below the loudest spot of both is drawn as silence, dB. */
const DYNAMIC_RANGE = 80;
/** Differences beyond it look alike, dB. */
const LARGEST_DIFFERENCE = 30;

/** A clip with what to call it. */
export interface TitledClip extends ClipSamples {
  readonly title: string;
}

interface Spectrograms {
  readonly columns: number;
  /** dB, [columns, bins] each */
  readonly levels: readonly [Float32Array, Float32Array];
}

/**
 * Draws two clips of one rate; of the longer one the part that both have.
 *
 * @param first the recording
 * @param second what is compared with it
 */
export function drawComparison(first: TitledClip, second: TitledClip, transforms: Transforms): Figure {
  const { sampleRate } = first;
  const length = Math.min(first.samples.length, second.samples.length);
  const { columns, levels } = spectrograms(
    first.samples.subarray(0, length),
    second.samples.subarray(0, length),
    transforms,
  );
  const top = Math.ceil(Math.max(...levels.map(loudest)));
  const bottom = top - DYNAMIC_RANGE;
  const axes = {
    columns,
    rows: BINS,
    x: [0, length / sampleRate],
    y: [0, sampleRate / 2000],
  } as const;
  const labels = { x: "time (s) →", y: "↑ frequency (kHz)" };
  const spectrogram = (title: string, level: Float32Array): Panel =>
    heatmapPanel(
      `${title} · ${text(bottom)} to ${text(top)} dB`,
      { ...axes, value: (column, bin) => level[column * BINS + bin], range: [bottom, top] },
      labels,
    );
  const difference = (column: number, bin: number): number => {
    const [p, q] = levels.map((level) => Math.max(bottom, level[column * BINS + bin]));
    return q - p;
  };
  return drawFigure([
    spectrogram(first.title, levels[0]),
    spectrogram(second.title, levels[1]),
    heatmapPanel(
      `Difference: blue is missing, red is too much · −${LARGEST_DIFFERENCE} to ${LARGEST_DIFFERENCE} dB`,
      {
        ...axes,
        value: difference,
        range: [-LARGEST_DIFFERENCE, LARGEST_DIFFERENCE],
        colours: "difference",
      },
      labels,
    ),
  ]);
}

/** Both spectrograms, neighbouring frames averaged where there are many. */
function spectrograms(first: Float32Array, second: Float32Array, transforms: Transforms): Spectrograms {
  const frames = 1 + Math.floor(first.length / HOP);
  const columns = Math.min(frames, MAX_COLUMNS);
  const levels = [new Float32Array(columns * BINS), new Float32Array(columns * BINS)] as const;
  const counts = new Uint32Array(columns);
  let frame = 0;
  const analysis = { windowLength: FFT_SIZE, hopLength: HOP };
  visitSpectrumPairs(first, second, analysis, transforms.of(FFT_SIZE), (...magnitudes) => {
    const column = Math.floor((frame * columns) / frames);
    for (const [index, level] of levels.entries()) {
      for (let bin = 0; bin < BINS; bin++) level[column * BINS + bin] += magnitudes[index][bin] ** 2;
    }
    counts[column]++;
    frame++;
  });
  // a sine of amplitude 1 is a quarter of the window's length high
  const fullScale = (FFT_SIZE / 4) ** 2;
  for (const level of levels) {
    for (let i = 0; i < level.length; i++) {
      level[i] = 10 * Math.log10(level[i] / counts[Math.floor(i / BINS)] / fullScale + 1e-15);
    }
  }
  return { columns, levels };
}

function loudest(levels: Float32Array): number {
  return levels.reduce((most, level) => Math.max(most, level), -Infinity);
}

function text(decibels: number): string {
  return String(decibels).replace("-", "−");
}

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
