// `vocode evaluate` as a person runs it: two folders, or recordings and a checkpoint.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRecording, writeWav } from "../../src/host/node/recordings.js";
import { resample } from "../../src/audio/resample.js";
import {
  type ClipMetrics,
  metricDefinitions,
  metricNames,
} from "../../src/evaluation/metrics/clip-metrics.js";
import { audioFixture } from "../support/audio-fixtures.js";
import { goldenMetrics, pairPaths } from "../support/evaluation-fixtures.js";
import { type CliRun, runCli } from "../support/run-cli.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vocode-evaluate-"));
  for (const side of ["ref", "syn"]) mkdirSync(join(folder, side));
  for (const name of ["vocoded", "noisy"] as const) {
    copyFileSync(pairPaths(`${name}.flac`).reference, join(folder, "ref", `${name}.wav`));
    copyFileSync(pairPaths(`${name}.flac`).synthesis, join(folder, "syn", `${name}.flac`));
  }
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function evaluate(...args: string[]): Promise<CliRun> {
  return runCli(["evaluate", ...args], { cwd: folder });
}

interface Report {
  readonly clips: Readonly<Record<string, ClipMetrics>>;
  readonly mean: ClipMetrics;
  readonly count: number;
  readonly failures: readonly { readonly name: string }[];
  readonly synthesis: unknown;
}

describe("vocode evaluate of clipped recordings", () => {
  it("names them, for pairs and for recordings that it synthesises itself", async () => {
    const { samples, sampleRate } = await readRecording(join(folder, "ref", "noisy.wav"));
    const loud = samples.map((sample) => Math.max(-1, Math.min(1, 30 * sample)));
    await writeWav(join(folder, "ref", "noisy.wav"), [loud], sampleRate);
    const { code, stdout, stderr } = await evaluate("ref", "syn", "--json");
    expect(code, stderr).toBe(0);
    const warning =
      /ref.noisy\.wav': \d+ samples \(\d+ %\) are cut off at full scale: the recording is clipped/;
    expect(stderr).toMatch(warning);
    expect(stderr).not.toContain("vocoded.wav'");
    const { clips } = JSON.parse(stdout) as { clips: Record<string, { remarks?: string[] }> };
    expect(clips["noisy"].remarks?.join()).toMatch(warning);
    expect(clips["vocoded"]).not.toHaveProperty("remarks");
    const own = await evaluate(join("ref", "noisy.wav"), "--steps", "1", "--refine", "0");
    expect(own.stderr).toMatch(warning);
  });
});

describe("vocode evaluate of two folders", () => {
  it("prints a table of all clips and the mean", async () => {
    const { code, stdout, stderr } = await evaluate("ref", "syn");
    expect(code).toBe(0);
    const [head, noisy, vocoded, mean] = stdout.trimEnd().split("\n");
    expect(head.split(/ +/)).toEqual(["clip", ...metricNames]);
    expect(noisy).toMatch(/^noisy +0\.919 +1\.960 .* −0\.71 +−3\.83 +0\.900$/);
    expect(vocoded).toMatch(/^vocoded +0\.122 +1\.015 .* 0\.939$/);
    expect(mean).toMatch(/^mean of 2 +0\.52\d /);
    expect(stderr).toMatch(/2 clips, 6\.0 s of audio, in \d/);
  });

  it("gives the golden values as JSON, and a CSV file beside it", async () => {
    const { code, stdout, stderr } = await evaluate("ref", "syn", "--json", "--quiet", "--csv", "table.csv");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ count: 2, failures: [], synthesis: null });
    for (const name of ["vocoded", "noisy"] as const) {
      for (const [metric, value] of Object.entries(goldenMetrics(`${name}.flac`))) {
        expect(Math.abs(report.clips[name][metric as keyof ClipMetrics] / value - 1)).toBeLessThan(1e-3);
      }
    }
    expect(report.mean.mel).toBeCloseTo((report.clips.noisy.mel + report.clips.vocoded.mel) / 2, 12);
    const rows = readFileSync(join(folder, "table.csv"), "utf8").trimEnd().split("\n");
    expect(rows.map((row) => row.split(",")[0])).toEqual(["clip", "noisy", "vocoded"]);
  });

  it("finds nothing wrong with the recordings themselves", async () => {
    rmSync(join(folder, "ref", "vocoded.wav"));
    const { mean } = JSON.parse((await evaluate("ref", "ref", "--json")).stdout) as Report;
    for (const name of metricNames) expect(mean[name], name).toBeCloseTo(metricDefinitions[name].perfect, 9);
  });

  it("resamples, cuts to the shorter length and says so", async () => {
    rmSync(join(folder, "ref", "vocoded.wav"));
    rmSync(join(folder, "syn", "vocoded.flac"));
    const { samples } = await readRecording(join(folder, "ref", "noisy.wav"));
    const other = await resample(samples, 22050, 44100);
    await writeWav(join(folder, "syn", "noisy.flac"), [other.subarray(0, 88200)], 44100, "32-bit float");
    const { code, stdout, stderr } = await evaluate("ref", "syn", "--json");
    expect(code).toBe(0);
    // up to 44.1 kHz and back costs little
    expect((JSON.parse(stdout) as Report).clips.noisy.mel).toBeLessThan(0.01);
    expect(stderr).toContain("1 synthesis is longer or shorter than the recording, by up to 1.00 s");
  });

  it("goes on after a broken file, names what has no partner, and ends with code 2", async () => {
    writeFileSync(join(folder, "syn", "noisy.flac"), "fLaC and nothing else");
    copyFileSync(join(folder, "ref", "noisy.wav"), join(folder, "ref", "alone.wav"));
    const { code, stdout, stderr } = await evaluate("ref", "syn", "--json");
    expect(code).toBe(2);
    const report = JSON.parse(stdout) as Report;
    expect(Object.keys(report.clips)).toEqual(["vocoded"]);
    expect(report.failures).toMatchObject([{ name: "noisy" }]);
    expect(stderr).toContain("Only in 'ref', and left out: alone.");
    expect(stderr).toMatch(/1 of 2 clips could not be used:\n.*noisy\.flac/);
  });

  it("exports pairs of 16 kHz and one length", async () => {
    const { code } = await evaluate("ref", "syn", "--export", "pairs");
    expect(code).toBe(0);
    for (const name of ["vocoded", "noisy"]) {
      const [recording, synthesis] = await Promise.all(
        ["recordings", "syntheses"].map((side) => readRecording(join(folder, "pairs", side, `${name}.wav`))),
      );
      expect([recording.sampleRate, synthesis.sampleRate]).toEqual([16000, 16000]);
      expect(recording.samples).toHaveLength(48000);
      expect(synthesis.samples).toHaveLength(48000);
    }
  });

  it("refuses what does not go together, before it does anything", async () => {
    expect(await evaluate("ref", "syn", "--steps", "3", "--checkpoint", "c")).toMatchObject({
      code: 2,
      stdout: "",
    });
    expect((await evaluate("ref", "syn", "--steps", "3")).stderr).toContain("--steps is for syntheses");
    expect((await evaluate("ref", "syn", "--smooth", "0.7,1")).stderr).toContain("--smooth is for syntheses");
    expect((await evaluate("ref", "--smooth", "0.7")).stderr).toContain("Give two deviations from 0 to 10");
    expect((await evaluate("ref", "nowhere")).stderr).toContain("nowhere");
    expect((await evaluate("ref", "syn", "--csv", "no/table.csv")).stderr).toContain(
      "There is no folder 'no'",
    );
  });
});

describe("vocode evaluate of a checkpoint", () => {
  it("smooths the mels before, says so, and the syntheses are further from the recordings", async () => {
    mkdirSync(join(folder, "short"));
    copyFileSync(audioFixture("speech.wav"), join(folder, "short", "speech.wav"));
    const [sharp, smooth] = await Promise.all(
      [[], ["--smooth", "0.7,1"]].map((more) =>
        evaluate("short", "--steps", "1", "--refine", "0", "--json", ...more),
      ),
    );
    expect(JSON.parse(sharp.stdout)).toMatchObject({ smoothing: null });
    expect(JSON.parse(smooth.stdout)).toMatchObject({ smoothing: { bands: 0.7, frames: 1 } });
    expect(smooth.stderr).toContain(
      "mels smoothed by Gaussians, 0.7 wide along the bands and 1 along the frames",
    );
    const errors = [sharp, smooth].map(({ stdout }) => (JSON.parse(stdout) as Report).mean.mstft);
    expect(errors[1]).toBeGreaterThan(1.05 * errors[0]);
  });

  it("synthesises the recordings again with the settings given", async () => {
    mkdirSync(join(folder, "short"));
    copyFileSync(audioFixture("speech.wav"), join(folder, "short", "speech.wav"));
    const run = await evaluate("short", "--steps", "2", "--refine", "1", "--seed", "4", "--json");
    expect(run.code).toBe(0);
    const { clips, synthesis } = JSON.parse(run.stdout) as Report;
    expect(synthesis).toMatchObject({ steps: 2, refine: 1, seed: "4", sampler: "dpmpp-2m" });
    expect(clips.speech.mel).toBeGreaterThan(0.05);
    expect(clips.speech.mel).toBeLessThan(0.4);
    expect(existsSync(join(folder, "pairs"))).toBe(false);
  });
});
