import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { fillNormals } from "../../../src/diffusion/noise.js";
import {
  createGridMdct,
  createGridTransform,
  fromGrid,
  gridBins,
  gridMdct,
  gridOfSpectra,
  gridSpectra,
  insideGrid,
  inverseGridMdct,
  powerOfParts,
  rowPlaces,
  toGrid,
} from "../../../src/models/layers/hop-grid.js";
import { createMdct, mdct } from "../../../src/models/layers/mdct.js";

function noise(batch: number, samples: number): tf.Tensor {
  return tf.tensor2d(fillNormals(new Float32Array(batch * samples), { seed: 5, step: 0 }), [batch, samples]);
}

function largest(x: tf.Tensor): number {
  return tf.max(tf.abs(x)).dataSync()[0];
}

describe.each([4, 16, 64])("a grid of hops of %i samples", (hop) => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it("holds every place of the hop once, each next to its mirror image", () => {
    const places = rowPlaces(hop);
    expect([...places].sort((a, b) => a - b)).toEqual([...Array(hop).keys()]);
    for (let row = 0; row < hop; row += 2) expect(places[row] + places[row + 1]).toBe(hop - 1);
  });

  it.each([1, 2, 7])("leads back to the signal, over %i frames", (frames) => {
    const signal = noise(2, frames * hop);
    const grid = toGrid(signal, hop);
    expect(grid.shape).toEqual([2, hop, 1, frames + 1]);
    expect(fromGrid(grid).dataSync()).toEqual(signal.dataSync());
  });

  it("has the spectra's powers by definition", () => {
    const [length, frames, frame] = [4 * hop, 6, 2];
    const transform = createGridTransform(hop);
    const signal = noise(1, frames * hop);
    const values = signal.dataSync();
    const powers = powerOfParts(gridSpectra(transform, toGrid(signal, hop))).dataSync();
    const begin = frame * hop - 1.5 * hop;
    for (const [position, bin] of gridBins(transform).entries()) {
      const power = powers[position * frames + frame];
      if (bin < 0) {
        expect(power).toBe(0);
        continue;
      }
      let [real, imaginary] = [0, 0];
      for (let n = 0; n < length; n++) {
        const angle = (2 * Math.PI * n * bin) / length;
        const windowed = (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length)) * (values[begin + n] ?? 0);
        real += windowed * Math.cos(angle);
        imaginary -= windowed * Math.sin(angle);
      }
      expect(Math.abs(power - real ** 2 - imaginary ** 2)).toBeLessThan(1e-4 * length);
    }
  });

  it("is given back by its spectra, but for its ends", () => {
    const transform = createGridTransform(hop);
    const grid = toGrid(noise(2, 12 * hop), hop);
    const back = fromGrid(gridOfSpectra(transform, gridSpectra(transform, grid)));
    const inside = (x: tf.Tensor): tf.Tensor => tf.slice(x, [0, 2 * hop], [2, 8 * hop]);
    expect(largest(tf.sub(inside(back), inside(fromGrid(grid))))).toBeLessThan(1e-5);
  });

  it("has the coefficients of the MDCT, which lead back to it and to nothing outside", () => {
    const transform = createGridMdct(hop);
    for (const frames of [1, 2, 5]) {
      const signal = noise(2, frames * hop);
      const grid = toGrid(signal, hop);
      const coefficients = gridMdct(transform, grid);
      const expected = tf.transpose(mdct(createMdct(hop), signal), [0, 2, 1]);
      expect(largest(tf.sub(tf.squeeze(coefficients, [2]), expected))).toBeLessThan(1e-5);
      expect(largest(tf.sub(inverseGridMdct(transform, coefficients), grid))).toBeLessThan(1e-5);
    }
  });

  it("knows where the signal is", () => {
    const inside = insideGrid(createGridMdct(hop), 4);
    expect([...inside.dataSync()]).toEqual([...toGrid(tf.ones([1, 3 * hop]), hop).dataSync()]);
  });
});
