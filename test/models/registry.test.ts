// A denoiser of a file of its own goes the whole way, from training to an exported graph, for one line that makes it known.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.js";
import { parseCheckpointConfig } from "../../src/checkpoint/config.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { planFor } from "../../src/diffusion/samplers/plan-for.js";
import { scheduleByName } from "../../src/diffusion/schedules/named-schedules.js";
import { inspectCheckpoint, loadCheckpoint } from "../../src/host/node/checkpoints.js";
import { openEngine } from "../../src/host/node/engines.js";
import { denoiserKinds, register } from "../../src/models/registry.js";
import { Vocoder } from "../../src/node.js";
import { exportPart, exportSynthesis, NoSuchPartError } from "../../src/synthesis/export.js";
import { baseConfig, defaultTrainConfig, parseSetting, withSettings } from "../../src/training/config.js";
import { fineTuningConfig } from "../../src/training/start-weights.js";
import { RunFolder } from "../../src/training/run-folder.js";
import { storeTrained } from "../../src/training/store.js";
import { train } from "../../src/training/trainer.js";
import { smallDenoiser } from "../support/small-denoiser.js";
import { syntheticCorpus } from "../support/synthetic-corpus.js";

const FRAMES = 40;
const source = syntheticCorpus();
const { format } = source;
const folder = mkdtempSync(join(tmpdir(), "vocode-registry-"));
const voice = join(folder, "voice");

/** The mel of the first recording. */
function mel(): Float32Array {
  const values = new Float32Array(FRAMES * format.bands);
  source.readMel(source.utterances[0], 0, FRAMES, values, 0);
  return values;
}

describe("a denoiser that is defined in one file and registered in one line", () => {
  let checkpoint: Checkpoint;
  let errors: number[];

  beforeAll(async () => {
    register(smallDenoiser);
    const settings = ["width=16", "batch=4", "cropFrames=8", "steps=10", "adamWRate=0.02"];
    const changes = Object.assign({}, ...settings.map(parseSetting)) as Record<string, unknown>;
    const config = withSettings(baseConfig("small"), changes);
    const run = new RunFolder(join(folder, "run"));
    await run.begin({ config, mel: format, paths: { corpus: ".", checkpoint: ".", cache: "." } });
    const runtime = await openEngine({ engine: "graph", threads: 1, cacheFolder: null });
    errors = [];
    const result = await train({
      ...{ runtime, source, config, run, saveEvery: 1e9, measureEvery: 5 },
      onMeasure: (_, { mean }) => errors.push(mean),
    });
    const trained = { name: "voice", config, corpus: source, steps: 10, weights: result, run };
    await storeTrained(voice, trained);
    checkpoint = await loadCheckpoint(voice);
  }, 60_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it("is listed with the others, and cannot be registered twice", () => {
    expect(denoiserKinds()).toEqual(["mask-net", "wavegrad", "small"]);
    expect(() => {
      register(smallDenoiser);
    }).toThrow("There is a denoiser 'small' already.");
    const unknown = JSON.stringify({ ...checkpoint.config, denoiser: { kind: "large", shape: {} } });
    expect(() => parseCheckpointConfig(unknown, "config.json")).toThrow(
      'the unknown kind "large", and this vocode knows mask-net, wavegrad, small',
    );
    expect(() => withSettings(defaultTrainConfig, { denoiser: "large" })).toThrow(
      `'denoiser' is mask-net or wavegrad or small, not "large"`,
    );
  });

  it("learns in ten steps, and its checkpoint holds its shape and weights", () => {
    expect(errors).toHaveLength(2);
    expect(errors[1]).toBeLessThan(errors[0]);
    expect(checkpoint.config).toMatchObject({
      denoiser: { kind: "small", shape: { width: 16 } },
      prior: "standard",
      logSnrRange: [-8, 8],
    });
    expect(Object.keys(checkpoint.weights)).toEqual(
      smallDenoiser.weights({ width: 16 }, format).map(({ name }) => `denoiser.${name}`),
    );
    expect(checkpoint.weights["denoiser.output.weight"].data.some((value) => value !== 0)).toBe(true);
  });

  it("can be fine-tuned in its own shape only", () => {
    expect(fineTuningConfig(checkpoint.config, "voice", {})).toMatchObject({ denoiser: "small", width: 16 });
    expect(() => fineTuningConfig(checkpoint.config, "voice", { width: 20 })).toThrow("'width' is 16");
  });

  it("is inspected", async () => {
    const { denoiser, receptiveField, multiplyAdds, weights } = await inspectCheckpoint(voice);
    expect(denoiser).toEqual({ kind: "small", shape: { width: 16 } });
    expect(receptiveField.mel).toMatchObject({ before: 0, after: 0 });
    const { sampleRate, hopLength, bands } = format;
    expect(multiplyAdds.step).toBeCloseTo((sampleRate / hopLength) * 16 * (2 * hopLength + bands), 3);
    expect(weights).toEqual({ denoiser: 16 * (2 * hopLength + bands + 2) + hopLength, encoder: 0, prior: 0 });
  });

  it("synthesises what its exported graph computes", async () => {
    const values = mel();
    const vocoder = await Vocoder.load(voice, { engine: "graph", threads: 1, cacheFolder: null });
    const { samples, report } = await vocoder.synthesize(
      { frames: FRAMES, format, values },
      { steps: 3, refine: 0, seed: 9 },
    );
    await vocoder.dispose();
    expect(report).toMatchObject({ sampler: "dpmpp-2m", start: "noise" });
    const plan = planFor("dpmpp-2m", scheduleByName("logsnr-3"));
    const refinement = { iterations: 0, exponent: 1, momentum: 0 };
    const model = await exportSynthesis(checkpoint, { plan, start: "noise", refinement }, "1.2.3");
    const noise = fillNormals(new Float32Array(samples.length), { seed: 9, step: 0 });
    const session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
    const { waveform } = await session.run({
      mel: new Tensor(values, [1, FRAMES, format.bands]),
      noise: new Tensor(noise, [1, noise.length]),
    });
    await session.release();
    const exported = waveform.data as Float32Array;
    const largest = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest).toBeGreaterThan(0.01);
    expect(exported).toHaveLength(samples.length);
    const difference = Math.max(...samples.map((value, n) => Math.abs(value - exported[n])));
    expect(difference / largest).toBeLessThan(1e-4);
  });

  it("exports its denoiser alone, and no conditioner that it does without", async () => {
    expect((await exportPart(checkpoint, "denoiser", "1.2.3")).length).toBeGreaterThan(1000);
    await expect(exportPart(checkpoint, "conditioner", "1.2.3")).rejects.toThrow(NoSuchPartError);
  });
});
