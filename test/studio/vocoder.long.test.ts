// The studio's vocoder page in a browser, against Node and the command line.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Mel, readMel, readRecording, Vocoder, writeMel } from "../../src/index.js";
import { longTasks } from "../support/main-thread.js";
import { type WrongKind, wrongMel } from "../../studio/vocoder/wrong-mels.js";
import {
  accessibilityFaults,
  browserFault,
  figureNumber,
  moveSlider,
  openBrowser,
  openPage,
  serve,
  type StaticHost,
  type WatchedPage,
} from "../support/browser.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a page's script counts: tasks of 50 ms and more, from a moment on. */

/** The samples of a 16-bit WAV file. */
function samplesOf(wav: readonly number[]): number[] {
  const view = new DataView(Uint8Array.from(wav).buffer);
  return Array.from({ length: (wav.length - 44) / 2 }, (_, n) => view.getInt16(44 + 2 * n, true) / 32_768);
}

describe.skipIf(browserFault)("the vocoder's page", () => {
  const folder = mkdtempSync(join(tmpdir(), "vocode-page-"));
  let browser: Browser;
  let host: StaticHost;
  let watched: WatchedPage;
  let page: Page;
  let vocoder: Vocoder;
  let mel: Mel;

  beforeAll(async () => {
    vocoder = await Vocoder.load(undefined, { precision: "float32", threads: 1, cacheFolder: null });
    ({ mel } = await readMel(join(root, "data/speech.mel"), { expected: vocoder.format }));
    host = await serve();
    browser = await openBrowser();
    watched = await openPage(browser, `${host.address}vocoder/`);
    ({ page } = watched);
    await page.getByRole("status").filter({ hasText: "This is the clip" }).waitFor();
  });

  afterAll(async () => {
    await browser.close();
    await host.close();
    await vocoder.dispose();
    rmSync(folder, { recursive: true });
  });

  /** Speaks with the settings that are there; what the page would save. */
  async function speak(): Promise<number[]> {
    const before = await page.locator("a[download]").getAttribute("href");
    await page.locator("button[name=speak]").click();
    await page
      .locator(`a[download]:not([hidden])${before === null ? "" : `:not([href="${before}"])`}`)
      .waitFor();
    const wav = await page
      .locator("a[download]")
      .evaluate(async (link: HTMLAnchorElement) =>
        Array.from(new Uint8Array(await (await fetch(link.href)).arrayBuffer())),
      );
    return samplesOf(wav);
  }

  it("fetches at most 25 MB until it has the voice, all from its own host, without COOP and COEP", () => {
    const downloaded = [...watched.downloads.values()].reduce((sum, size) => sum + size, 0);
    expect(downloaded).toBeLessThan(25e6);
    expect(downloaded).toBeGreaterThan(17e6);
    expect(watched.faults).toEqual([]);
  });

  it("speaks its clip as Node does", async () => {
    const spoken = await speak();
    const { samples } = await vocoder.synthesize(mel, { steps: 2, refine: 0, seed: 1 });
    const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(spoken.length).toBe(samples.length);
    const difference = spoken.reduce((most, value, n) => Math.max(most, Math.abs(value - samples[n])), 0);
    expect(difference / peak).toBeLessThan(1e-3);
    expect(await figureNumber(page, "rtf")).toBeGreaterThan(0);
  });

  it("speaks with the steps, corrections and seed that are set", async () => {
    await moveSlider(page, "steps", 3);
    await moveSlider(page, "refine", 2);
    await page.locator("input[name=seed]").fill("7");
    const spoken = await speak();
    const { samples } = await vocoder.synthesize(mel, { steps: 3, refine: 2, seed: 7 });
    const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const difference = spoken.reduce((most, value, n) => Math.max(most, Math.abs(value - samples[n])), 0);
    expect(difference / peak).toBeLessThan(1e-3);
    await moveSlider(page, "steps", 2);
    await moveSlider(page, "refine", 0);
    await page.locator("input[name=seed]").fill("1");
  });

  /** What the command line says of the present mel as another program writes it: on stdout and on stderr. */
  async function commandLineOn(kind: WrongKind, ...options: string[]): Promise<[string, string]> {
    const path = join(folder, `${kind}.npy`);
    writeFileSync(path, wrongMel(mel, kind));
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [
          join(root, "bin/vocode.js"),
          ...options,
          path,
          ...(options.length > 0 ? [] : [join(folder, "out.wav")]),
        ],
        (_, stdout, stderr) => {
          resolve([stdout, stderr]);
        },
      );
    });
  }

  it.each([
    ["decibels", "look like decibels"],
    ["standardised", "look like values standardised"],
    ["100 bands", "neither axis has the expected 80 bands"],
  ] as const)("refuses a mel in %s with the command line's words", async (kind, reason) => {
    await page.getByRole("button", { name: kind }).click();
    const refusal = page.getByRole("alert");
    await refusal.filter({ hasText: reason }).waitFor();
    const [, words] = await commandLineOn(kind);
    expect(words).toContain(await refusal.textContent());
    await page.getByRole("button", { name: "The clip that is here" }).click();
    await refusal.waitFor({ state: "hidden" });
  });

  it("offers the ways out that a refusal names, and takes the mel by one of them", async () => {
    await page.getByRole("button", { name: "decibels" }).click();
    const ways = page.locator("#ways-out button");
    await ways.first().waitFor();
    expect(await ways.allTextContents()).toEqual([
      "Read it as “db”",
      "Read it as “db,power”",
      "Take it as it is",
    ]);
    await ways.first().click();
    await page.getByRole("status").filter({ hasText: "This is the decibels mel" }).waitFor();
    const { samples } = await vocoder.synthesize(mel, { steps: 2, refine: 0, seed: 1 });
    const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const spoken = await speak();
    const difference = spoken.reduce((most, value, n) => Math.max(most, Math.abs(value - samples[n])), 0);
    expect(difference / peak).toBeLessThan(1e-2);
    await page.getByRole("button", { name: "The clip that is here" }).click();
  });

  it("recognises a transposed mel, and says what the command line says of it", async () => {
    await page.getByRole("button", { name: "transposed" }).click();
    await page.getByRole("status").filter({ hasText: "This is the transposed mel" }).waitFor();
    const said = (await page.locator("#status").textContent())!;
    const recognition = /\d+ frames of \d+ bands, \[bands, frames\]/.exec(said)![0];
    const [words] = await commandLineOn("transposed", "info");
    expect(words).toContain(recognition);
    const spoken = await speak();
    const { samples } = await vocoder.synthesize(mel, { steps: 2, refine: 0, seed: 1 });
    const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const difference = spoken.reduce((most, value, n) => Math.max(most, Math.abs(value - samples[n])), 0);
    expect(difference / peak).toBeLessThan(1e-3);
  });

  it("takes a recording", async () => {
    await page.locator("input[type=file]").setInputFiles(join(root, "data/speech.flac"));
    await page.getByRole("status").filter({ hasText: "This is speech.flac" }).waitFor();
    const { samples } = await readRecording(join(root, "data/speech.flac"));
    const frames = Math.ceil(samples.length / vocoder.format.hopLength);
    expect(await page.locator("#status").textContent()).toContain(`${frames} frames`);
  });

  it("shows the steps: less noise with each, and a guess that comes closer to the mel", async () => {
    await page.getByRole("button", { name: "The clip that is here" }).click();
    await page.getByRole("button", { name: "Show the steps" }).click();
    await page.locator("#steps").waitFor();
    const read = async (step: number): Promise<{ noise: number; distance: number }> => {
      await moveSlider(page, "step", step);
      await page.waitForFunction(
        () =>
          Number(document.querySelector<HTMLElement>("[data-name=estimate-distance]")?.dataset["value"]) > 0,
      );
      return {
        noise: await figureNumber(page, "noise-share"),
        distance: await figureNumber(page, "estimate-distance"),
      };
    };
    const [first, second] = [await read(1), await read(2)];
    // the tuned levels of two steps: λ = −0.3 and 3.07
    expect(first.noise).toBeCloseTo(1 / (1 + Math.exp(-0.3)), 6);
    expect(second.noise).toBeCloseTo(1 / (1 + Math.exp(3.07)), 6);
    expect(second.distance).toBeLessThan(first.distance);
    // the picture of the mel gives way to one with other content
    const canvas = page.locator("#step-pictures canvas").last();
    const pictureNow = (): Promise<string> =>
      canvas.evaluate((element: HTMLCanvasElement) => element.toDataURL());
    const ofMel = await pictureNow();
    await page.locator("input[name=step-view][value=spectrogram]").check({ force: true });
    await expect.poll(pictureNow, { timeout: 20_000 }).not.toBe(ofMel);
    await page.locator("input[name=step-view][value=mel]").check({ force: true });
    await expect.poll(pictureNow, { timeout: 20_000 }).toBe(ofMel);
  });

  it("changes between recording and speech by the space bar, where they are", async () => {
    await page.getByRole("button", { name: "The clip that is here" }).click();
    await speak();
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.locator("h1").click();
    const pressed = (name: string): Promise<string | null> =>
      page.getByRole("button", { name }).getAttribute("aria-pressed");
    await page.keyboard.press("Space");
    expect([await pressed("Hear the recording"), await pressed("Hear the speech")]).toEqual([
      "true",
      "false",
    ]);
    await page.locator("#mel .cursor").waitFor();
    await page.keyboard.press("Space");
    expect([await pressed("Hear the recording"), await pressed("Hear the speech")]).toEqual([
      "false",
      "true",
    ]);
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    expect(await pressed("Hear the speech")).toBe("false");
  });

  it("speaks what was painted", async () => {
    const before = await speak();
    await page.locator("input[name=brush][value=erase]").check({ force: true });
    await moveSlider(page, "brush-size", 30);
    await page.locator("#mel canvas").scrollIntoViewIfNeeded();
    const box = (await page.locator("#mel canvas").boundingBox())!;
    const href = (await page.locator("a[download]").getAttribute("href"))!;
    await page.mouse.move(box.x + 0.4 * box.width, box.y + 0.3 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.4 * box.width, box.y + 0.7 * box.height, { steps: 10 });
    await page.mouse.up();
    await page.locator(`a[download]:not([href="${href}"])`).waitFor();
    const after = await speak();
    const power = (samples: number[], from: number, to: number): number =>
      samples
        .slice(from * samples.length, to * samples.length)
        .reduce((sum, value) => sum + value * value, 0);
    expect(power(after, 0.36, 0.4)).toBeLessThan(0.2 * power(before, 0.36, 0.4));
    // but for where the pulses lie after what was erased
    expect(power(after, 0.7, 0.9) / power(before, 0.7, 0.9)).toBeCloseTo(1, 1);
    await page.getByRole("button", { name: "Undo the painting" }).click();
  });

  it("has no task of 50 ms on its own thread while it speaks ten seconds", async () => {
    const { format, frames, values } = mel;
    const long = new Float32Array(values.length * 3).map((_, i) => values[i % values.length]);
    const path = join(folder, "long.mel");
    await writeMel(path, { format, frames: 3 * frames, values: long });
    await page.locator("input[type=file]").setInputFiles(path);
    await page.getByRole("status").filter({ hasText: "This is long.mel" }).waitFor();
    let spoken: number[] = [];
    const { long: longest, tasks } = await longTasks(page, async () => {
      spoken = await speak();
    });
    expect(spoken.length / format.sampleRate).toBeGreaterThan(10);
    expect(tasks).toBeGreaterThan(0);
    expect(longest).toEqual([]);
  });

  it("is accessible and not wider than the window, narrow or wide, light or dark, without any fault", async () => {
    for (const width of [1280, 390]) {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize({ width, height: 844 });
        await page.emulateMedia({ colorScheme });
        expect(await accessibilityFaults(page)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      }
    }
    expect(watched.faults).toEqual([]);
  });
});
