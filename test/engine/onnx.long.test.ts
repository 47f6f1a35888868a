// Exported graphs in other hands: ONNX's checker accepts them, and onnxruntime for Python computes what tfjs computes.
// The packages are installed into a virtual environment of the test's own.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { computeMel } from "../../src/mel/analysis.js";
import { writeMel } from "../../src/host/node/mel-files.js";
import { findPreset } from "../../src/mel/presets.js";
import { readRecording } from "../../src/host/node/recordings.js";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { gelu, layerNorm } from "../../src/models/layers/composites.js";
import { EagerEngine } from "../../src/engine/eager.js";
import { traceToOnnx } from "../../src/engine/trace/onnx-model.js";
import { frames, type Signature, type TensorFunction, type TensorValue } from "../../src/engine/engine.js";
import { exportPart } from "../../src/synthesis/export.js";
import { EXCITATION_NOISE } from "../../src/synthesis/start.js";
import { conditionerFunction, noiseFunction } from "../../src/synthesis/network-functions.js";
import { clipSamples } from "../support/mel-reference.js";
import { harmonicCheckpoint, randomCheckpoint } from "../support/random-checkpoint.js";
import { type PythonEnvironment, pythonWith } from "../support/python.js";
import { runCli } from "../support/run-cli.js";
import { randomValue } from "./values.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("check_onnx.py", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vocode-onnx-"));
let python: PythonEnvironment;

beforeAll(async () => {
  await tf.setBackend("cpu");
  python = await pythonWith(folder, ["onnx", "onnxruntime"]);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function asJson(values: Readonly<Record<string, TensorValue>>): object {
  const entries = Object.entries(values).map(([name, { data, shape }]): [string, object] => {
    const type = data instanceof Int32Array ? "int32" : "float32";
    return [name, { type, shape, data: Array.from(data) }];
  });
  return Object.fromEntries<object>(entries);
}

/** The relative difference between Python's onnxruntime and tfjs's `cpu` backend. */
async function differenceInPython(
  fn: TensorFunction,
  signature: Signature,
  inputs: Readonly<Record<string, TensorValue>>,
): Promise<number> {
  const program = await new EagerEngine("javascript", "cpu", "cpu").compile(fn, signature);
  const outputs = await program.run(inputs);
  for (const [name, value] of Object.entries(await program.readState())) outputs[`next.${name}`] = value;
  return checkInPython(traceToOnnx(fn, signature), { ...inputs, ...signature.state }, outputs);
}

/** The relative difference between what Python's onnxruntime makes of a model and what is expected. */
async function checkInPython(
  model: Uint8Array,
  inputs: Readonly<Record<string, TensorValue>>,
  outputs: Readonly<Record<string, TensorValue>>,
): Promise<number> {
  const [modelPath, values] = [join(folder, "model.onnx"), join(folder, "values.json")];
  writeFileSync(modelPath, model);
  writeFileSync(values, JSON.stringify({ inputs: asJson(inputs), outputs: asJson(outputs) }));
  const { stdout } = await run(python.python, [script, modelPath, values]);
  return (JSON.parse(stdout) as { difference: number }).difference;
}

/** Convolutions, normalisation, GELU, products, padding, slices, a table by index: [1, frames, 8] → [8·frames]. */
const network: TensorFunction = ({ x, style }, { filter, taps, matrix, scale, shift, table }) => {
  const dense = tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 1, "same");
  const image = tf.expandDims<tf.Tensor4D>(dense, 1);
  const along = tf.depthwiseConv2d(image, taps as tf.Tensor4D, 1, "same");
  const h = gelu(layerNorm(tf.reshape(along, x.shape), scale, shift));
  const rows = tf.add(tf.matMul(tf.reshape(h, [-1, 8]), matrix as tf.Tensor2D), tf.gather(table, style));
  const padded = tf.pad(rows, [
    [2, 1],
    [0, 0],
  ]);
  const shifted = tf.slice(padded, [1, 0], [x.shape[1]!, 8]);
  return { wave: tf.reshape(tf.add(tf.leakyRelu(shifted, 0.1), tf.softmax(rows)), [-1]) };
};

const weights = {
  filter: randomValue(1, [3, 8, 8]),
  taps: randomValue(2, [1, 7, 8, 1]),
  matrix: randomValue(3, [8, 8]),
  scale: randomValue(4, [8]),
  shift: randomValue(5, [8]),
  table: randomValue(6, [5, 8]),
};

/** A step of gradient descent on the network's output power. */
const descent: TensorFunction = (inputs, held) => {
  const names = Object.keys(weights);
  const power = (...tensors: tf.Tensor[]): tf.Tensor => {
    const named = Object.fromEntries(names.map((name, index) => [name, tensors[index]]));
    return tf.mean(tf.square(network(inputs, named)["wave"]));
  };
  const { value, grads } = tf.valueAndGrads(power)(names.map((name) => held[name]));
  const next = Object.fromEntries<tf.Tensor>(
    names.map((name, index) => [name, tf.sub(held[name], tf.mul(grads[index], 0.1))]),
  );
  return { ...next, loss: value };
};

const style: TensorValue = { data: Int32Array.of(3), shape: [1] };

describe("an exported graph, in Python", () => {
  it("is accepted and gives the same results at any frame count", async (context) => {
    if (python.fault) context.skip(python.fault);
    const signature: Signature = {
      inputs: { x: { shape: [1, frames(), 8] }, style: { shape: [1], type: "int32" } },
      weights,
    };
    for (const count of [3, 50]) {
      const inputs = { x: randomValue(count, [1, count, 8]), style };
      expect(await differenceInPython(network, signature, inputs)).toBeLessThan(1e-5);
    }
  });

  it("is accepted and gives the same results for a step of training", async (context) => {
    if (python.fault) context.skip(python.fault);
    const signature: Signature = {
      inputs: { x: { shape: [1, 20, 8] }, style: { shape: [1], type: "int32" } },
      state: weights,
    };
    const inputs = { x: randomValue(7, [1, 20, 8]), style };
    expect(await differenceInPython(descent, signature, inputs)).toBeLessThan(1e-5);
  });

  it("of a checkpoint's networks is accepted and gives the same results", async (context) => {
    if (python.fault) context.skip(python.fault);
    const checkpoint = randomCheckpoint();
    const javascript = new EagerEngine("javascript", "cpu", "cpu");
    const count = 12;
    const mel: TensorValue = {
      data: randomValue(8, [1, count, 80]).data.map((value) => value - 4),
      shape: [1, count, 80],
    };
    const conditioner = conditionerFunction(checkpoint);
    const conditioning = await (await javascript.compile(conditioner, conditioner.signature)).run({ mel });
    const conditionerModel = await exportPart(checkpoint, "conditioner", "0.0.0");
    expect(await checkInPython(conditionerModel, { mel }, conditioning)).toBeLessThan(1e-4);
    const denoiser = noiseFunction(checkpoint);
    const given = { ...conditioning, mel, z: randomValue(9, [1, count * 256]) };
    const logSnr: TensorValue = { data: Float32Array.of(1), shape: [1] };
    const outputs = await (await javascript.compile(denoiser, denoiser.signature)).run({ ...given, logSnr });
    const model = await exportPart(checkpoint, "denoiser", "0.0.0");
    expect(await checkInPython(model, { ...given, log_snr: logSnr }, outputs)).toBeLessThan(1e-4);
  });

  it.for([
    ["noise", randomCheckpoint, [0]],
    ["a harmonic start", harmonicCheckpoint, [0, EXCITATION_NOISE]],
  ] as const)(
    "of a whole synthesis from %s gives the library's waveform",
    async ([, make, noises], context) => {
      if (python.fault) context.skip(python.fault);
      // the built package, by its command line: its threads start from compiled files
      const checkpoint = join(folder, "checkpoint");
      await saveCheckpoint(checkpoint, make(), "");
      const [melPath, onnxPath] = [join(folder, "speech.mel"), join(folder, "synthesis.onnx")];
      const count = 60;
      const format = findPreset("hifigan-22k-80");
      const target = computeMel(clipSamples("speech_22k").subarray(0, count * 256), format);
      await writeMel(melPath, target);
      const wav = join(folder, "speech.wav");
      const options = ["--checkpoint", checkpoint, "--seed", "4", "--bit-depth", "32", "--engine", "graph"];
      expect((await runCli(["synthesize", melPath, wav, ...options])).code).toBe(0);
      expect((await runCli(["export", checkpoint, onnxPath, "--steps", "6"])).code).toBe(0);
      const rows = noises.flatMap((step) => [
        ...fillNormals(new Float32Array(count * 256), { seed: 4, step }),
      ]);
      const inputs = {
        mel: { data: target.values, shape: [1, count, 80] },
        noise: { data: Float32Array.from(rows), shape: [noises.length, count * 256] },
      };
      const { samples } = await readRecording(wav);
      const waveform = { data: Float32Array.from(samples), shape: [1, count * 256] };
      expect(await checkInPython(readFileSync(onnxPath), inputs, { waveform })).toBeLessThan(1e-4);
    },
  );
});
