// `vocode mel` as a person runs it: files and folders in, mel files out, and what it says when something is wrong.
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readMel } from "../../src/host/node/mel-files.js";
import { findPreset } from "../../src/mel/presets.js";
import { computeMel } from "../../src/mel/analysis.js";
import { parseNpy } from "../../src/formats/npy.js";
import { clipSamples, melFixtures, referenceValues } from "../support/mel-reference.js";
import { runCli, type CliRun } from "../support/run-cli.js";

const hifigan = findPreset("hifigan-22k-80");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vocode-mel-"));
  await copyFile(join(melFixtures, "speech_22k.wav"), join(folder, "speech.wav"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function mel(...args: string[]): Promise<CliRun> {
  return runCli(["mel", ...args], { cwd: folder });
}

describe("vocode mel of a recording", () => {
  it("writes a .mel beside it, with the values of computeMel and its format", async () => {
    const run = await mel("speech.wav");
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toContain("speech.mel: 258 frames of 80 bands, 3.00 s, −10.13 to −0.54 (ln)");
    expect(run.stdout).toContain("hifigan-22k-80: 22050 Hz, FFT 1024");
    const written = await readMel(join(folder, "speech.mel"), { expected: hifigan });
    expect(written.mel).toEqual(computeMel(clipSamples("speech_22k"), hifigan));
  });

  it("writes a .npy as librosa's own values, [bands, frames]", async () => {
    expect((await mel("speech.wav", "out.npy", "--quiet")).code).toBe(0);
    const { shape, data } = parseNpy(await readFile(join(folder, "out.npy")));
    const expected = referenceValues("speech_22k.hifigan-22k-80");
    expect(shape).toEqual([expected.rows, expected.columns]);
    const wrong = data.findIndex((value, i) => {
      return !(Math.abs(value - expected.at(Math.floor(i / shape[1]), i % shape[1])) <= 1e-5);
    });
    expect(wrong).toBe(-1);
  });

  it("resamples to the format's rate with a note, draws, and reports in JSON", async () => {
    const run = await mel(
      "speech.wav",
      "m.mel",
      "--format",
      "bigvgan-24k-100,log=db",
      "--picture",
      "m.png",
      "--json",
    );
    expect(run.code).toBe(0);
    expect(run.stderr).toContain("Resampled from 22050 Hz to the format's 24000 Hz.");
    expect(run.stderr).toContain("holds nothing above 11025 Hz");
    expect(JSON.parse(run.stdout)).toMatchObject({
      output: "m.mel",
      sampleRate: 22050,
      frames: 281,
      bands: 100,
      preset: null,
      format: { sampleRate: 24000, log: "db" },
      clippedSamples: 0,
    });
    const picture = await readFile(join(folder, "m.png"));
    expect(picture.subarray(1, 4).toString("latin1")).toBe("PNG");
  });

  it("notes clipping, and says nothing with --quiet", async () => {
    await copyFile(join(melFixtures, "edge_fullscale_square_22k.wav"), join(folder, "loud.wav"));
    expect((await mel("loud.wav")).stderr).toContain("2560 samples (100 %) are cut off at full scale");
    expect((await mel("loud.wav", "--quiet")).stderr).toBe("");
  });

  it("notes a mel that is silent", async () => {
    await copyFile(join(melFixtures, "edge_silence_22k.wav"), join(folder, "silence.wav"));
    expect((await mel("silence.wav")).stderr).toContain("Its mel is silent throughout");
    expect((await mel("speech.wav")).stderr).toBe("");
  });

  it("notes bands that the format leaves empty", async () => {
    const run = await mel("speech.wav", "--format", "bands=600");
    expect(run.stderr).toMatch(/^\d+ of the format's 600 bands are narrower than the FFT can tell apart/);
    expect(run.code).toBe(0);
  });

  it.each([
    [["none.wav"], "'none.wav' does not exist"],
    [["speech.wav", "out.wav"], "'out.wav' ends in neither"],
    [["speech.wav", "nowhere/out.mel"], "There is no folder 'nowhere'"],
    [["speech.wav", "--format", "hifigan"], "There is no mel format named 'hifigan'"],
    [["speech.wav", "--format", "hop=0"], 'hopLength is "0"'],
    [["broken.wav"], "vocode: "],
    [["short.wav"], "too few for one mel frame"],
    [["speech.wav", "m.mel", "--picture", "m.gif"], "'m.gif' ends in neither"],
    [["speech.wav", "m.mel", "--picture", "nowhere/m.png"], "There is no folder 'nowhere'"],
    [["alike.mel"], "would replace the recording"],
    [[], "missing required argument 'input'"],
  ])("refuses %j with a sentence, exit code 2 and no file", async (args, message) => {
    await writeFile(join(folder, "broken.wav"), "RIFF nonsense");
    await copyFile(join(folder, "speech.wav"), join(folder, "alike.mel"));
    const speech = await readFile(join(folder, "speech.wav"));
    // a WAV file of 100 samples: the sizes stand at bytes 4 and 40
    const short = Buffer.from(speech.subarray(0, 44 + 200));
    short.writeUInt32LE(short.length - 8, 4);
    short.writeUInt32LE(200, 40);
    await writeFile(join(folder, "short.wav"), short);
    const before = await readdir(folder);
    const run = await mel(...args);
    expect(run.stderr).toContain(message);
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(await readdir(folder)).toEqual(before);
  });
});

describe("vocode mel of a folder", () => {
  beforeEach(async () => {
    await mkdir(join(folder, "wavs", "deep"), { recursive: true });
    await copyFile(join(folder, "speech.wav"), join(folder, "wavs", "a.wav"));
    await copyFile(join(melFixtures, "impulse_22k.wav"), join(folder, "wavs", "deep", "b.wav"));
  });

  it("writes a mel for each recording at its place in the output folder", async () => {
    const run = await mel("wavs", "out/mels");
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toMatch(/^out\/mels: 2 mels, 277 frames, 3\.2 s of audio in/);
    const written = await readMel(join(folder, "out", "mels", "deep", "b.mel"), {
      expected: hifigan,
      trust: true,
    });
    expect(written.mel).toEqual(computeMel(clipSamples("impulse_22k"), hifigan));
  });

  it("goes on after a broken recording, names it, and ends with exit code 2", async () => {
    await writeFile(join(folder, "wavs", "aa.wav"), "no sound");
    const run = await mel("wavs", "mels", "--json");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("1 of 3 recordings could not be used:\n  'wavs/aa.wav' cannot be used");
    const report = JSON.parse(run.stdout) as { mels: { output: string }[]; failures: { input: string }[] };
    expect(report.mels.map(({ output }) => output)).toEqual(["mels/a.mel", "mels/deep/b.mel"]);
    expect(report.failures.map(({ input }) => input)).toEqual(["wavs/aa.wav"]);
    expect(await readdir(join(folder, "mels"))).toEqual(["a.mel", "deep"]);
  });

  it.each([
    [["wavs"], "name one for its mels"],
    [["wavs", "wavs"], "would lie among the recordings"],
    [["wavs", "out.mel"], "is named like a file"],
    [["wavs", "speech.wav"], "'speech.wav' is a file, and a folder was expected"],
    [["wavs", "speech.wav/mels"], "lies below something that is a file"],
    [["wavs", "mels", "--picture", "m.png"], "--picture draws the mel of one recording"],
    [["empty", "mels"], "holds no recordings"],
    [["twins", "mels"], "'a.flac' and 'a.wav' in 'twins' would both become 'a.mel'"],
  ])("refuses %j with a sentence, exit code 2 and no folder", async (args, message) => {
    await mkdir(join(folder, "empty"));
    await mkdir(join(folder, "twins"));
    for (const name of ["a.wav", "a.flac"]) await writeFile(join(folder, "twins", name), "");
    const before = await readdir(folder);
    const run = await mel(...args);
    expect(run.stderr).toContain(message);
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(await readdir(folder)).toEqual(before);
  });
});
