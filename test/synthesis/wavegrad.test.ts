// A WaveGrad's checkpoint from mel to waveform: the process as it was published, in tiles, and as an exported graph.
// The library is the built package: its threads start from compiled files.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportPart, exportSynthesis, NoSuchPartError } from "../../dist/synthesis/export.js";
import { Vocoder } from "../../dist/node.js";
import type { Mel } from "../../src/mel/format.js";
import { loadCheckpoint, saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { refinementFor } from "../../src/mel/consistency.js";
import { convert } from "../../src/diffusion/parameterisation.js";
import { planFor } from "../../src/diffusion/samplers/plan-for.js";
import { sample, seededNoise } from "../../src/diffusion/samplers/sampling-plan.js";
import { scheduleByName } from "../../src/diffusion/schedules/named-schedules.js";
import { openEngine } from "../../dist/host/node/engines.js";
import { MelDenoiser } from "../../dist/synthesis/denoiser.js";
import { NotCalibratedError } from "../../dist/engine/engine.js";
import { waveGradCheckpoint } from "../support/wavegrad-checkpoint.js";

const checkpoint = waveGradCheckpoint();
const { bands, hopLength } = checkpoint.config.mel;
const frames = 40;
const mel: Mel = {
  frames,
  format: checkpoint.config.mel,
  values: fillNormals(new Float32Array(frames * bands), { seed: 3, step: 1 }).map((value) => value - 5),
};
const folder = mkdtempSync(join(tmpdir(), "vocode-wavegrad-"));
beforeAll(() => saveCheckpoint(folder, checkpoint, ""));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Largest difference relative to the largest value. */
function difference(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, n) => Math.max(most, Math.abs(value - actual[n])), 0) / largest;
}

async function denoiserOf(): Promise<MelDenoiser> {
  const runtime = await openEngine({ engine: "graph", threads: 1, cacheFolder: null });
  return MelDenoiser.create(runtime, checkpoint);
}

describe("a WaveGrad's checkpoint", () => {
  it("comes back as it was saved", async () => {
    const loaded = await loadCheckpoint(folder);
    expect(loaded.config).toEqual(checkpoint.config);
    expect(Object.keys(loaded.weights).sort()).toEqual(Object.keys(checkpoint.weights).sort());
  });

  it("becomes the same waveform in tiles of any length", async () => {
    const vocoder = await Vocoder.load(folder, { engine: "graph", threads: 1, cacheFolder: null });
    const [whole, tiled] = await Promise.all(
      [frames, 7].map((tile) => vocoder.synthesize(mel, { steps: 3, tile })),
    );
    expect(difference(tiled.samples, whole.samples)).toBeLessThan(1e-5);
    expect(whole.report.peak).toBeGreaterThan(0.1);
    await vocoder.dispose();
  });

  it("is sampled by ddpm over the published schedule, from plain noise and without a prior", async () => {
    const vocoder = await Vocoder.load(folder, { engine: "graph", threads: 1, cacheFolder: null });
    const { samples, report } = await vocoder.synthesize(mel, { seed: 9, refine: 0 });
    expect(report).toMatchObject({ sampler: "ddpm", schedule: "wg-6", steps: 6 });
    const denoiser = await denoiserOf();
    const conditioning = { mel: mel.values };
    const noise = seededNoise(9);
    const start = new Float32Array(frames * hopLength);
    noise(start, 0);
    const plan = planFor("ddpm", scheduleByName("wg-6"));
    const predict = async (z: Float32Array, level: number): Promise<Float32Array> => {
      const x0 = new Float32Array(z.length);
      await denoiser.estimate(z, level, conditioning, x0);
      return convert("x0", "epsilon", level, z, x0);
    };
    const expected = await sample(plan, predict, start, noise);
    expect(difference(samples, expected)).toBeLessThan(1e-5);
    const reports = await Promise.all(
      [{ steps: 25 }, { steps: 4 }, { sampler: "dpmpp-2m", steps: 2 } as const].map((options) =>
        vocoder.synthesize({ ...mel, frames: 2, values: mel.values.subarray(0, 2 * bands) }, options),
      ),
    );
    expect(reports.map((each) => each.report.schedule)).toEqual([
      "fibonacci-25",
      "training-1000:4",
      "logsnr-2",
    ]);
    await vocoder.dispose();
  });

  it("has no int8", async () => {
    const runtime = await openEngine({ engine: "graph", threads: 1, cacheFolder: null });
    await expect(MelDenoiser.create(runtime, checkpoint, "int8")).rejects.toThrow(NotCalibratedError);
  });
});

describe("an exported WaveGrad", () => {
  it.each([0, 2])("with %i mel corrections is the library's", async (refine) => {
    const vocoder = await Vocoder.load(folder, { engine: "graph", threads: 1, cacheFolder: null });
    const { samples } = await vocoder.synthesize(mel, { schedule: "wg-3", refine, seed: 9 });
    await vocoder.dispose();
    const plan = planFor("ddpm", scheduleByName("wg-3"));
    const process = { plan, start: "noise", refinement: refinementFor(refine) } as const;
    const session = await InferenceSession.create(await exportSynthesis(checkpoint, process, "1.2.3"), {
      intraOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    const noise = new Float32Array(3 * frames * hopLength);
    for (let row = 0; row < 3; row++) {
      const part = noise.subarray(row * frames * hopLength, (row + 1) * frames * hopLength);
      fillNormals(part, { seed: 9, step: row });
    }
    const { waveform } = await session.run({
      mel: new Tensor(mel.values, [1, frames, bands]),
      noise: new Tensor(noise, [3, frames * hopLength]),
    });
    expect(difference(waveform.data as Float32Array, samples)).toBeLessThan(1e-4);
    await session.release();
  });

  it("is a denoiser and nothing else", async () => {
    expect((await exportPart(checkpoint, "denoiser", "1.2.3")).length).toBeGreaterThan(1000);
    await expect(exportPart(checkpoint, "colour", "1.2.3")).rejects.toThrow(NoSuchPartError);
    await expect(exportPart(checkpoint, "conditioner", "1.2.3")).rejects.toThrow(
      "A wavegrad has no 'conditioner': it works on the waveform itself.",
    );
  });
});
