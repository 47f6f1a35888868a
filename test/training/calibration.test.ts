// Ranges against errors computed here, and a small network from calibration to ε̂ in 8 bits.
import { describe, expect, it } from "vitest";
import { parseCheckpointConfig } from "../../src/checkpoint/config.js";
import { CheckpointError } from "../../src/errors.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { trunkLayers } from "../../src/models/mask-net/shape.js";
import { openEngine } from "../../src/host/node/engines.js";
import { NotCalibratedError, type TensorValue } from "../../src/engine/engine.js";
import {
  bestQuantisation,
  calibrate,
  calibrateExcitation,
  type DenoiserExample,
  quantisationOfRange,
  throughEightBits,
} from "../../src/training/calibration.js";
import { ExcitationSource, NoExcitationError } from "../../src/synthesis/excitation.js";
import { noiseFunction } from "../../src/synthesis/network-functions.js";
import { largestDifference } from "../support/mel-pieces.js";
import { harmonicCheckpoint, randomCheckpoint } from "../support/random-checkpoint.js";

function normals(seed: number, ...shape: number[]): TensorValue {
  const size = shape.reduce((product, each) => product * each, 1);
  return { data: fillNormals(new Float32Array(size), { seed, step: 0 }), shape };
}

describe("a layer's quantisation", () => {
  it("keeps zero exact and every value of its range within half a step", () => {
    for (const [low, high] of [
      [-1, 3],
      [0.5, 2],
      [-4, -1],
    ]) {
      const quantisation = quantisationOfRange(low, high);
      expect(throughEightBits(0, quantisation)).toBe(0);
      for (const value of [low, high, 0.3 * low + 0.7 * high]) {
        const difference = Math.abs(throughEightBits(value, quantisation) - value);
        expect(difference).toBeLessThanOrEqual(quantisation.scale * 1.0001);
      }
    }
  });

  it("clips rare large values, and none where there are none", () => {
    const weight = normals(1, 16, 24);
    const rows = normals(2, 400, 16);
    rows.data[0] = 12;
    const clipped = bestQuantisation({ rows, low: -4, high: 12 }, weight);
    expect(255 * clipped.scale).toBeLessThan(16);
    const uniform = {
      data: rows.data.map((_, index) => ((index * 37) % 101) / 50 - 1) as Float32Array,
      shape: rows.shape,
    };
    const whole = bestQuantisation({ rows: uniform, low: -1, high: 1 }, weight);
    expect(whole).toEqual(quantisationOfRange(-1, 1));
  });
});

/** Inputs of the denoiser's function for 24 frames. */
function exampleOf(seed: number, logSnr: number): DenoiserExample {
  const count = 24;
  const mel = normals(seed, 1, count, 80);
  return {
    z: normals(seed + 1, 1, count * 256),
    logSnr: { data: Float32Array.of(logSnr), shape: [1] },
    mel: { ...mel, data: mel.data.map((value) => value - 5) },
    sigma: { data: new Float32Array(count * 256).fill(0.1), shape: [1, count, 256] },
    encoded: normals(seed + 2, 1, count, 16),
  };
}

describe("a calibrated checkpoint", () => {
  it("predicts nearly the same noise in 8 bits", { timeout: 60_000 }, async () => {
    const checkpoint = randomCheckpoint();
    const runtime = await openEngine({ engine: "graph", threads: 1 });
    const quantisation = await calibrate(runtime, checkpoint, [exampleOf(1, -3), exampleOf(11, 3)]);
    expect(Object.keys(quantisation)).toEqual(trunkLayers(checkpoint.config.denoiser.shape));
    const config = { ...checkpoint.config, quantisation };
    expect(parseCheckpointConfig(JSON.stringify(config), "config.json")).toEqual(config);

    const example = exampleOf(21, 1);
    const [exact, eightBit] = await Promise.all(
      (["float32", "int8"] as const).map(async (precision) => {
        const network = noiseFunction({ ...checkpoint, config }, precision);
        const program = await runtime.compile(network, network.signature);
        return (await program.run(example))["noise"].data;
      }),
    );
    let [change, size] = [0, 0];
    exact.forEach((value, index) => {
      change += (eightBit[index] - value) ** 2;
      size += value ** 2;
    });
    expect(Math.sqrt(change / size)).toBeGreaterThan(0);
    expect(Math.sqrt(change / size)).toBeLessThan(0.01);
  });

  it("hears nearly the same pitch in 8 bits", async () => {
    const checkpoint = harmonicCheckpoint();
    const runtime = await openEngine({ engine: "graph", threads: 1 });
    const mels = [1, 2, 3].map((seed) =>
      Float32Array.from(normals(seed, 60, 80).data, (value) => 2 * value - 5),
    );
    const excitationQuantisation = await calibrateExcitation(runtime, checkpoint, mels.slice(1));
    const config = { ...checkpoint.config, excitationQuantisation };
    expect(parseCheckpointConfig(JSON.stringify(config), "config.json")).toEqual(config);
    const calibrated = { ...checkpoint, config };
    const [exact, eightBit] = await Promise.all(
      (["float32", "int8"] as const).map(async (precision) => {
        const source = await ExcitationSource.create(runtime, calibrated, precision);
        return source!.read(mels[0]);
      }),
    );
    const change = largestDifference(eightBit.bandVoicing, exact.bandVoicing);
    expect(change).toBeGreaterThan(0);
    expect(change).toBeLessThan(0.02);
    await expect(calibrateExcitation(runtime, randomCheckpoint(), mels)).rejects.toThrow(NoExcitationError);
  });

  it("is needed for int8", () => {
    expect(() => noiseFunction(randomCheckpoint(), "int8")).toThrow(NotCalibratedError);
  });

  it("is refused for a layer that the excitation model has not", () => {
    const { config } = harmonicCheckpoint();
    const excitationQuantisation = { "output.weight": { scale: 1, zeroPoint: 0 } };
    const text = JSON.stringify({ ...config, excitationQuantisation });
    expect(() => parseCheckpointConfig(text, "config.json")).toThrow(
      /'output.weight'.*excitationQuantisation/,
    );
  });

  it.each([
    ["an unknown layer", { "encoder.output.weight": { scale: 1, zeroPoint: 0 } }],
    ["no object", { "input.weight": 3 }],
    ["a list", []],
    ["a scale below zero", { "input.weight": { scale: -1, zeroPoint: 0 } }],
    ["no scale", { "input.weight": { zeroPoint: 0 } }],
    ["a zero point that is not whole", { "input.weight": { scale: 1, zeroPoint: 0.5 } }],
  ])("is refused with %s", (_, quantisation) => {
    const { config } = randomCheckpoint();
    const text = JSON.stringify({ ...config, quantisation });
    expect(() => parseCheckpointConfig(text, "config.json")).toThrow(CheckpointError);
  });
});
