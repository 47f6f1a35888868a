// How fast vocode is in Chromium beside Node, in turns: `npm run build && node bench/browser.js [turns]`. The page has
// threads; both have as many, and float32. Prints each turn and the medians, as times real time.
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { availableParallelism, tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { readMel, Vocoder } from "../dist/index.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const turns = Number(process.argv[2] ?? 3);
const threads = Math.min(4, availableParallelism());
const settings = [
  { steps: 2, refine: 0 },
  { steps: 6, refine: 16 },
];
const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

const folder = mkdtempSync(join(tmpdir(), "vocode-bench-"));
await build({
  entryPoints: { web: join(root, "dist/web.js"), "web-worker": join(root, "dist/web-worker.js") },
  bundle: true,
  splitting: true,
  format: "esm",
  outdir: folder,
  external: ["module"],
});
const wasm = "ort-wasm-simd-threaded.wasm";
cpSync(join(root, "node_modules/onnxruntime-web/dist", wasm), join(folder, wasm));
for (const name of ["data", "checkpoints"]) symlinkSync(join(root, name), join(folder, name));
writeFileSync(join(folder, "index.html"), "<!doctype html>");
const server = createServer((request, response) => {
  const path = request.url === "/" ? "/index.html" : request.url;
  readFile(join(folder, path)).then(
    (bytes) => {
      response.writeHead(200, {
        "content-type": types[extname(path)] ?? "application/octet-stream",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
      });
      response.end(bytes);
    },
    () => response.writeHead(404).end(),
  );
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu"],
});

const node = await Vocoder.load(undefined, { precision: "float32", threads });
const { mel } = await readMel(join(root, "data/speech.mel"), { expected: node.format });
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${server.address().port}/`);
await page.evaluate(`(async () => {
  const { Vocoder } = await import("/web.js");
  globalThis.vocoder = await Vocoder.load("checkpoints/speech-22k", { threads: ${threads} });
  globalThis.mel = (await vocoder.read(await (await fetch("data/speech.mel")).arrayBuffer())).mel;
})()`);
const inNode = async (options) => (await node.synthesize(mel, options)).report.realTimeFactor;
const inPage = (options) =>
  page.evaluate(
    `vocoder.synthesize(mel, ${JSON.stringify(options)}).then(({ report }) => report.realTimeFactor)`,
  );

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
for (const options of settings) {
  await inNode(options);
  await inPage(options);
  const factors = { node: [], page: [] };
  for (let turn = 0; turn < turns; turn++) {
    factors.node.push(await inNode(options));
    factors.page.push(await inPage(options));
  }
  const shown = (values) => values.map((value) => (1 / value).toFixed(1)).join(", ");
  const ratio = median(factors.page) / median(factors.node);
  console.log(
    `${options.steps} steps, ${options.refine} corrections, ${threads} threads: Node ${(1 / median(factors.node)).toFixed(1)} ` +
      `(${shown(factors.node)}), Chromium ${(1 / median(factors.page)).toFixed(1)} (${shown(factors.page)}) times real time; ` +
      `the page takes ${ratio.toFixed(2)} times as long`,
  );
}
await node.dispose();
await browser.close();
server.close();
server.closeAllConnections();
rmSync(folder, { recursive: true });
