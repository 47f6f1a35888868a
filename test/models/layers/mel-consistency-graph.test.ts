import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { findPreset } from "../../../src/mel/presets.js";
import { fillNormals } from "../../../src/diffusion/noise.js";
import { createMelConsistency, refineWaveform } from "../../../src/models/layers/mel-consistency.js";
import { refine } from "../../../src/synthesis/thread.js";
import { compileOn } from "../../support/engines.js";
import { expectGolden, goldenTensor } from "../../support/golden.js";
import { goldenFormat } from "../../support/golden-model.js";

/** Largest difference of two waveforms, relative to the largest value. */
function difference(actual: ArrayLike<number>, expected: Float32Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, n) => Math.max(most, Math.abs(value - actual[n])), 0) / largest;
}

describe("mel consistency as a graph", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it.each([
    ["consistency.after1", 1, 1, 0.9],
    ["consistency.after3", 3, 1, 0.9],
    ["consistency.after14", 14, 1, 0.9],
    ["consistency.p1.2.momentum0.7.after14", 14, 1.2, 0.7],
  ])("gives the reference's %s", async (name, iterations, exponent, momentum) => {
    const options = { iterations, exponent, momentum };
    const refined = (start: tf.Tensor, target: tf.Tensor): tf.Tensor =>
      refineWaveform(createMelConsistency(goldenFormat, 0), start, target, options);
    const [start, target] = [goldenTensor("consistency.start"), goldenTensor("consistency.target")];
    if (iterations < 4) expectGolden(refined(start, target), name);
    // many rounds as the compiled graph alone: tfjs takes seconds for them
    const program = await compileOn(
      "graph",
      (given) => ({ refined: refined(given["start"], given["target"]) }),
      {
        inputs: { start: { shape: start.shape }, target: { shape: target.shape } },
      },
    );
    const { refined: values } = await program.run({
      start: { data: start.dataSync() as Float32Array, shape: start.shape },
      target: { data: target.dataSync() as Float32Array, shape: target.shape },
    });
    expectGolden(values.data as Float32Array, name);
  });

  it.each([
    ["hifigan-22k-80", 2],
    ["hifigan-22k-80", 9],
    ["bigvgan-24k-100", 5],
  ])("is the CPU's version in the format %s over %i frames", async (name, frames) => {
    const format = findPreset(name);
    const { bands, hopLength } = format;
    const normals = (count: number, step: number): Float32Array =>
      fillNormals(new Float32Array(count), { seed: 5, step });
    const samples = normals(2 * frames * hopLength, 0).map((value) => 0.1 * value);
    const values = normals(2 * frames * bands, 1).map((value) => value - 4);
    const options = { iterations: 4, exponent: 1.2, momentum: 0.7 };
    const consistency = createMelConsistency(format);
    const refined = refineWaveform(
      consistency,
      tf.tensor2d(samples, [2, frames * hopLength]),
      tf.tensor3d(values, [2, frames, bands]),
      options,
    ).dataSync();
    for (const item of [0, 1]) {
      const part = (all: Float32Array): Float32Array =>
        all.subarray((item * all.length) / 2, ((item + 1) * all.length) / 2);
      const target = { frames, format, values: part(values) };
      const expected = await refine(part(samples), target, options);
      expect(difference(part(refined as Float32Array), expected)).toBeLessThan(1e-4);
    }
  });

  it("refuses a format whose frames are not centred on their hop", () => {
    expect(() => createMelConsistency(findPreset("tacotron2-22k-80"))).toThrow(/padding 'center'/);
  });
});
