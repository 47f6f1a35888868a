import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { computeMel } from "../../src/mel/analysis.js";
import type { Mel } from "../../src/mel/format.js";
import { findPreset } from "../../src/mel/presets.js";
import { writeMel } from "../../src/host/node/mel-files.js";
import { readRecording } from "../../src/host/node/recordings.js";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { encodeNpy } from "../../src/formats/npy.js";
import { audioFixture } from "../support/audio-fixtures.js";
import { clipSamples } from "../support/mel-reference.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { runCli } from "../support/run-cli.js";

const program = fileURLToPath(new URL("../../bin/vocode.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const checkpoint = join(folder, "checkpoint");
const fast = ["--checkpoint", checkpoint, "--steps", "1", "--refine", "1"];
const wav = join(folder, "whole.wav");
let mel: Mel;

beforeAll(async () => {
  await saveCheckpoint(checkpoint, randomCheckpoint(), "random");
  mel = computeMel(clipSamples("speech_22k"), findPreset("hifigan-22k-80"));
  await writeMel(join(folder, "speech.mel"), mel);
  expect((await runCli([join(folder, "speech.mel"), wav, ...fast])).code).toBe(0);
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Piped {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Bytes that came before stdin was closed. */
  readonly early: number;
}

/** Runs the command line with bytes on stdin; `patience` ms pass before stdin is closed. */
async function piped(args: readonly string[], pieces: readonly Uint8Array[], patience = 0): Promise<Piped> {
  const child = spawn(process.execPath, [program, ...args]);
  const parts: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => undefined);
  for (const piece of pieces) child.stdin.write(piece);
  const count = (): number => parts.reduce((sum, part) => sum + part.length, 0);
  for (let waited = 0; waited < patience && count() < 1000; waited += 50) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const early = count();
  child.stdin.end();
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout: Buffer.concat(parts), stderr, early };
}

function bytes(line: string, values?: Float32Array): Uint8Array[] {
  return [Buffer.from(`${line}\n`), new Uint8Array((values ?? mel.values).slice().buffer)];
}

describe("vocode - -", () => {
  it("says that there is no such voice while the frames are still to come, and ends", async () => {
    const child = spawn(process.execPath, [
      program,
      "-",
      join(folder, "never.wav"),
      "--voice",
      "no-such-voice",
    ]);
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // stdin stays open
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(2);
    expect(stderr).toContain("no folder 'no-such-voice'");
  });

  it("writes the file's samples as the frames come", async () => {
    const [line, frames] = bytes("{}");
    const cut = [line, frames.subarray(0, 4001), frames.subarray(4001)];
    const { code, stdout, stderr, early } = await piped(["-", "-", "--tile", "32", ...fast], cut, 30_000);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(early).toBeGreaterThan(1000);
    expect(stderr).toMatch(/sound comes \d\.\d\d s \(\d+ frames\) and a tile behind the mel/);
    expect(stderr).toMatch(/first sound after \d+\.\d\d s/);
    const whole = readFileSync(wav);
    expect(stdout.subarray(0, 4).toString()).toBe("RIFF");
    expect(stdout.readUInt32LE(40)).toBe(2 ** 32 - 1);
    expect(stdout).toHaveLength(whole.length);
    let largest = 0;
    for (let at = 44; at < whole.length; at += 2) {
      largest = Math.max(largest, Math.abs(whole.readInt16LE(at) - stdout.readInt16LE(at)));
    }
    // float32 to 1e-4; rounded to 16 bits, a sample may fall on the other side
    expect(largest).toBeLessThanOrEqual(3);
  });

  it("reads a mel file too, whatever pieces it comes in", async () => {
    const file = readFileSync(join(folder, "speech.mel"));
    const npy = encodeNpy([mel.frames, 80], mel.values);
    for (const whole of [file, npy]) {
      const pieces = [whole.subarray(0, 3), whole.subarray(3, 5000), whole.subarray(5000)];
      const { code, stdout, stderr } = await piped(["-", "-", ...fast], pieces);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      const samples = readFileSync(wav).subarray(44);
      expect(stdout.subarray(44)).toHaveLength(samples.length);
    }
  });

  it("writes raw samples, and takes a format that the line states", async () => {
    const decibels = mel.values.map((value) => (value * 20) / Math.LN10);
    const { code, stdout, stderr } = await piped(
      ["-", "-", "--raw", "--bit-depth", "32", "--json", ...fast],
      bytes('{"preset": "hifigan-22k-80", "log": "db"}', decibels),
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/converted from db to ln/);
    expect(stderr).toMatch(/"firstSoundSeconds":/);
    expect(stdout).toHaveLength(mel.frames * 256 * 4);
  });

  it("writes a file from a pipe", async () => {
    const out = join(folder, "piped.wav");
    expect((await piped(["-", out, ...fast], bytes('{"bands": 80}'))).code).toBe(0);
    expect((await readRecording(out)).samples).toHaveLength(mel.frames * 256);
  });

  // a limit on the size of files gives the short write of a full disk; stdout is a file here, where Node takes one for whole
  it.skipIf(process.platform === "win32")(
    "says so where a file that stdout leads to ends early",
    async () => {
      const args = [join(folder, "speech.mel"), "-", ...fast].map((arg) => `"${arg}"`).join(" ");
      const command = `ulimit -f 16; exec "${process.execPath}" "${program}" ${args} > "${join(folder, "cut.wav")}"`;
      const child = spawn("sh", ["-c", command]);
      let stderr = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      expect(await new Promise((resolve) => child.on("close", resolve))).toBe(2);
      expect(stderr).toMatch(/could not be written: it would exceed the largest file size/);
    },
  );

  it.each<[string, () => Uint8Array[], RegExp]>([
    ["nothing", () => [], /The pipe is empty/],
    ["a recording", () => [readFileSync(audioFixture("speech.wav"))], /what comes is a recording/],
    ["other bands", () => bytes('{"bands": 100}'), /have 100 bands, and 80 are expected/],
    ["another format", () => bytes('{"preset": "bigvgan-24k-100"}'), /sample rate of 24000 Hz/],
    ["half a frame", () => [...bytes("{}"), new Uint8Array(7)], /within frame \d+: 7 of its 320 bytes/],
    ["NaN", () => bytes("{}", new Float32Array(80).fill(NaN)), /Frame 0 of the mel holds values that are no/],
  ])("refuses %s, and leaves no file", async (_, pieces, message) => {
    const out = join(folder, "refused.wav");
    const { code, stderr } = await piped(["-", out, ...fast], pieces());
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(existsSync(out)).toBe(false);
  });
});
