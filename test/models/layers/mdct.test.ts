import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { fillNormals } from "../../../src/diffusion/noise.js";
import { createMdct, inverseMdct, mdct } from "../../../src/models/layers/mdct.js";
import { expectGolden, goldenTensor } from "../../support/golden.js";

const transform = createMdct(256);

function noise(batch: number, samples: number): tf.Tensor {
  return tf.tensor2d(fillNormals(new Float32Array(batch * samples), { seed: 3, step: 0 }), [batch, samples]);
}

function energy(x: tf.Tensor): number {
  return (x.dataSync() as Float32Array).reduce((sum, value) => sum + value * value, 0);
}

describe("mdct", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it("has the reference's coefficients", () => {
    expectGolden(mdct(transform, goldenTensor("mdct.x")), "mdct.coefficients");
  });

  it.each([1, 2, 9])("is inverted by its transpose and keeps the energy, over %i frames", (frames) => {
    const signal = noise(2, 256 * frames);
    const coefficients = mdct(transform, signal);
    expect(coefficients.shape).toEqual([2, frames, 256]);
    const back = inverseMdct(transform, coefficients);
    expect(tf.max(tf.abs(tf.sub(back, signal))).dataSync()[0]).toBeLessThan(1e-5);
    expect(Math.abs(energy(coefficients) / energy(signal) - 1)).toBeLessThan(1e-6);
  });

  it("centres frame i on sample 256·i + 128, like the mel's", () => {
    const impulse = new Float32Array(256 * 8);
    impulse[256 * 3 + 128] = 1;
    const coefficients = mdct(transform, tf.tensor2d(impulse, [1, impulse.length]));
    const energies = tf.sum(tf.square(coefficients), 2).dataSync();
    expect(energies.indexOf(Math.max(...energies))).toBe(3);
    // the neighbours' windows end before it
    expect(energies[2] + energies[4]).toBeLessThan(1e-4);
  });
});
