// `vocode pitch` as a person runs it.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parsePitchTrack } from "../../src/audio/pitch-track.js";
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

  it.each(["npy", "csv"])("writes the pitch as .%s, which a synthesis takes", async (ending) => {
    const pitch = file(`pitch.${ending}`);
    expect(await runCli(["pitch", file("voice.wav"), pitch])).toMatchObject({ code: 0 });
    const hertz = parsePitchTrack(readFileSync(pitch));
    expect(hertz).toHaveLength(172);
    expect(Math.abs(hertz[86] - 150)).toBeLessThan(1);
    expect(hertz[5]).toBe(0);
    const process = ["--checkpoint", file("harmonic"), "--steps", "1", "--refine", "0"];
    const out = file(`${ending}.wav`);
    const run = await runCli([file("voice.wav"), out, ...process, "--pitch", pitch, "--shift", "-50"]);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toContain("a harmonic start at λ 0.0 with the pitch given, −50 cents");
    expect(run.stderr).toContain("harmonics that can be seen in the mel stay where they are");
    expect(readFileSync(out).length).toBe(44 + 2 * 44100);
  });

  it("measures in the frames of the format asked for", async () => {
    const pitch = file("pitch-24k.npy");
    const run = await runCli(["pitch", file("voice.wav"), pitch, "--format", "vocos-24k-100"]);
    expect(run).toMatchObject({ code: 0 });
    // centred on multiples of the hop: the voice begins at 0.5 s
    const hertz = parsePitchTrack(readFileSync(pitch));
    expect(hertz).toHaveLength(1 + Math.floor(48000 / 256));
    const first = hertz.findIndex((value) => value > 0);
    expect(Math.abs((first * 256) / 24000 - 0.5)).toBeLessThan(0.03);
  });

  it.each([
    [["pitch.wav"], [], /written as \.npy or \.csv/],
    [["voice.wav"], [], /\.npy or \.csv/],
    [["p.npy"], ["--format", "vocos", "--checkpoint", "x"], /--format says in whose frames/],
  ])("refuses the output %j with %j, and writes nothing", async (outputs, more, message) => {
    const run = await runCli(["pitch", file("voice.wav"), ...outputs.map(file), ...more]);
    expect(run.stderr).toMatch(message);
    expect(run.code).toBe(2);
    expect(existsSync(file("p.npy"))).toBe(false);
  });

  it("is refused by a synthesis where it is none of the mel's", async () => {
    const run = (...more: string[]): ReturnType<typeof runCli> =>
      runCli([file("voice.wav"), file("none.wav"), "--checkpoint", file("harmonic"), ...more]);
    writeFileSync(file("short.csv"), "150\n".repeat(170));
    const short = await run("--pitch", file("short.csv"));
    expect(short.stderr).toMatch(/170 values and the mel (at least )?17\d frames.*one value a frame/);
    writeFileSync(file("notes.csv"), "19\n".repeat(172));
    expect((await run("--pitch", file("notes.csv"))).stderr).toMatch(/frame 0 is 19.*turn logarithms/);
    expect((await run("--pitch", file("missing.csv"))).stderr).toMatch(/missing\.csv' does not exist/);
    expect((await run("--shift", "3000")).stderr).toMatch(/3000; it takes cents/);
    expect((await run("--shift", "100", "--start", "noise")).stderr).toMatch(/Leave one of them out/);
    const several = await runCli([file("voice.wav"), folder, folder, "--pitch", file("short.csv")]);
    expect(several.stderr).toMatch(/--pitch is the pitch of one input/);
    expect(short.code).toBe(2);
    expect(existsSync(file("none.wav"))).toBe(false);
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
