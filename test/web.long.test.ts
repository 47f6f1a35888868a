// The library in a real browser: the built package, bundled as a page has it, against Node with the same mel and seed.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readMel, Vocoder } from "../src/index.js";
import type * as Web from "../src/web.js";
import { browserFault, openBrowser, openPage, serve, type StaticHost } from "./support/browser.js";
import { bundle } from "./support/bundle.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const isolated = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** What the page's script leaves for the tests. */
type WithVocode = typeof globalThis & { vocode: typeof Web; vocoder: Web.Vocoder };

/** The example of docs/web.md as a page and its script. */
function example(): { html: string; script: string } {
  const text = readFileSync(join(root, "docs/web.md"), "utf8");
  const html = /```html\n([^]*?)```/.exec(text)![1];
  const script = /<script type="module">([^]*?)<\/script>/.exec(html)![1];
  return { html: html.replace(script, "").replace("<script", '<script src="example.js"'), script };
}

describe.skipIf(browserFault)("vocode in a page", () => {
  const folder = mkdtempSync(join(tmpdir(), "vocode-web-"));
  let browser: Browser;
  let host: StaticHost;
  let expected: Float32Array;

  beforeAll(async () => {
    const { html, script } = example();
    const sources = mkdtempSync(join(tmpdir(), "vocode-web-source-"));
    writeFileSync(join(sources, "example.js"), script);
    writeFileSync(
      join(sources, "page.js"),
      'import * as vocode from "mel-vocode/web"; globalThis.vocode = vocode;',
    );
    await bundle({
      entryPoints: {
        page: join(sources, "page.js"),
        example: join(sources, "example.js"),
        "web-worker": join(root, "dist/web-worker.js"),
      },
      alias: { "mel-vocode/web": join(root, "dist/web.js") },
      splitting: true,
      platform: "browser",
      minify: true,
      outdir: folder,
      // PFFFT's own loader asks for it where it finds itself in Node
      external: ["module"],
    });
    rmSync(sources, { recursive: true });
    writeFileSync(
      join(folder, "index.html"),
      '<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>',
    );
    writeFileSync(join(folder, "example.html"), `<link rel="icon" href="data:,">${html}`);
    const wasm = "ort-wasm-simd-threaded.wasm";
    cpSync(join(root, "node_modules/onnxruntime-web/dist", wasm), join(folder, wasm));
    for (const name of ["data", "checkpoints"]) symlinkSync(join(root, name), join(folder, name));
    symlinkSync(join(root, "checkpoints/speech-22k"), join(folder, "speech-22k"));
    const vocoder = await Vocoder.load(undefined, { precision: "float32", threads: 1, cacheFolder: null });
    const { mel } = await readMel(join(root, "data/speech.mel"), { expected: vocoder.format });
    expected = (await vocoder.synthesize(mel, { seed: 1 })).samples;
    await vocoder.dispose();
    host = await serve(folder, { ...isolated, etag: '"1"' });
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await host.close();
    rmSync(folder, { recursive: true });
  });

  /** Loads the voice in a page, and keeps it there. */
  async function loadIn(page: Page): Promise<{ threads: number; downloads: number }> {
    return page.evaluate(async () => {
      const global = globalThis as WithVocode;
      let downloads = 0;
      global.vocoder = await global.vocode.Vocoder.load("speech-22k", {
        onDownload: () => {
          downloads++;
        },
      });
      return { threads: global.vocoder.threads, downloads };
    });
  }

  /** The largest difference of the page's speech from Node's, as a share of the peak. */
  async function difference(page: Page): Promise<number> {
    const samples = await page.evaluate(async () => {
      const { vocoder } = globalThis as WithVocode;
      const bytes = await (await fetch("data/speech.mel")).arrayBuffer();
      const { mel } = await vocoder.read(bytes, "speech.mel");
      return Array.from((await vocoder.synthesize(mel, { seed: 1 })).samples);
    });
    expect(samples.length).toBe(expected.length);
    const peak = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return samples.reduce((most, value, n) => Math.max(most, Math.abs(value - expected[n])), 0) / peak;
  }

  it("gives Node's samples on one thread, without COOP and COEP", async () => {
    const plain = await serve(folder);
    const { page, faults } = await openPage(browser, plain.address);
    expect((await loadIn(page)).threads).toBe(1);
    expect(await difference(page)).toBeLessThan(1e-3);
    expect(faults).toEqual([]);
    await page.context().close();
    await plain.close();
  });

  describe("with shared memory", () => {
    let page: Page;
    let faults: string[];
    const fetched: string[] = [];

    beforeAll(async () => {
      ({ page, faults } = await openPage(browser, host.address));
      page.on("request", (request) => fetched.push(`${request.method()} ${new URL(request.url()).pathname}`));
      const { threads, downloads } = await loadIn(page);
      expect(threads).toBeGreaterThan(1);
      expect(downloads).toBeGreaterThan(2);
    });

    it("gives Node's samples on several threads", async () => {
      expect(await difference(page)).toBeLessThan(1e-3);
    });

    it("streams frames to the samples that it gives at once, and shows each step", async () => {
      const { streamed, whole, views } = await page.evaluate(async () => {
        const { vocoder } = globalThis as WithVocode;
        const { mel } = await vocoder.read(await (await fetch("data/speech.mel")).arrayBuffer());
        const { bands } = mel.format;
        const frames = Array.from({ length: Math.ceil(mel.frames / 50) }, (_, i) =>
          mel.values.slice(i * 50 * bands, (i + 1) * 50 * bands),
        );
        const pieces: number[] = [];
        for await (const piece of vocoder.stream(frames, { tile: 128 })) pieces.push(...piece);
        const views: { step: number; signal: string; power: number; samples: number }[] = [];
        const { samples } = await vocoder.synthesize(mel, {
          onStep: ({ step, signal, samples: shown }) => {
            const power = shown.reduce((sum, value) => sum + value * value, 0) / shown.length;
            views.push({ step, signal, power, samples: shown.length });
          },
        });
        return { streamed: pieces, whole: Array.from(samples), views };
      });
      expect(streamed).toEqual(whole);
      expect(views.map(({ step, signal }) => `${step} ${signal}`)).toEqual([
        "0 noisy",
        "0 estimate",
        "1 noisy",
        "1 estimate",
      ]);
      for (const { samples } of views) expect(samples).toBe(whole.length);
      // a voice that takes no corrections: the last estimate is the speech
      const power = whole.reduce((sum, value) => sum + value * value, 0) / whole.length;
      expect(views[3].power).toBeCloseTo(power, 6);
      expect(views[0].power).toBeGreaterThan(1.2 * power);
    });

    it("reads a recording, and refuses what is no mel with the command line's words", async () => {
      const { frames, samples, refusal } = await page.evaluate(async () => {
        const { vocoder } = globalThis as WithVocode;
        const flac = await vocoder.read(await (await fetch("data/speech.flac")).arrayBuffer(), "speech.flac");
        const refusal = await vocoder
          .read(new TextEncoder().encode("no mel").buffer, "x.mel")
          .catch((error: unknown) => String(error));
        return { frames: flac.mel.frames, samples: flac.samples!.length, refusal };
      });
      expect(frames).toBe(Math.ceil(samples / 256));
      expect(refusal).toContain("The file is no mel");
    });

    it("ends with a signal's reason, and goes on afterwards", async () => {
      const ends = await page.evaluate(async () => {
        const { vocoder } = globalThis as WithVocode;
        const { mel } = await vocoder.read(await (await fetch("data/speech.mel")).arrayBuffer());
        const control = new AbortController();
        const aborted = await vocoder
          .synthesize(mel, {
            steps: 50,
            signal: control.signal,
            onProgress: () => {
              control.abort(new Error("not wanted"));
            },
          })
          .catch((error: unknown) => String(error));
        const { samples } = await vocoder.synthesize(mel, { steps: 1 });
        return { aborted, samples: samples.length };
      });
      expect(ends).toEqual({ aborted: "Error: not wanted", samples: expected.length });
    });

    /** The graphs that the browser keeps, by what their address ends in. */
    const keptGraphs = (): Promise<string[]> =>
      page.evaluate(async () => {
        const requests = await (await caches.open("mel-vocode")).keys();
        return requests.flatMap(({ url }) => url.split("/vocode-graph/").slice(1));
      });

    it("keeps the checkpoint and its graphs for the next visit", async () => {
      await expect.poll(async () => (await keptGraphs()).length).toBe(3);
      const graphs = await keptGraphs();
      await page.evaluate(() => (globalThis as WithVocode).vocoder.dispose());
      await page.reload();
      fetched.length = 0;
      await loadIn(page);
      const weights = fetched.filter((request) => request.endsWith("model.safetensors"));
      expect(weights).toEqual([expect.stringMatching(/^HEAD /)]);
      expect(await difference(page)).toBeLessThan(1e-3);
      // nothing was traced anew under another name
      expect(await keptGraphs()).toEqual(graphs);
      expect(faults).toEqual([]);
    });

    it("makes graphs anew where what was kept is damaged", async () => {
      await page.evaluate(async () => {
        const cache = await caches.open("mel-vocode");
        for (const request of await cache.keys())
          if (request.url.includes("/vocode-graph/")) await cache.put(request, new Response("damaged"));
        await (globalThis as WithVocode).vocoder.dispose();
      });
      await page.reload();
      await loadIn(page);
      expect(await difference(page)).toBeLessThan(1e-3);
      await expect.poll(async () => (await keptGraphs()).length).toBe(3);
    });
  });

  it("speaks in the example of docs/web.md", async () => {
    const { page, faults } = await openPage(browser, `${host.address}example.html`);
    await page.getByRole("status").filter({ hasText: "Ready" }).waitFor();
    await page.locator("input").setInputFiles(join(root, "data/speech.mel"));
    await page.getByRole("status").filter({ hasText: "as fast as it sounds" }).waitFor();
    const seconds = await page.locator("audio").evaluate((audio: HTMLAudioElement) =>
      audio.duration > 0
        ? audio.duration
        : new Promise(
            (resolve) =>
              (audio.onloadedmetadata = () => {
                resolve(audio.duration);
              }),
          ),
    );
    expect(seconds).toBeCloseTo(expected.length / 22_050, 2);
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
