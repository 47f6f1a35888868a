// `vocode convert` as a person runs it, and a voice that is told another format.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { parseMel } from "../../src/mel/file.js";
import { findPreset } from "../../src/mel/presets.js";
import { audioFixture } from "../support/audio-fixtures.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-convert-"));
const file = (name: string): string => join(folder, name);
const hifigan = findPreset("hifigan-22k-80");

beforeAll(async () => {
  await saveCheckpoint(file("voice"), randomCheckpoint(), "random");
  for (const name of ["f5.npy", "f5.mel"])
    await runCli(["mel", audioFixture("speech.wav"), file(name), "--format", "f5-24k-100"]);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("vocode convert", () => {
  it("writes the mel in the other format, and says what it costs", async () => {
    const args = [
      "convert",
      file("f5.npy"),
      file("out.mel"),
      "--from",
      "f5-24k-100",
      "--to",
      "hifigan-22k-80",
    ];
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/out\.mel: \d+ frames of 80 bands\nhifigan-22k-80: 22050 Hz/);
    expect(stderr).toMatch(/Converted there and back it is off by 0\.\d+/);
    expect(stderr).toContain("What it holds from 8000 to 12000 Hz was dropped.");
    const { mel, source } = parseMel(readFileSync(file("out.mel")), { expected: hifigan });
    expect(source.format).toEqual(hifigan);
    const json = ["convert", file("f5.mel"), file("out.npy"), "--to", "hifigan-22k-80", "--json", "--quiet"];
    const result = JSON.parse((await runCli(json)).stdout) as { frames: number; loss: number };
    expect(result).toMatchObject({ frames: mel.frames, preset: "hifigan-22k-80" });
    expect(result.loss).toBeGreaterThan(0);
    // [bands, frames]
    const { mel: other } = parseMel(readFileSync(file("out.npy")), { expected: hifigan });
    expect(other.values).toEqual(mel.values);
  });

  it.each([
    ["no format", ["f5.npy", "no.mel", "--to", "hifigan-22k-80"], /does not state its mel's format.*--from/],
    [
      "two formats",
      ["f5.mel", "no.mel", "--from", "vocos", "--to", "hifigan-22k-80"],
      /another format than --from/,
    ],
    ["another ending", ["f5.mel", "no.wav", "--to", "hifigan-22k-80"], /written as \.mel or \.npy/],
    ["its own input", ["f5.mel", "f5.mel", "--to", "hifigan-22k-80"], /would replace/],
    ["a wrong format", ["f5.npy", "no.mel", "--from", "hifigan-22k-80", "--to", "f5-24k-100"], /80 bands/],
  ])("refuses %s, and writes nothing", async (_, [input, output, ...options], message) => {
    const before = readFileSync(file("f5.mel"));
    const { code, stderr } = await runCli(["convert", file(input), file(output), ...options]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(file("no.mel"))).toBe(false);
    expect(readFileSync(file("f5.mel"))).toEqual(before);
  });
});

describe("a voice", () => {
  const process = (): string[] => ["--checkpoint", file("voice"), "--steps", "1", "--refine", "0"];

  it.each(["f5.npy", "f5.mel"])("takes %s of another format where it is named", async (name) => {
    const run = await runCli([file(name), file("a.wav"), ...process(), "--mel-format", "f5-24k-100"]);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toMatch(/converted from f5-24k-100 to hifigan-22k-80/);
  });

  it("refuses it where it is not, and names the way", async () => {
    const run = await runCli([file("f5.mel"), file("b.wav"), ...process()]);
    expect(run.stderr).toMatch(/have it converted, with what that costs: --mel-format f5-24k-100/);
    expect(run.code).toBe(2);
    expect(existsSync(file("b.wav"))).toBe(false);
  });
});
