// Two clips as spectrograms, one below the other, and their difference: blue where the second lacks something, red where
// it has too much. Levels in dB, of a sine of full scale.
import type { ClipSamples } from "../evaluation/measure.js";
import { type Transforms, visitSpectrumPairs } from "../evaluation/metrics/spectra.js";
import { drawFigure, type Figure, type Panel } from "./figure.js";
import { heatmapPanel } from "./heatmap.js";

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
