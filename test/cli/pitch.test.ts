// `vocode pitch` as a person runs it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { harmonicCheckpoint, randomCheckpoint } from "../support/random-checkpoint.js";
import { runCli } from "../support/run-cli.js";
import { wavBytes } from "../support/wav-bytes.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-pitch-"));
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  // half a second of silence, one of a 150 Hz voice, half a second of silence
  const samples = Int16Array.from({ length: 44100 }, (_, n) => {
    if (n < 11025 || n >= 33075) return 0;
    let sum = 0;
    for (let k = 1; k <= 30; k++) sum += Math.cos((2 * Math.PI * 150 * k * n) / 22050);
    return 900 * sum;
  });
  writeFileSync(file("voice.wav"), wavBytes({ data: new Uint8Array(samples.buffer), sampleRate: 22050 }));
  await saveCheckpoint(file("harmonic"), harmonicCheckpoint(), "random");
  await saveCheckpoint(file("plain"), randomCheckpoint(), "random");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("vocode pitch", () => {
  it("measures a recording, and draws it", async () => {
    const picture = file("pitch.png");
    const { code, stdout, stderr } = await runCli(["pitch", file("voice.wav"), "--picture", picture]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const [head, row, ...more] = stdout.trim().split("\n");
    expect(head).toMatch(/^from s +to s +F0 Hz/);
    expect(more).toHaveLength(0);
    const [from, to, hertz] = row.trim().split(/ +/).map(Number);
    expect(Math.abs(from - 0.5)).toBeLessThan(0.05);
    expect(Math.abs(to - 1.5)).toBeLessThan(0.05);
    expect(Math.abs(1200 * Math.log2(hertz / 150))).toBeLessThan(5);
    expect(stderr).toMatch(/2\.00 s, 5\d % voiced; F0 150 Hz in the median/);
    expect(readFileSync(picture).subarray(1, 4).toString("latin1")).toBe("PNG");
  });

  it("reads a mel with a checkpoint's model", async () => {
    await runCli(["mel", file("voice.wav"), file("voice.mel")]);
    const run = await runCli(["pitch", file("voice.mel"), "--checkpoint", file("harmonic"), "--json"]);
    expect(run).toMatchObject({ code: 0 });
    const result = JSON.parse(run.stdout) as { hertz: number[]; bandVoicing: number[][]; source: string };
    expect(result.source).toBe("excitation model");
    expect(result.hertz).toHaveLength(172);
    // a model that learned nothing says something all the same, within the pitches that it knows
    expect(result.hertz.every((hertz) => hertz === 0 || (hertz >= 55 && hertz < 555))).toBe(true);
    expect(result.bandVoicing[100]).toHaveLength(5);
  });

  it("refuses a checkpoint without the model, with the way out", async () => {
    const run = await runCli(["pitch", file("voice.wav"), "--checkpoint", file("plain")]);
    expect(run.stderr).toMatch(/no excitation model.*vocode train --excitation-steps/);
    expect(run).toMatchObject({ code: 2, stdout: "" });
  });
});
