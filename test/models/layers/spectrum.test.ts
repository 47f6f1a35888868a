import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { fillNormals } from "../../../src/diffusion/noise.js";
import {
  createShortTimeFourier,
  power,
  signalOfSpectra,
  spectra,
} from "../../../src/models/layers/spectrum.js";

function noise(samples: number): tf.Tensor {
  return tf.tensor2d(fillNormals(new Float32Array(samples), { seed: 5, step: 0 }), [1, samples]);
}

describe.each([16, 64, 256, 1024])("a short-time Fourier transform of %i samples", (length) => {
  const transform = createShortTimeFourier(length);
  const { hop, bins, order } = transform;

  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it("holds every bin once", () => {
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: bins }, (_, bin) => bin));
  });

  it("equals the transform's definition", () => {
    const samples = 6 * hop;
    const signal = noise(samples);
    const values = signal.dataSync();
    const [re, im] = tf
      .split(tf.concat([...spectra(transform, signal)], 3), 2, 2)
      .map((part) => part.dataSync());
    const frame = 2;
    const begin = frame * hop - (length - hop) / 2;
    for (const [position, bin] of order.entries()) {
      let [real, imaginary] = [0, 0];
      for (let n = 0; n < length; n++) {
        const angle = (2 * Math.PI * n * bin) / length;
        const windowed = (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length)) * (values[begin + n] ?? 0);
        real += windowed * Math.cos(angle);
        imaginary -= windowed * Math.sin(angle);
      }
      expect(re[frame * bins + position]).toBeCloseTo(real, 3);
      // some bins are there as their mirror images' conjugates
      expect(Math.abs(im[frame * bins + position])).toBeCloseTo(Math.abs(imaginary), 3);
    }
  });

  it("leads back to the signal, but for its ends", () => {
    const signal = noise(12 * hop);
    const back = signalOfSpectra(transform, spectra(transform, signal));
    const inside = (x: tf.Tensor): tf.Tensor => tf.slice(x, [0, 2 * hop], [1, 8 * hop]);
    expect(tf.max(tf.abs(tf.sub(inside(back), inside(signal)))).dataSync()[0]).toBeLessThan(1e-5);
  });

  it("has the power of white noise at every bin", () => {
    const mean = tf.mean(tf.concat(power(spectra(transform, noise(150 * length))), 2), [0, 1]).dataSync();
    for (const value of mean) expect(value / (0.375 * length)).toBeGreaterThan(0.75);
    for (const value of mean) expect(value / (0.375 * length)).toBeLessThan(1.25);
  });
});
