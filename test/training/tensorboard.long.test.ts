// A training's log as TensorBoard itself reads it. The package is installed into a virtual environment of the test's own.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PythonEnvironment, pythonWith } from "../support/python.js";
import { runProgram } from "../support/run-cli.js";
import { tinySettings, writeTinyCorpus } from "../support/tiny-training.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("check_tensorboard.py", import.meta.url));
const parent = mkdtempSync(join(tmpdir(), "vocode-tensorboard-"));

/** What TensorBoard found in a folder; for each tag the steps, and what the script tells of each. */
interface Found {
  readonly scalars: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly images: Readonly<Record<string, readonly (readonly [number, number, number, string])[]>>;
  readonly audio: Readonly<Record<string, readonly (readonly [number, number, number, number])[]>>;
  readonly texts: Readonly<Record<string, readonly (readonly [number, string])[]>>;
}

let python: PythonEnvironment;

beforeAll(async () => {
  python = await pythonWith(parent, ["tensorboard"]);
});

afterAll(() => {
  rmSync(parent, { recursive: true, force: true });
});

describe("TensorBoard", () => {
  it("reads a training that was continued: every step once, with clips to see and to hear", async (context) => {
    if (python.fault) context.skip(python.fault);
    const corpus = writeTinyCorpus(parent);
    const settings = tinySettings.filter((option) => option !== "--no-samples");
    const shared = ["--measure-every", "20", "--save-every", "0", "--tensorboard", join(parent, "events")];
    const runPath = join(parent, "run");
    const places = ["--out", join(parent, "voice"), "--run", runPath];
    const first = await runProgram(["train", corpus, ...places, "--steps", "40", ...shared, ...settings]);
    expect(first.code, first.stderr).toBe(0);
    const resumed = ["train", "--resume", runPath, "--steps", "60", "--threads", "1", "--no-calibration"];
    const second = await runProgram([...resumed, ...shared]);
    expect(second.code, second.stderr).toBe(0);
    const { stdout } = await run(python.python, [script, join(parent, "events")]);
    const found = JSON.parse(stdout) as Readonly<Record<string, Found>>;
    expect(Object.keys(found).sort()).toEqual([".", "prior"]);
    const { scalars, images, audio, texts } = found["."];
    expect(scalars["loss"].map(([step]) => step)).toEqual([10, 20, 30, 40, 50, 60]);
    expect(scalars["noise error"].map(([step]) => step)).toEqual([20, 40, 60]);
    for (const [, value] of scalars["loss"]) expect(value).toBeGreaterThan(0);
    expect(Object.keys(audio).sort()).toEqual(["clip 1/recording", "clip 1/speech"]);
    expect(audio["clip 1/speech"].length).toBeGreaterThan(2);
    for (const [, rate, samples, inFile] of audio["clip 1/speech"])
      expect([rate, samples]).toEqual([22050, inFile]);
    const [[, width, height, kind]] = images["clip 1/speech"];
    expect([256 * width, height, kind]).toEqual([audio["clip 1/speech"][0][2], 80, "PNG"]);
    expect(texts["settings"].map(([step]) => step)).toEqual([0, 40]);
    expect(texts["settings"][0][1]).toContain("| cropFrames | 8 |");
  });
});
