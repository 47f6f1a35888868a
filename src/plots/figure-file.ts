// A figure as a file: the SVG as it is, or a PNG that resvg in WebAssembly renders of it with a font of our own.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { type Figure, FONT } from "./figure.js";
import { pictureFormat } from "./picture-format.js";

const require = createRequire(import.meta.url);
let rendererStarted: Promise<void> | undefined;

/**
 * The figure's bytes in the format that a file name asks for.
 *
 * @throws PictureExtensionError for an extension other than .svg and .png
 */
export async function encodeFigure(figure: Figure, path: string): Promise<Uint8Array> {
  return pictureFormat(path) === "svg" ? new TextEncoder().encode(figure.toSvg()) : figurePng(figure);
}

/** The figure as a PNG, at twice the size of the SVG, which reads well on any screen. */
export async function figurePng(figure: Figure): Promise<Uint8Array> {
  rendererStarted ??= startRenderer();
  await rendererStarted;
  const fontBuffers = await Promise.all(
    ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) =>
      readFile(require.resolve(`dejavu-fonts-ttf/ttf/${name}`)),
    ),
  );
  const renderer = new Resvg(figure.toSvg(), {
    font: { fontBuffers, defaultFontFamily: FONT, sansSerifFamily: FONT },
    fitTo: { mode: "zoom", value: 2 },
  });
  return renderer.render().asPng();
}

async function startRenderer(): Promise<void> {
  const wasm = await readFile(require.resolve("@resvg/resvg-wasm/index_bg.wasm"));
  try {
    await initWasm(wasm);
  } catch (error) {
    // by another copy of this module in the same process
    if (!(error instanceof Error && error.message.startsWith("Already initialized"))) throw error;
  }
}
