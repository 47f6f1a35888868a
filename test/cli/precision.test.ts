// `--precision int8`: a calibrated checkpoint speaks with it, and what cannot is refused with the way out.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findPreset } from "../../src/mel/presets.js";
import { writeMel } from "../../src/host/node/mel-files.js";
import { readRecording } from "../../src/host/node/recordings.js";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { trunkLayers } from "../../src/models/mask-net/shape.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const melPath = join(folder, "speech.mel");
const calibrated = join(folder, "calibrated");
const uncalibrated = join(folder, "uncalibrated");

beforeAll(async () => {
  const format = findPreset("hifigan-22k-80");
  const values = fillNormals(new Float32Array(40 * 80), { seed: 1, step: 0 }).map((value) => -5 + value);
  await writeMel(melPath, { frames: 40, format, values });
  const checkpoint = randomCheckpoint(format);
  const layers = trunkLayers(checkpoint.config.denoiser.shape);
  const quantisation = Object.fromEntries(layers.map((name) => [name, { scale: 0.05, zeroPoint: 128 }]));
  await saveCheckpoint(uncalibrated, checkpoint, "");
  await saveCheckpoint(calibrated, { ...checkpoint, config: { ...checkpoint.config, quantisation } }, "");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function synthesise(name: string, ...more: string[]) {
  const wav = join(folder, `${name}.wav`);
  const short = ["--steps", "2", "--bit-depth", "32", "--trust-mel", "--json"];
  return { wav, ...(await runCli([melPath, wav, ...short, ...more])) };
}

it(
  "vocode <mel> <wav> makes nearly the same waveform in 8 bits, and says so",
  { timeout: 60_000 },
  async () => {
    const exact = await synthesise("exact", "--checkpoint", calibrated, "--precision", "float32");
    const eightBit = await synthesise("int8", "--checkpoint", calibrated);
    expect(exact).toMatchObject({ code: 0 });
    expect(eightBit).toMatchObject({ code: 0 });
    expect(JSON.parse(exact.stdout)).toMatchObject({ precision: "float32" });
    expect(JSON.parse(eightBit.stdout)).toMatchObject({ precision: "int8" });
    expect(eightBit.stderr).toMatch(/graph on cpu, int8/);
    const { samples } = await readRecording(exact.wav);
    const { samples: rough } = await readRecording(eightBit.wav);
    let [change, size] = [0, 0];
    samples.forEach((value, index) => {
      change += (rough[index] - value) ** 2;
      size += value ** 2;
    });
    expect(change).toBeGreaterThan(0);
    expect(Math.sqrt(change / size)).toBeLessThan(0.1);
  },
);

it(
  "vocode <mel> <wav> speaks in float32 where the checkpoint is not calibrated, or on another engine",
  { timeout: 60_000 },
  async () => {
    const javascript = ["--checkpoint", calibrated, "--engine", "javascript"];
    for (const where of [["--checkpoint", uncalibrated], javascript]) {
      const { stdout, code } = await synthesise("plain", "--steps", "1", "--refine", "0", ...where);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ precision: "float32" });
    }
  },
);

it.each([
  [
    "a checkpoint that was not calibrated",
    ["--checkpoint", uncalibrated],
    /'quantisation'.*--precision float32/,
  ],
  ["another engine", ["--checkpoint", calibrated, "--engine", "javascript"], /'javascript' on cpu.*float32/],
])(
  "vocode <mel> <wav> refuses int8 for %s, and leaves no file",
  { timeout: 60_000 },
  async (_, where, message) => {
    const { code, stderr, wav } = await synthesise("refused", ...where, "--precision", "int8");
    expect({ code, stderr }).toMatchObject({ code: 2 });
    expect(stderr).toMatch(message);
    expect(existsSync(wav)).toBe(false);
  },
);
