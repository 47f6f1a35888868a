// Exported graphs against the library, in onnxruntime by itself. The library is the built package: its threads start
// from compiled files.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import * as tf from "@tensorflow/tfjs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, describe, expect, it } from "vitest";
import { exportForSherpa, exportPart, exportSynthesis, noiseRows } from "../../dist/synthesis/export.js";
import { shippedCheckpoint } from "../../dist/host/node/voices.js";
import { Vocoder } from "../../dist/node.js";
import { computeMel } from "../../src/mel/analysis.js";
import type { Mel, MelFormat } from "../../src/mel/format.js";
import { findPreset } from "../../src/mel/presets.js";
import { hashNoise } from "../../src/models/layers/hash-noise.js";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { planFor } from "../../src/diffusion/samplers/plan-for.js";
import { scheduleByName } from "../../src/diffusion/schedules/named-schedules.js";
import { ModelProtoSchema, TensorProto_DataType } from "../../src/engine/trace/onnx/onnx_pb.js";
import { parseNpy } from "../../src/formats/npy.js";
import { runCli } from "../support/run-cli.js";
import { clipSamples } from "../support/mel-reference.js";
import { EXCITATION_NOISE, harmonicSchedule } from "../../src/synthesis/start.js";
import { refinementFor } from "../../src/mel/consistency.js";
import { harmonicCheckpoint, randomCheckpoint } from "../support/random-checkpoint.js";

const preset = findPreset("hifigan-22k-80");
const hop = preset.hopLength;
const folder = mkdtempSync(join(tmpdir(), "vocode-export-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function speechMel(frames: number, format: MelFormat): Mel {
  return computeMel(clipSamples("speech_22k").subarray(20 * hop, (20 + frames) * hop), format);
}

/** Runs a model as another program would. */
async function run(
  model: Uint8Array,
  feeds: Readonly<Record<string, readonly [Float32Array, readonly number[]]>>,
): Promise<Record<string, Float32Array>> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const tensors = Object.entries(feeds).map(([name, [data, shape]]) => [name, new Tensor(data, shape)]);
  const results = await session.run(Object.fromEntries(tensors) as Record<string, Tensor>);
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

/** Largest difference relative to the largest value. */
function difference(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, n) => Math.max(most, Math.abs(value - actual[n])), 0) / largest;
}

function normals(count: number, step: number): Float32Array {
  return fillNormals(new Float32Array(count), { seed: 9, step });
}

describe("an exported synthesis", () => {
  it.each([
    ["dpmpp-2m", "logsnr-3", 4, preset],
    ["heun", "logsnr-2", 0, preset],
    ["ddpm", "cosine-3", 2, preset],
    ["ddim", "logsnr-1", 16, { ...preset, log: "db" as const }],
  ] as const)(
    "by %s over %s with %i corrections is the library's",
    async (sampler, schedule, refine, format) => {
      const checkpoint = randomCheckpoint(format);
      await saveCheckpoint(folder, checkpoint, "");
      const vocoder = await Vocoder.load(folder, { engine: "graph", threads: 1, cacheFolder: null });
      const plan = planFor(sampler, scheduleByName(schedule));
      const process = { plan, start: "noise", refinement: refinementFor(refine) } as const;
      const model = await exportSynthesis(checkpoint, process, "1.2.3");
      for (const frames of [11, 70]) {
        const mel = speechMel(frames, format);
        const { samples } = await vocoder.synthesize(mel, { sampler, schedule, refine, seed: 9 });
        const rows = noiseRows(process);
        const noise = new Float32Array(rows * frames * hop);
        for (let row = 0; row < rows; row++) noise.set(normals(frames * hop, row), row * frames * hop);
        const { waveform } = await run(model, {
          mel: [mel.values, [1, frames, format.bands]],
          noise: [noise, [rows, frames * hop]],
        });
        expect(difference(waveform, samples)).toBeLessThan(1e-4);
      }
      await vocoder.dispose();
    },
  );

  it("with a harmonic start is the library's", async () => {
    const checkpoint = harmonicCheckpoint();
    await saveCheckpoint(folder, checkpoint, "");
    const vocoder = await Vocoder.load(folder, { engine: "graph", threads: 1, cacheFolder: null });
    const plan = planFor("dpmpp-2m", harmonicSchedule(3, 1));
    const process = { plan, start: "harmonic", refinement: refinementFor(4) } as const;
    const model = await exportSynthesis(checkpoint, process, "1.2.3");
    for (const frames of [2, 70, 190]) {
      const mel = speechMel(frames, preset);
      const { samples, report } = await vocoder.synthesize(mel, {
        steps: 3,
        startLevel: 1,
        refine: 4,
        seed: 9,
      });
      expect(report.start).toBe("harmonic");
      const noise = new Float32Array(2 * frames * hop);
      noise.set(normals(frames * hop, 0));
      noise.set(normals(frames * hop, EXCITATION_NOISE), frames * hop);
      const { waveform } = await run(model, {
        mel: [mel.values, [1, frames, preset.bands]],
        noise: [noise, [noiseRows(process), frames * hop]],
      });
      expect(difference(waveform, samples)).toBeLessThan(1e-4);
    }
    await vocoder.dispose();
  });

  it("gives what it gave when each transform was many small products", async () => {
    const frames = 24;
    const process = {
      plan: planFor("dpmpp-2m", harmonicSchedule(3, 1)),
      start: "harmonic",
      refinement: refinementFor(4),
    } as const;
    const model = await exportSynthesis(harmonicCheckpoint(), process, "1.2.3");
    const noise = new Float32Array(2 * frames * hop);
    for (const row of [0, 1]) noise.set(normals(frames * hop, row), row * frames * hop);
    const { waveform } = await run(model, {
      mel: [speechMel(frames, preset).values, [1, frames, preset.bands]],
      noise: [noise, [2, frames * hop]],
    });
    const file = new URL("../fixtures/model/export-synthesis.npy", import.meta.url);
    expect(difference(waveform, parseNpy(readFileSync(file)).data)).toBeLessThan(1e-5);
  });

  it.each([
    [6, 2500],
    [2, 1200],
  ])(
    "of the shipped voice in %i steps with its usual corrections has at most %i nodes",
    async (steps, most) => {
      const file = join(folder, `voice-${steps}.onnx`);
      await runCli(["export", shippedCheckpoint, file, "--steps", String(steps)]);
      const { graph } = fromBinary(ModelProtoSchema, readFileSync(file));
      expect(graph!.node.length).toBeLessThanOrEqual(most);
      // some graphics processors take no more values an operation
      for (const { name, opType, input, output } of graph!.node) {
        if (opType === "Split") expect(output.length, name).toBeLessThanOrEqual(4);
        if (opType === "Concat") expect(input.length, name).toBeLessThanOrEqual(4);
        expect(input.length + output.length, name).toBeLessThanOrEqual(7);
      }
      const types = [...graph!.valueInfo, ...graph!.input, ...graph!.output].map(({ type }) =>
        type?.value.case === "tensorType" ? type.value.value.elemType : undefined,
      );
      // and none of them has float64
      const all = new Set([...types, ...graph!.initializer.map(({ dataType }) => dataType)]);
      const { FLOAT, INT64, BOOL } = TensorProto_DataType;
      const allowed: readonly unknown[] = [FLOAT, INT64, BOOL];
      expect([...all].filter((type) => !allowed.includes(type))).toEqual([]);
    },
  );

  it("with a harmonic start needs the model", async () => {
    const plan = planFor("dpmpp-2m", harmonicSchedule(3));
    const process = { plan, start: "harmonic", refinement: refinementFor(0) } as const;
    await expect(exportSynthesis(randomCheckpoint(), process, "1.2.3")).rejects.toThrow(
      /no excitation model/,
    );
  });

  it("for sherpa-onnx is that of the hashed noise, with bands before frames", async () => {
    const checkpoint = harmonicCheckpoint();
    const plan = planFor("dpmpp-2m", harmonicSchedule(2, 1));
    const process = { plan, start: "harmonic", refinement: refinementFor(1) } as const;
    const plain = await exportSynthesis(checkpoint, process, "1.2.3");
    const sherpa = await exportForSherpa(checkpoint, process, "1.2.3", { seed: 5 });
    const { metadataProps } = fromBinary(ModelProtoSchema, sherpa);
    expect(metadataProps).toContainEqual(expect.objectContaining({ key: "model_type", value: "hifigan" }));
    await tf.setBackend("cpu");
    for (const frames of [20, 31]) {
      const { values } = speechMel(frames, preset);
      const turned = values.map((_, i) => values[(i % frames) * preset.bands + Math.floor(i / frames)]);
      const noise = Float32Array.from(hashNoise(2, frames * hop, 5).dataSync());
      const { waveform } = await run(plain, {
        mel: [values, [1, frames, preset.bands]],
        noise: [noise, [2, frames * hop]],
      });
      const { audio } = await run(sherpa, { mel: [turned, [1, preset.bands, frames]] });
      expect(difference(audio, waveform)).toBeLessThan(1e-4);
    }
  });

  it("holds every weight and every transform once, and says what it is", async () => {
    const checkpoint = randomCheckpoint();
    const others = { start: "noise", refinement: refinementFor(2) } as const;
    const sizes = await Promise.all(
      [1, 6].map(async (steps) => {
        const plan = planFor("dpmpp-2m", scheduleByName(`logsnr-${steps}`));
        return (await exportSynthesis(checkpoint, { plan, ...others }, "1.2.3")).length;
      }),
    );
    expect(sizes[1]).toBeLessThan(1.2 * sizes[0]);
    const plan = planFor("dpmpp-2m", scheduleByName("logsnr-6"));
    const model = fromBinary(
      ModelProtoSchema,
      await exportSynthesis(checkpoint, { plan, ...others }, "1.2.3"),
    );
    const facts = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
    expect(facts["vocode.version"]).toBe("1.2.3");
    expect(JSON.parse(facts["vocode.mel"])).toEqual(preset);
    expect(JSON.parse(facts["vocode.plan"])).toEqual(plan);
    expect(facts["vocode.start"]).toBe("noise");
    expect(JSON.parse(facts["vocode.refine"])).toEqual({ iterations: 2, exponent: 1.2, momentum: 0.8 });
  });
});

describe("exported networks", () => {
  it("make the library's waveform together: conditioner, denoiser, colour", async () => {
    const checkpoint = randomCheckpoint();
    await saveCheckpoint(folder, checkpoint, "");
    const vocoder = await Vocoder.load(folder, { engine: "graph", threads: 1, cacheFolder: null });
    const frames = 40;
    const mel = speechMel(frames, preset);
    const noise = normals(frames * hop, 0);
    const shapes = { mel: [1, frames, 80], sigma: [1, frames, hop], signal: [1, frames * hop] };
    const models = await Promise.all(
      (["conditioner", "denoiser", "colour"] as const).map((part) => exportPart(checkpoint, part, "1.2.3")),
    );
    const { sigma, encoded } = await run(models[0], { mel: [mel.values, shapes.mel] });
    // −5 lies outside the trained range: the graph moves it inside, as the library does
    const logSnr = -5;
    const predicted = await run(models[1], {
      z: [noise, shapes.signal],
      log_snr: [Float32Array.of(logSnr), [1]],
      mel: [mel.values, shapes.mel],
      sigma: [sigma, shapes.sigma],
      encoded: [encoded, [1, frames, checkpoint.config.denoiser.shape.channels]],
    });
    const alphaBar = 1 / (1 + Math.exp(-logSnr));
    const whitened = noise.map(
      (z, n) => (z - Math.sqrt(1 - alphaBar) * predicted["noise"][n]) / Math.sqrt(alphaBar),
    );
    const { waveform } = await run(models[2], {
      whitened: [whitened, shapes.signal],
      sigma: [sigma, shapes.sigma],
    });
    const options = { schedule: "logsnr-6:1", refine: 0, seed: 9 };
    const { samples } = await vocoder.synthesize(mel, options);
    expect(difference(waveform, samples)).toBeLessThan(1e-4);
    await vocoder.dispose();
  });
});
