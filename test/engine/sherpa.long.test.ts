// An exported voice in sherpa-onnx for Python, as the vocoder of an acoustic model that the test makes. The package is
// installed into a virtual environment of the test's own.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shippedCheckpoint } from "../../dist/host/node/voices.js";
import { measureClip } from "../../src/evaluation/metrics/clip-metrics.js";
import { encodeNpy, parseNpy } from "../../src/formats/npy.js";
import { readRecording } from "../../src/host/node/recordings.js";
import { writeMel } from "../../src/host/node/mel-files.js";
import { computeMel } from "../../src/mel/analysis.js";
import { findPreset } from "../../src/mel/presets.js";
import { type PythonEnvironment, pythonWith } from "../support/python.js";
import { runCli } from "../support/run-cli.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("check_sherpa.py", import.meta.url));
const speech = fileURLToPath(new URL("../../data/speech.flac", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vocode-sherpa-"));
const format = findPreset("hifigan-22k-80");

let python: PythonEnvironment;

beforeAll(async () => {
  python = await pythonWith(folder, ["numpy", "onnx", "sherpa-onnx"]);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("a voice exported for sherpa-onnx", () => {
  it("speaks a mel there as clearly as vocode does, and the same each time", async (context) => {
    if (python.fault) context.skip(python.fault);
    const [voice, melFile, npy, wav, out] = ["voice.onnx", "a.mel", "a.npy", "a.wav", "out.npy"].map((name) =>
      join(folder, name),
    );
    const { samples } = await readRecording(speech);
    const recording = Float32Array.from(samples);
    const mel = computeMel(recording, format);
    await writeMel(melFile, mel);
    writeFileSync(npy, encodeNpy([mel.values.length / format.bands, format.bands], mel.values));
    const settings = ["--steps", "2", "--refine", "16"];
    expect((await runCli(["export", shippedCheckpoint, voice, "--for", "sherpa", ...settings])).code).toBe(0);
    expect((await runCli(["synthesize", melFile, wav, "--seed", "1", ...settings])).code).toBe(0);
    const { stdout } = await run(python.python, [script, voice, npy, String(format.sampleRate), out]);
    expect(JSON.parse(stdout.trim().split("\n").at(-1))).toMatchObject({ same: true });
    const spoken = parseNpy(readFileSync(out)).data;
    const synthesised = Float32Array.from((await readRecording(wav)).samples);
    expect(spoken.length).toBe(synthesised.length);
    const [there, here] = await Promise.all(
      [spoken, synthesised].map((each) =>
        measureClip(recording, each, format.sampleRate, { only: ["estoi"] }),
      ),
    );
    expect(here.estoi).toBeGreaterThan(0.8);
    expect(Math.abs(there.estoi - here.estoi)).toBeLessThan(0.005);
  });
});
