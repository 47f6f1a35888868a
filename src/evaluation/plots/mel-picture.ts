// A mel as a picture: time in seconds from left to right, bands from low to high with their centres in Hz.
import type * as Plot from "@observablehq/plot";
import { bandCentres } from "../../audio/mel-analysis/mel-bank.js";
import type { Mel } from "../../audio/mel-format/mel-format.js";
import { frameStart } from "../../audio/mel-analysis/mel-frames.js";
import { measureMel } from "../../audio/mel-file/mel-statistics.js";
import { drawFigure, type Figure, type Panel } from "./figure.js";
import { heatmapPanel } from "./heatmap.js";

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
