// Builds the studio: every page below studio/ into the static folder dist/studio, with relative addresses, so that it runs
// from any host and any sub-path. The frame around a page (head, header, links to its neighbours) is filled in here.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { join, relative } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { footerOf, headerOf, headOf, lessonCards } from "./studio/pages.js";

const root = fileURLToPath(new URL("studio", import.meta.url));
const outDir = fileURLToPath(new URL("dist/studio", import.meta.url));

/** Fills in what all pages share, where their comments say so. */
const frame: Plugin = {
  name: "studio-frame",
  transformIndexHtml: {
    order: "pre",
    handler: (html, { filename }) => {
      const path = relative(root, filename).replaceAll("\\", "/");
      return html
        .replace("<!-- studio: head -->", () => headOf(path))
        .replace("<!-- studio: header -->", () => headerOf(path))
        .replace("<!-- studio: footer -->", () => footerOf(path))
        .replace("<!-- studio: lessons -->", () => lessonCards());
    },
  },
};

/** Puts what the vocoder fetches beside its page: the shipped voice, a clip, and onnxruntime's WebAssembly, compressed. */
const vocoderFiles: Plugin = {
  name: "studio-vocoder-files",
  apply: "build",
  writeBundle() {
    const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
    const page = join(outDir, "vocoder");
    const copies = [
      ["checkpoints/speech-22k/config.json", "voice/config.json"],
      ["checkpoints/speech-22k/model.safetensors", "voice/model.safetensors"],
      ["data/speech.flac", "clip/speech.flac"],
      ["data/speech.mel", "clip/speech.mel"],
    ];
    for (const folder of ["voice", "clip"]) mkdirSync(join(page, folder), { recursive: true });
    for (const [from, to] of copies) copyFileSync(here(from), join(page, to));
    const wasm = readFileSync(here("node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"));
    writeFileSync(join(page, "ort.wasm.gz"), gzipSync(wasm, { level: 9 }));
    // onnxruntime's own copies, which the page does not ask for
    for (const name of readdirSync(join(outDir, "assets"))) {
      if (name.startsWith("ort-wasm")) rmSync(join(outDir, "assets", name));
    }
  },
};

export default defineConfig({
  root,
  base: "./",
  appType: "mpa",
  plugins: [frame, vocoderFiles],
  worker: { format: "es" },
  build: {
    outDir,
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: readdirSync(root, { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".html"))
        .map((path) => join(root, path)),
    },
  },
});
