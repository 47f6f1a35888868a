import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { harmonicCheckpoint, randomCheckpoint } from "../support/random-checkpoint.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-export-"));
const checkpoint = join(folder, "checkpoint");
const out = join(folder, "out.onnx");

describe("vocode export", () => {
  beforeAll(async () => {
    await saveCheckpoint(checkpoint, randomCheckpoint(), "");
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each([
    [[], ["z", "log_snr", "mel", "sigma", "encoded"], ["noise"]],
    [["--part", "conditioner"], ["mel"], ["sigma", "encoded"]],
    [["--part", "colour"], ["whitened", "sigma"], ["waveform"]],
    [["--steps", "2", "--refine", "1"], ["mel", "noise"], ["waveform"]],
    [["--for", "sherpa", "--steps", "2", "--refine", "1"], ["mel"], ["audio"]],
  ])("with %j writes a graph from %j to %j", async (options, inputs, outputs) => {
    const { stderr, code } = await runCli(["export", checkpoint, out, ...options]);
    expect([stderr, code]).toEqual(["", 0]);
    const session = await InferenceSession.create(out, { logSeverityLevel: 3 });
    expect([session.inputNames, session.outputNames]).toEqual([inputs, outputs]);
    await session.release();
  });

  it("holds the harmonic start where the checkpoint has the model, and noise where it is asked for", async () => {
    const [voice, file] = [join(folder, "voice"), join(folder, "harmonic.onnx")];
    await saveCheckpoint(voice, harmonicCheckpoint(), "");
    const options = ["--steps", "2", "--refine", "1"];
    const text = await runCli(["export", voice, file, ...options]);
    expect(text.stdout).toMatch(/over shallow-2 from a harmonic start at λ 0\.0, 1 mel corrections/);
    const level = await runCli(["export", voice, file, ...options, "--start-level", "1", "--json"]);
    expect(JSON.parse(level.stdout)).toMatchObject({ start: "harmonic", startLevel: 1, refine: 1 });
    const noise = await runCli(["export", voice, file, ...options, "--start", "noise"]);
    expect(noise.stdout).toMatch(/over logsnr-2 from white noise/);
  });

  it("refuses a harmonic start where the checkpoint has no excitation model", async () => {
    const file = join(folder, "refused-harmonic.onnx");
    const run = await runCli(["export", checkpoint, file, "--steps", "2", "--start", "harmonic"]);
    expect(run.stderr).toMatch(/no excitation model/);
    expect(run.code).toBe(2);
    expect(existsSync(file)).toBe(false);
  });

  it("says what it wrote, also as JSON", async () => {
    const options = ["--schedule", "cosine-3", "--sampler", "ddpm"];
    const { stdout } = await runCli(["export", checkpoint, out, ...options, "--json"]);
    expect(JSON.parse(stdout)).toEqual({
      file: out,
      part: "synthesis",
      bytes: statSync(out).size,
      sampler: "ddpm",
      schedule: "cosine-3",
      steps: 3,
      start: "noise",
      refine: 16,
    });
    const text = await runCli(["export", checkpoint, out, "--part", "colour"]);
    expect(text.stdout).toMatch(/out\.onnx: the colour, \d\.\d MB\n$/);
  });

  it("stores float16 weights as such on demand, and says where there are none", async () => {
    const [voice, file] = [join(folder, "halves"), join(folder, "halves.onnx")];
    const plain = await runCli(["export", checkpoint, file, "--float16-weights"]);
    expect(plain.code).toBe(0);
    expect(plain.stderr).toMatch(/No weights of this checkpoint are float16 numbers/);
    const whole = statSync(file).size;
    await saveCheckpoint(voice, randomCheckpoint(), "", "float16");
    const half = await runCli(["export", voice, file, "--float16-weights"]);
    expect([half.stderr, half.code]).toEqual(["", 0]);
    // the layers are two bytes a weight smaller; the transforms, most of this small network's file, are no weights
    const layers = Object.entries(randomCheckpoint().weights)
      .filter(([name, { data }]) => name.startsWith("denoiser.") && data.length >= 1024)
      .reduce((sum, [, { data }]) => sum + data.length, 0);
    expect(layers).toBeGreaterThan(50_000);
    expect(whole - statSync(file).size).toBeGreaterThan(1.9 * layers);
  });

  it("remarks on a schedule that does not start from noise", async () => {
    const { stderr, code } = await runCli(["export", checkpoint, out, "--schedule", "wg-3"]);
    expect(code).toBe(0);
    expect(stderr).toContain("'wg-3' does not start from pure noise");
  });

  it.each([
    [["out.txt"], "has to end in .onnx"],
    [["out.onnx", "--steps", "2", "--schedule", "wg-6"], "Give one of them"],
    [["out.onnx", "--steps", "2", "--part", "colour"], "Leave one out"],
    [["out.onnx", "--steps", "2", "--seed", "1"], "--seed belongs to --for"],
    [["out.onnx", "--for", "sherpa", "--part", "colour"], "Leave one out"],
    [["out.onnx", "--refine", "2"], "give --steps or --schedule too"],
    [["out.onnx", "--steps", "0"], "whole number from 1 to 1000"],
    [["/nowhere/out.onnx"], "no folder"],
  ])("ends with code 2 and a sentence for %j", async ([name, ...options], words) => {
    const path = join(folder, `refused-${name}`);
    const { stdout, stderr, code } = await runCli(["export", checkpoint, path, ...options]);
    expect([stdout, code]).toEqual(["", 2]);
    expect(stderr).toContain(words);
    expect(existsSync(path)).toBe(false);
  });

  it("ends with code 2 where there is no checkpoint", async () => {
    const { stderr, code } = await runCli(["export", folder, out]);
    expect(code).toBe(2);
    expect(stderr).toContain("config.json");
  });
});
