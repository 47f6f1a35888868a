import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { writeMel } from "../../src/host/node/mel-files.js";
import { findPreset } from "../../src/mel/presets.js";
import { encodeNpy, parseNpy } from "../../src/formats/npy.js";
import { flacBytes } from "../support/flac-bytes.js";
import { runCli } from "../support/run-cli.js";

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
const speechWav = `${fixtures}mel/speech_22k.wav`;
const speechNpy = `${fixtures}mel/speech_22k.hifigan-22k-80.npy`;

function temporaryPath(name: string): string {
  return join(mkdtempSync(join(tmpdir(), "vocode-")), name);
}

describe("vocode info", () => {
  it("lists the voices that come with vocode where nothing is named, and takes their names", async () => {
    const all = JSON.parse((await runCli(["info", "--json"])).stdout) as { file: string; preset: string }[];
    expect(all[0]).toMatchObject({ file: "speech-22k", kind: "checkpoint", preset: "hifigan-22k-80" });
    expect(JSON.parse((await runCli(["info", "speech-22k", "--json"])).stdout)).toEqual([all[0]]);
  });

  it("describes several files of any kind", async () => {
    const path = temporaryPath("speech.mel");
    const format = findPreset("bigvgan-24k-100");
    const values = Float32Array.from({ length: 1000 }, (_, i) => -5 + 3 * Math.sin(i));
    await writeMel(path, { frames: 10, format, values });
    const { stdout, stderr, code } = await runCli([
      "info",
      speechWav,
      speechNpy,
      path,
      `${fixtures}safetensors/mixed.safetensors`,
    ]);
    expect([stderr, code]).toEqual(["", 0]);
    expect(stdout).toContain(
      "WAV, 16-bit integer, mono, 22050 Hz, 3.00 s\n  level     peak −11.2 dBFS, RMS −29.1 dBFS",
    );
    expect(stdout).toContain(
      "NumPy array, float32, [80, 258]\n  length    258 frames of 80 bands, [bands, frames]",
    );
    expect(stdout).toContain("the bands fit hifigan-22k-80, tacotron2-22k-80");
    expect(stdout).toContain("they look like natural logarithms (--mel-format ln)");
    expect(stdout).toContain(
      "mel, F32, [10, 100]\n  length    10 frames of 100 bands, [frames, bands], 0.11 s\n",
    );
    expect(stdout).toContain("format    bigvgan-24k-100: 24000 Hz, FFT 1024");
    expect(stdout).toContain("safetensors, 7 tensors, 52 values");
  });

  it("says of channels whether their mean or the left one alone is measured", async () => {
    const [usual, opposite] = [1, -1].map((sign) => {
      const values = Array.from({ length: 8000 }, (_, n) => Math.round(9000 * Math.sin(n / 7)));
      const path = temporaryPath("stereo.wav");
      writeFileSync(path, flacBytes([values, values.map((value) => sign * value)], { sampleRate: 8000 }));
      return path;
    });
    const { stdout } = await runCli(["info", usual, opposite]);
    expect(stdout).toContain("2 channels, averaged below, 8000 Hz");
    expect(stdout).toContain("2 channels, the left one alone below, 8000 Hz");
    expect(stdout.match(/averaged/g)).toHaveLength(1);
    // both have the level of what they hold
    expect(stdout.match(/peak −11\.2 dBFS/g)).toHaveLength(2);
  });

  it("prints JSON with the measured figures", async () => {
    const { stdout } = await runCli(["info", "--json", speechWav, speechNpy]);
    expect(JSON.parse(stdout)).toMatchObject([
      { file: speechWav, kind: "recording", sampleRate: 22050, seconds: 3, clippedSamples: 0, remarks: [] },
      { file: speechNpy, kind: "mel", container: "npy", layout: "bands-first", frames: 258, looksLike: "ln" },
    ]);
  });

  it("says what is odd about a mel", async () => {
    const path = temporaryPath("odd.npy");
    const { shape, data } = parseNpy(readFileSync(speechNpy));
    const values = data.map((value) => Math.exp(value));
    values[259] = NaN;
    writeFileSync(path, encodeNpy(shape, values));
    const { stdout } = await runCli(["info", path]);
    expect(stdout).toContain("! 1 of its 20640 values is no number; the first is NaN in frame 1, band 1.");
    expect(stdout).toContain("they look like linear magnitudes");
  });

  it("describes the other files where one cannot be used, and ends with code 2", async () => {
    const files = [speechNpy, "missing.npy", speechWav];
    const text = await runCli(["info", ...files]);
    expect(text.stdout).toMatch(/^[^\n]*speech_22k.hifigan-22k-80.npy\n[^]*\n\n[^\n]*speech_22k.wav\n/);
    expect(text.stderr).toContain("1 of 3 files could not be used:\n  'missing.npy' does not exist.");
    const json = await runCli(["info", "--json", ...files]);
    expect([text.code, json.code]).toEqual([2, 2]);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { file: speechNpy, kind: "mel" },
      { file: speechWav, kind: "recording" },
      { file: "missing.npy", error: "'missing.npy' does not exist. Check the path." },
    ]);
  });

  it.each([
    [["missing.wav"], "'missing.wav' does not exist"],
    [["."], "'.' is a folder, and a file was expected"],
    [["package.json"], "'package.json' is nothing that vocode reads"],
    [[`${fixtures}npy/integers.npy`], "holds 64-bit integers"],
    [
      ["missing.npy", "package.json"],
      "2 of 2 files could not be used:\n  'missing.npy' does not exist. Check the path.\n  'package.json' is nothing",
    ],
  ])("ends with code 2 and a sentence for %j", async (files, words) => {
    const { stdout, stderr, code } = await runCli(["info", ...files]);
    expect([stdout, code]).toEqual(["", 2]);
    expect(stderr).toContain(words);
  });
});
