// A matrix as colours: mels, spectrograms, histograms over time. The matrix becomes one PNG inside the plot, so that a
// picture of an hour of mel stays small. Colours are d3's: matplotlib's magma, or for differences blue to white to red.
import * as Plot from "@observablehq/plot";
import { encode } from "fast-png";
import { base64Text } from "../formats/bytes.js";
import type { Panel } from "./figure.js";

/** A matrix to draw: `value(column, row)`, column 0 at the left, row 0 at the bottom. */
export interface Heatmap {
  readonly columns: number;
  readonly rows: number;
  readonly value: (column: number, row: number) => number;
  /** What the matrix's outer edges stand for on the two axes. */
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  /** Values drawn darkest and brightest; without them the finite values' own range. */
  readonly range?: readonly [number, number];
  /** "magma" from dark to bright, the default; "difference" from blue over white to red. */
  readonly colours?: HeatmapColours;
}

/** The colours of a heatmap. */
export type HeatmapColours = "magma" | "difference";

// more columns than a picture has pixels are averaged
const MAX_COLUMNS = 1700;

/** A panel that shows a heatmap with named axes; `options` may add marks on top and change the plot. */
export function heatmapPanel(
  title: string,
  heatmap: Heatmap,
  labels: { readonly x: string; readonly y: string },
  options: Plot.PlotOptions = {},
): Panel {
  return {
    title,
    options: {
      ...options,
      x: { domain: heatmap.x, label: labels.x, ...options.x },
      y: { domain: heatmap.y, label: labels.y, ...options.y },
      marks: [heatmapMark(heatmap), ...(options.marks ?? [])],
    },
  };
}

function heatmapMark(heatmap: Heatmap): Plot.RenderFunction {
  const source = `data:image/png;base64,${base64Text(heatmapPng(heatmap))}`;
  return (_index, scales, _values, _dimensions, context) => {
    const [left, right] = heatmap.x.map((value) => scales.x!(value) as number) as [number, number];
    const [bottom, top] = heatmap.y.map((value) => scales.y!(value) as number) as [number, number];
    const image = context.document.createElementNS("http://www.w3.org/2000/svg", "image");
    const attributes = {
      x: left,
      y: top,
      width: right - left,
      height: bottom - top,
      preserveAspectRatio: "none",
    };
    for (const [name, value] of Object.entries(attributes)) image.setAttribute(name, String(value));
    image.setAttribute("xlink:href", source);
    return image;
  };
}

/** The matrix as an RGB PNG, one pixel a cell (columns averaged where there are more than a picture can show). */
export function heatmapPng(heatmap: Heatmap): Uint8Array {
  const width = Math.min(heatmap.columns, MAX_COLUMNS);
  const height = heatmap.rows;
  const cells = new Float64Array(width * height);
  for (let column = 0; column < width; column++) {
    const from = Math.floor((column * heatmap.columns) / width);
    const to = Math.max(from + 1, Math.floor(((column + 1) * heatmap.columns) / width));
    for (let row = 0; row < height; row++) {
      let sum = 0;
      for (let c = from; c < to; c++) sum += heatmap.value(c, row);
      cells[(height - 1 - row) * width + column] = sum / (to - from);
    }
  }
  const [low, high] = heatmap.range ?? finiteRange(cells);
  const palette = paletteOf(heatmap.colours ?? "magma");
  const data = new Uint8Array(cells.length * 3);
  cells.forEach((value, i) => {
    const shade = Math.round((255 * (value - low)) / (high - low || 1));
    // a cell that is not a number is drawn grey, never as a plausible colour
    const colour = Number.isNaN(shade) ? [128, 128, 128] : palette[Math.min(255, Math.max(0, shade))];
    data.set(colour, i * 3);
  });
  return encode({ width, height, channels: 3, depth: 8, data });
}

function finiteRange(values: Float64Array): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : [0, 1];
}

function paletteOf(colours: HeatmapColours): number[][] {
  // rdbu runs from red to blue, and what is more should be red
  const scheme = colours === "magma" ? { scheme: "magma" } : { scheme: "rdbu", reverse: true };
  const colour = Plot.scale({
    color: { type: "sequential", ...scheme, domain: [0, 255] } as Plot.ScaleOptions,
  });
  return Array.from({ length: 256 }, (_, shade) => {
    const text = String(colour.apply(shade));
    const numbers = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(text);
    if (numbers) return numbers.slice(1).map(Number);
    const code = Number.parseInt(text.slice(1), 16);
    return [code >> 16, (code >> 8) & 255, code & 255];
  });
}
