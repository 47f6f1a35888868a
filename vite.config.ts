// Builds the studio: every page below studio/ into the static folder dist/studio, with relative addresses, so that it runs
// from any host and any sub-path. The frame around a page (head, header, links to its neighbours) is filled in here.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join, relative } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { footerOf, headerOf, headOf, lessonCards } from "./studio/pages.js";

const root = fileURLToPath(new URL("studio", import.meta.url));

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

export default defineConfig({
  root,
  base: "./",
  appType: "mpa",
  plugins: [frame],
  worker: { format: "es" },
  build: {
    outDir: fileURLToPath(new URL("dist/studio", import.meta.url)),
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
