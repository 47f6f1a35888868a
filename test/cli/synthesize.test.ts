import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { computeMel } from "../../src/mel/analysis.js";
import { findPreset } from "../../src/mel/presets.js";
import { writeMel } from "../../src/host/node/mel-files.js";
import { readRecording } from "../../src/host/node/recordings.js";
import { audioFixture } from "../support/audio-fixtures.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const melPath = join(folder, "speech.mel");
const format = findPreset("hifigan-22k-80");
let frames: number;

beforeAll(async () => {
  const { samples } = await readRecording(audioFixture("speech.wav"));
  const mel = computeMel(samples, format);
  frames = mel.frames;
  await writeMel(melPath, mel);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function output(name: string): string {
  return join(folder, name);
}

/** Mean absolute difference of two log-mels. */
function distance(first: Float32Array, second: Float32Array): number {
  return first.reduce((sum, value, i) => sum + Math.abs(value - second[i]), 0) / first.length;
}

describe("vocode <mel> <wav>", () => {
  it("makes speech that has the mel", async () => {
    const wav = output("speech.wav");
    const { code, stdout, stderr } = await runCli([melPath, wav]);
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(
      /^speech-22k: 2 steps of dpmpp-2m on tuned-2 from a harmonic start at λ −0\.3, 0 mel corrections, seed 1/,
    );
    expect(stderr).toMatch(/× real time/);
    expect(stderr).toMatch(/mel within 0\.\d+ of the one given .*; peak −\d+\.\d dBFS, nothing clipped/);
    const { samples, sampleRate } = await readRecording(wav);
    expect(sampleRate).toBe(22050);
    expect(samples).toHaveLength(frames * 256);
    const original = computeMel((await readRecording(audioFixture("speech.wav"))).samples, format);
    // a voice that was not trained on comes back within 0.2 nepers a band; silence or noise lies far beyond 1
    expect(distance(computeMel(samples, format).values, original.values)).toBeLessThan(0.25);
  });

  it("copies a recording at its own length, and the same seed gives the same file", async () => {
    const [first, second, other] = ["a.wav", "b.wav", "c.wav"].map(output);
    const short = ["--steps", "2", "--refine", "1"];
    for (const wav of [first, second]) {
      expect((await runCli([audioFixture("speech.flac"), wav, ...short, "--seed", "7"])).code).toBe(0);
    }
    expect((await runCli([audioFixture("speech.flac"), other, ...short, "--seed", "8"])).code).toBe(0);
    expect(readFileSync(first)).toEqual(readFileSync(second));
    expect(readFileSync(first)).not.toEqual(readFileSync(other));
    const length = (await readRecording(audioFixture("speech.flac"))).samples.length;
    expect((await readRecording(first)).samples).toHaveLength(length);
  });

  it("reports in JSON", async () => {
    const { code, stdout, stderr } = await runCli([
      melPath,
      output("d.wav"),
      "--steps",
      "1",
      "--json",
      "--quiet",
    ]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      steps: 1,
      start: "harmonic",
      refine: 0,
      sampler: "dpmpp-2m",
      engine: "graph",
      clippedSamples: 0,
    });
    expect(report["melDifference"]).toBeGreaterThan(0);
    expect(report["melDifference"]).toBeLessThan(0.4);
    expect(report["realTimeFactor"]).toBeGreaterThan(0);
  });

  it.each([
    ["a mel of other bands", "bands", /100/],
    ["a text file", "text", /mel/],
    ["a missing file", "missing", /does not exist/],
  ])("refuses %s, and leaves no file", async (_, kind, message) => {
    const input = output(`${kind}.mel`);
    if (kind === "bands") {
      const values = new Float32Array(50 * 100).fill(-5).map((value, i) => value + (i % 7));
      await writeMel(input, { frames: 50, format: findPreset("bigvgan-24k-100"), values });
    }
    if (kind === "text") writeFileSync(input, "not a mel\n");
    const wav = output(`${kind}.wav`);
    const { code, stderr } = await runCli([input, wav]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(existsSync(wav)).toBe(false);
  });

  it("refuses an output that is not named like a WAV file, before the model is loaded", async () => {
    const mp3 = output("speech.mp3");
    const { code, stderr } = await runCli([melPath, mp3, "--checkpoint", output("nowhere")]);
    expect(code).toBe(2);
    expect(stderr).toContain(`'${mp3}' ends in .mp3. Name it '${output("speech.wav")}'`);
    expect(existsSync(mp3)).toBe(false);
  });

  it("draws the mels of both ends", async () => {
    const picture = output("f.svg");
    const few = ["--steps", "1", "--refine", "0", "--picture", picture];
    expect((await runCli([melPath, output("f.wav"), ...few])).code).toBe(0);
    expect(readFileSync(picture, "utf8")).toMatch(/the mel given.*the mel made/s);
  });

  it("refuses to write over its input, and a checkpoint that is none", async () => {
    expect(await runCli([melPath, melPath])).toMatchObject({ code: 2 });
    const wrong = await runCli([melPath, output("e.wav"), "--checkpoint", folder]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/config\.json/);
  });
});
