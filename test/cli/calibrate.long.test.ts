import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeWav } from "../../src/host/node/recordings.js";
import { readCheckpointConfig, saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { excitationLayers } from "../../src/models/excitation/shape.js";
import { trunkLayers } from "../../src/models/mask-net/shape.js";
import { harmonicCheckpoint } from "../support/random-checkpoint.js";
import { type CliRun, runCli } from "../support/run-cli.js";
import { tinySettings, writeTinyCorpus } from "../support/tiny-training.js";
import { waveGradCheckpoint } from "../support/wavegrad-checkpoint.js";

let folder: string;
const checkpoint = harmonicCheckpoint();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vocode-calibrate-"));
  await saveCheckpoint(join(folder, "voice"), checkpoint, "a card");
  await saveCheckpoint(join(folder, "wavegrad"), waveGradCheckpoint(), "");
  mkdirSync(join(folder, "clips"));
  for (const [index, name] of ["a.wav", "b.wav"].entries()) {
    const tone = Float32Array.from({ length: 9000 }, (_, n) => 0.3 * Math.sin((0.03 + 0.02 * index) * n));
    await writeWav(join(folder, "clips", name), [tone], 22050, "16-bit");
  }
  await writeWav(join(folder, "short.wav"), [new Float32Array(200)], 22050, "16-bit");
  writeTinyCorpus(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const vocode = (...args: string[]): Promise<CliRun> => runCli(args, { cwd: folder });
const configText = (name: string): string => readFileSync(join(folder, name, "config.json"), "utf8");

interface Result {
  readonly stored: boolean;
  readonly quantisation: Record<string, unknown>;
  readonly excitationQuantisation: Record<string, unknown>;
  readonly cost: { readonly clips: number; readonly float32: number[]; readonly int8: number[] };
}

describe("vocode calibrate", () => {
  it("prints the layers and what int8 costs, and with --no-store changes nothing", async () => {
    const before = configText("voice");
    const { code, stdout, stderr } = await vocode("calibrate", "voice", "clips", "--no-store");
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^network +layer +from +to +step\ndenoiser +input +-?\d/);
    expect(stdout).toMatch(/\nexcitation +blocks\.1\.down +-?\d/);
    expect(stdout).toMatch(
      /\nε error on 2 clips: \d+\.\d{4} in float32, \d+\.\d{4} in int8 \([+−]\d+\.\d\d %\)\n/,
    );
    expect(stderr).toContain("Calibrating on 2 clips.");
    expect(stderr).not.toContain("Stored");
    expect(configText("voice")).toBe(before);
  });

  it("stores what it found beside all else, and synthesis takes int8 by itself", async () => {
    // what this vocode does not know stays too
    const fields = JSON.parse(configText("voice")) as Record<string, unknown>;
    writeFileSync(join(folder, "voice", "config.json"), JSON.stringify({ ...fields, remark: "mine" }));
    const { code, stdout, stderr } = await vocode("calibrate", "voice", "clips", "--json", "--quiet");
    expect([code, stderr]).toEqual([0, ""]);
    const { stored, cost, ...calibration } = JSON.parse(stdout) as Result;
    expect([stored, cost.clips, cost.float32.length]).toEqual([true, 2, 8]);
    for (const [level, error] of cost.float32.entries()) {
      expect(cost.int8[level]).not.toBe(error);
      expect(Math.abs(cost.int8[level] / error - 1)).toBeLessThan(0.05);
    }
    expect(Object.keys(calibration.quantisation)).toEqual(trunkLayers(checkpoint.config.denoiser.shape));
    expect(Object.keys(calibration.excitationQuantisation)).toEqual(
      excitationLayers(checkpoint.config.excitation!),
    );
    const { quantisation, excitationQuantisation, ...others } = JSON.parse(configText("voice")) as Result;
    expect({ quantisation, excitationQuantisation }).toMatchObject({
      quantisation: calibration.quantisation,
      excitationQuantisation: calibration.excitationQuantisation,
    });
    expect(others).toEqual({ ...fields, remark: "mine" });
    const spoken = await vocode(
      ...["synthesize", "clips/a.wav", "out.wav", "--checkpoint", "voice", "--steps", "2", "--json"],
    );
    expect(spoken.code, spoken.stderr).toBe(0);
    expect(JSON.parse(spoken.stdout)).toMatchObject({ precision: "int8" });
  });

  it.each([
    [["wavegrad", "clips"], "A wavegrad has no layers that compute in 8 bits"],
    [["voice", "short.wav"], "200 samples, too few for one mel frame"],
    [["voice", "nowhere"], "nowhere"],
    [["nowhere", "clips"], "nowhere"],
    [["voice"], "missing required argument 'clips'"],
    [["voice", "clips", "--threads", "0"], "Give a whole number from 1"],
    [["voice", "clips/a.wav", "--files", "list.txt"], "A list of files goes with one folder"],
  ])("%j is refused with the reason, and nothing is stored", async (args, reason) => {
    const before = configText("voice");
    const { code, stdout, stderr } = await vocode("calibrate", ...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(reason);
    expect(configText("voice")).toBe(before);
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
  });
});

describe("the end of vocode train", () => {
  const settings = tinySettings.filter((option) => option !== "--no-calibration");

  it("calibrates what it trained, and says what that costs on held-out recordings", async () => {
    const { code, stdout, stderr } = await vocode(
      "train",
      "wavs",
      "--out",
      "own",
      "--steps",
      "4",
      "--json",
      ...settings,
    );
    expect(code, stderr).toBe(0);
    // five recordings to train on, and one that is held out
    expect(stderr).toContain("Making the voice ready for 8-bit layers, on 5 clips that it was trained on.");
    expect(stderr).toMatch(/ε error on 1 clip: \d\.\d{4} in float32, \d\.\d{4} in int8/);
    expect(JSON.parse(stdout)).toMatchObject({ steps: 4, int8: { clips: 1 } });
    expect(Object.keys((await readCheckpointConfig(join(folder, "own"))).quantisation!)).toContain(
      "input.weight",
    );
  });

  it("is made up for with --resume where it was killed there, to the same calibration", async () => {
    const whole = configText("own");
    const { quantisation, ...uncalibrated } = JSON.parse(whole) as Result;
    expect(quantisation).toBeDefined();
    writeFileSync(join(folder, "own", "config.json"), JSON.stringify(uncalibrated));
    const { code, stderr } = await vocode("train", "--resume", "runs/own", "--threads", "1", "--no-samples");
    expect(code, stderr).toBe(0);
    expect(configText("own")).toBe(whole);
  });

  it("leaves the calibration out with --no-calibration", async () => {
    // a finished run leaves a calibration alone that there is
    const { quantisation, ...uncalibrated } = JSON.parse(configText("own")) as Result;
    expect(quantisation).toBeDefined();
    writeFileSync(join(folder, "own", "config.json"), JSON.stringify(uncalibrated));
    const args = ["--resume", "runs/own", "--threads", "1", "--no-samples", "--no-calibration", "--json"];
    const { code, stdout, stderr } = await vocode("train", ...args);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ int8: null });
    expect(stderr).not.toContain("8-bit");
    expect((await readCheckpointConfig(join(folder, "own"))).quantisation).toBeUndefined();
  });
});
