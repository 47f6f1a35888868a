// What goes into the studio's vocoder page and comes out of it: files that are dropped, the microphone, a shifted pitch, and
// the file that is saved.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RealFft } from "../../src/audio/real-fft.js";
import { transformSize } from "../../src/audio/pitch-candidates.js";
import { trackPitch } from "../../src/audio/pitch.js";
import {
  readMel,
  readRecording,
  type Synthesis,
  type SynthesisOptions,
  Vocoder,
  writeWav,
} from "../../src/index.js";
import {
  browserFault,
  moveSlider,
  openBrowser,
  openPage,
  serve,
  type StaticHost,
} from "../support/browser.js";
import { wavBytes } from "../support/wav-bytes.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const clip = { mel: join(root, "data/speech.mel"), flac: join(root, "data/speech.flac") };

/** The median pitch of the voiced frames, in Hz. */
async function medianPitch(samples: Float32Array, sampleRate: number): Promise<number> {
  const transform = await RealFft.create(transformSize(sampleRate));
  const hertz = trackPitch(samples, sampleRate, Math.round(sampleRate / 100), transform);
  transform.dispose();
  const voiced = hertz.filter((value) => value > 0).sort();
  return voiced[Math.floor(voiced.length / 2)];
}

/** The clip's speech as Node makes it, as the page's settings are. */
async function fromNode(options: SynthesisOptions = {}): Promise<Synthesis> {
  const vocoder = await Vocoder.load(undefined, { precision: "float32", threads: 1, cacheFolder: null });
  const { mel } = await readMel(clip.mel, { expected: vocoder.format });
  const made = await vocoder.synthesize(mel, { steps: 2, refine: 0, seed: 1, ...options });
  await vocoder.dispose();
  return made;
}

/** The largest difference of two waveforms of one length, as a share of the second one's peak. */
function largestDifference(one: Float32Array, other: Float32Array): number {
  expect(one.length).toBe(other.length);
  const peak = other.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return one.reduce((most, value, n) => Math.max(most, Math.abs(value - other[n])), 0) / peak;
}

/** Five seconds of a tone with harmonics, as a 16-bit WAV file. */
function toneFile(hertz: number, sampleRate: number): Uint8Array {
  const samples = Int16Array.from({ length: 5 * sampleRate }, (_, n) => {
    const phase = (2 * Math.PI * hertz * n) / sampleRate;
    return 6000 * (Math.sin(phase) + 0.6 * Math.sin(2 * phase) + 0.4 * Math.sin(3 * phase));
  });
  return wavBytes({ sampleRate, data: new Uint8Array(samples.buffer) });
}

describe.skipIf(browserFault)("the vocoder's page", () => {
  const folder = mkdtempSync(join(tmpdir(), "vocode-input-"));
  const tone = join(folder, "tone.wav");
  let browser: Browser;
  let host: StaticHost;
  let page: Page;
  let faults: string[];

  beforeAll(async () => {
    writeFileSync(tone, toneFile(220, 48_000));
    host = await serve();
    browser = await openBrowser([
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      `--use-file-for-fake-audio-capture=${tone}`,
    ]);
    ({ page, faults } = await openPage(browser, `${host.address}vocoder/`));
    await page.getByRole("status").filter({ hasText: "This is the clip" }).waitFor();
  });

  afterAll(async () => {
    await browser.close();
    await host.close();
    rmSync(folder, { recursive: true });
  });

  /** Takes the clip, whatever the page says already. */
  async function takeClip(): Promise<void> {
    await page.evaluate(() => {
      document.getElementById("status")!.textContent = "";
    });
    await page.getByRole("button", { name: "The clip that is here" }).click();
    await page.getByRole("status").filter({ hasText: "This is the clip" }).waitFor();
  }

  /** Drops a file on the page as the browser does it. */
  async function drop(path: string): Promise<void> {
    const content = readFileSync(path).toString("base64");
    const transfer = await page.evaluateHandle(
      async ([name, base64]) => {
        const bytes = await (await fetch(`data:;base64,${base64}`)).arrayBuffer();
        const carried = new DataTransfer();
        carried.items.add(new File([bytes], name));
        return carried;
      },
      [basename(path), content] as const,
    );
    await page.dispatchEvent("h1", "dragenter", { dataTransfer: transfer });
    await page.locator("main.dropping").waitFor();
    await page.dispatchEvent("h1", "drop", { dataTransfer: transfer });
    await page.locator("main:not(.dropping)").waitFor();
  }

  /** Speaks with the settings that are there, and saves the file. */
  async function speakAndSave(): Promise<string> {
    const link = page.locator("a[download]");
    const before = await link.getAttribute("href");
    await page.locator("button[name=speak]").click();
    await page
      .locator(`a[download]:not([hidden])${before === null ? "" : `:not([href="${before}"])`}`)
      .waitFor();
    const saving = page.waitForEvent("download");
    await link.click();
    const path = join(folder, `saved-${savings++}.wav`);
    await (await saving).saveAs(path);
    return path;
  }
  let savings = 0;

  it("takes a WAV file that is dropped on it", async () => {
    const { samples, sampleRate } = await readRecording(clip.flac);
    const path = join(folder, "dropped.wav");
    await writeWav(path, [samples], sampleRate);
    await drop(path);
    await page.getByRole("status").filter({ hasText: "This is dropped.wav" }).waitFor();
    const frames = Math.ceil(samples.length / 256);
    expect(await page.locator("#status").textContent()).toContain(`${frames} frames`);
    expect(await page.getByRole("button", { name: "Hear the recording" }).isEnabled()).toBe(true);
  });

  it("takes a FLAC file that is dropped on it", async () => {
    await drop(clip.flac);
    await page.getByRole("status").filter({ hasText: "This is speech.flac" }).waitFor();
    expect(await page.getByRole("button", { name: "Hear the recording" }).isEnabled()).toBe(true);
  });

  it.each([".mel", ".npy"])(
    "takes a %s file that is dropped on it, which has no recording",
    async (ending) => {
      await drop(join(root, `data/speech${ending}`));
      await page
        .getByRole("status")
        .filter({ hasText: `This is speech${ending}` })
        .waitFor();
      expect(await page.locator("#status").textContent()).toContain("403 frames of 80 bands");
      expect(await page.getByRole("button", { name: "Hear the recording" }).isEnabled()).toBe(false);
    },
  );

  it("refuses a file of another kind that is dropped on it, and keeps the mel that it has", async () => {
    await drop(join(root, "package.json"));
    await page.getByRole("alert").filter({ hasText: "no mel" }).waitFor();
    expect(await page.locator("button[name=speak]").isEnabled()).toBe(true);
  });

  it("takes a file that the keyboard has asked for", async () => {
    const choosing = page.waitForEvent("filechooser");
    await page.locator("input[type=file]").focus();
    await page.keyboard.press("Enter");
    await (await choosing).setFiles(clip.mel);
    await page.getByRole("status").filter({ hasText: "This is speech.mel" }).waitFor();
  });

  it("saves a WAV file with the samples that Node makes", async () => {
    const path = await speakAndSave();
    const bytes = readFileSync(path);
    const { samples, sampleRate } = await readRecording(path);
    expect(sampleRate).toBe(22_050);
    // 44 bytes of header: RIFF, fmt, data, 16-bit mono
    expect(bytes.length).toBe(44 + 2 * samples.length);
    expect(bytes.readUInt16LE(22)).toBe(1);
    expect(bytes.readUInt16LE(34)).toBe(16);
    expect(largestDifference(samples, (await fromNode()).samples)).toBeLessThan(1e-3);
  });

  it.each([300, -300])("speaks higher or lower where the voice is shifted by %i cents", async (cents) => {
    await takeClip();
    const pitchAt = async (shift: number): Promise<number> => {
      await moveSlider(page, "mel-shift", shift);
      const { samples, sampleRate } = await readRecording(await speakAndSave());
      return medianPitch(samples, sampleRate);
    };
    const moved = 1200 * Math.log2((await pitchAt(cents)) / (await pitchAt(0)));
    // a semitone is 100
    expect(Math.abs(moved - cents)).toBeLessThan(60);
  });

  it("shifts the start's pitch as Node does, and the mel's own pitch stays", async () => {
    await takeClip();
    await moveSlider(page, "shift", 300);
    const shifted = await readRecording(await speakAndSave());
    await moveSlider(page, "shift", 0);
    const plain = await readRecording(await speakAndSave());
    const { samples } = await fromNode({ pitchShift: 300 });
    expect(largestDifference(shifted.samples, samples)).toBeLessThan(1e-3);
    expect(largestDifference(plain.samples, samples)).toBeGreaterThan(1e-2);
    const pitches = [shifted, plain].map((each) => medianPitch(each.samples, each.sampleRate));
    const [raised, own] = await Promise.all(pitches);
    expect(Math.abs(1200 * Math.log2(raised / own))).toBeLessThan(50);
  });

  it("records from the microphone, and speaks what it heard", async () => {
    await page.getByRole("button", { name: "Record your voice" }).click();
    await page.getByRole("button", { name: "Stop recording" }).waitFor();
    await page.waitForTimeout(2500);
    await page.getByRole("button", { name: "Stop recording" }).click();
    await page.getByRole("status").filter({ hasText: "This is your recording" }).waitFor();
    expect(await page.getByRole("button", { name: "Hear the recording" }).isEnabled()).toBe(true);
    const { samples, sampleRate } = await readRecording(await speakAndSave());
    expect(samples.length / sampleRate).toBeGreaterThan(1);
    expect(Math.abs((await medianPitch(samples, sampleRate)) / 220 - 1)).toBeLessThan(0.03);
  });

  it("changes from recording to speech at the same spot by the space bar", async () => {
    await takeClip();
    await speakAndSave();
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    const canvas = page.locator("#mel canvas");
    await canvas.scrollIntoViewIfNeeded();
    const box = (await canvas.boundingBox())!;
    await canvas.click({ position: { x: box.width / 2, y: box.height / 2 } });
    const pressed = (name: string): Promise<string | null> =>
      page.getByRole("button", { name }).getAttribute("aria-pressed");
    const cursor = async (): Promise<number> => (await page.locator("#mel .cursor").boundingBox())!.x - box.x;
    const begin = await cursor();
    expect(begin).toBeGreaterThan(0.45 * box.width);
    await page.locator("h1").click();
    await page.keyboard.press("Space");
    expect(await pressed("Hear the recording")).toBe("true");
    await page.keyboard.press("Space");
    expect(await pressed("Hear the speech")).toBe("true");
    const changed = await cursor();
    // it went on from there, and did not begin anew
    expect(changed).toBeGreaterThan(begin - 1);
    expect(changed).toBeLessThan(box.width);
    await page.getByRole("button", { name: "Stop", exact: true }).click();
  });

  it("has had no fault", () => {
    expect(faults).toEqual([]);
  });
});
