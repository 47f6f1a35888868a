// A figure: panels drawn by Observable Plot, one below the other, as one SVG or PNG without a browser.
// SVG needs only a document (linkedom); PNG is that SVG rendered by resvg in WebAssembly with a font of our own.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import * as Plot from "@observablehq/plot";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { parseHTML } from "linkedom";
import { pictureFormat } from "./picture-format.js";

const FONT = "DejaVu Sans";
const TITLE_HEIGHT = 26;
const GAP = 8;
const require = createRequire(import.meta.url);
let rendererStarted: Promise<void> | undefined;

/** One panel of a figure: a heading and what Observable Plot draws below it. */
export interface Panel {
  readonly title: string;
  readonly options: Plot.PlotOptions;
}

/** A finished figure. `toPng` renders at twice the size of the SVG, which reads well on any screen. */
export interface Figure {
  readonly width: number;
  readonly height: number;
  toSvg(): string;
  toPng(): Promise<Uint8Array>;
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
  return { width, height, toSvg: () => svg, toPng: () => renderPng(svg) };
}

/**
 * The figure's bytes in the format that a file name asks for.
 *
 * @throws PictureExtensionError for an extension other than .svg and .png
 */
export async function encodeFigure(figure: Figure, path: string): Promise<Uint8Array> {
  return pictureFormat(path) === "svg" ? new TextEncoder().encode(figure.toSvg()) : figure.toPng();
}

async function renderPng(svg: string): Promise<Uint8Array> {
  rendererStarted ??= readFile(require.resolve("@resvg/resvg-wasm/index_bg.wasm")).then((wasm) =>
    initWasm(wasm),
  );
  await rendererStarted;
  const fontBuffers = await Promise.all(
    ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) =>
      readFile(require.resolve(`dejavu-fonts-ttf/ttf/${name}`)),
    ),
  );
  const renderer = new Resvg(svg, {
    font: { fontBuffers, defaultFontFamily: FONT, sansSerifFamily: FONT },
    fitTo: { mode: "zoom", value: 2 },
  });
  return renderer.render().asPng();
}

/** Text as it stands in HTML and SVG, in attributes too. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
