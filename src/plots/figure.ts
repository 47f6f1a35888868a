// A figure: panels drawn by Observable Plot, one below the other, as one SVG without a browser: all that it needs is a
// document (linkedom). figure-file.ts makes it a PNG.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** The font of all words. */
export const FONT = "DejaVu Sans";
const TITLE_HEIGHT = 26;
const GAP = 8;

/** One panel of a figure: a heading and what Observable Plot draws below it. */
export interface Panel {
  readonly title: string;
  readonly options: Plot.PlotOptions;
}

/** A finished figure. */
export interface Figure {
  readonly width: number;
  readonly height: number;
  toSvg(): string;
}

/**
 * Draws panels below each other at a common width (pixels); a panel's own `height` counts, else 240.
 */
export function drawFigure(panels: readonly Panel[], width = 860): Figure {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  let top = 0;
  const parts = panels.map((panel) => {
    const height = panel.options.height ?? 240;
    const plot = Plot.plot({
      marginLeft: 56,
      marginRight: 20,
      marginBottom: 36,
      ...panel.options,
      document,
      width,
      height,
    });
    plot.setAttribute("y", String(top + TITLE_HEIGHT));
    plot.setAttribute("font-family", FONT);
    const text = `<text x="10" y="${top + 18}" font-size="13" font-weight="bold">${escapeXml(panel.title)}</text>`;
    top += TITLE_HEIGHT + height + GAP;
    return text + plot.outerHTML;
  });
  const height = top;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" ` +
    `height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONT}, sans-serif" fill="currentColor">` +
    `<rect width="100%" height="100%" fill="white"/>${parts.join("")}</svg>`;
  return { width, height, toSvg: () => svg };
}

/** Text as it stands in HTML and SVG, in attributes too. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
