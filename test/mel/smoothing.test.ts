// Smoothed mels against SciPy, and what smoothing leaves alone.
import { describe, expect, it } from "vitest";
import { gaussian, smoothed } from "../../src/mel/smoothing.js";

const none = new Float32Array(20);

describe("a smoothed mel", () => {
  it("is that of scipy.ndimage.gaussian_filter1d with repeated edges", () => {
    // 5 frames of 4 bands: gaussian_filter1d(1.0, axis=0, mode="nearest"), then 0.7 along axis 1
    const mel = Float32Array.of(0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1, 1, 1, 1);
    const expected = [
      0.3867325, 0.2499801, 0.4498572, 0.3133489, 0.6337928, 0.247268, 0.391712, 0.8260565, 0.4390713,
      0.1901124, 0.4398229, 1.3231721, 0.3853866, 0.3340572, 0.5123451, 1.0611881, 0.706443, 0.7034956,
      0.7460828, 0.8690152,
    ];
    const made = smoothed(mel, 4, { bands: 0.7, frames: 1, noise: 0 }, none);
    made.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 6);
    });
  });

  it("without strength is the mel itself", () => {
    const mel = Float32Array.from({ length: 20 }, (_, i) => Math.sin(i * i));
    expect(smoothed(mel, 4, { bands: 0, frames: 0, noise: 0 }, none)).toEqual(mel);
  });

  it("has noise of the deviation that is asked for added to it", () => {
    const normals = Float32Array.from({ length: 20 }, (_, i) => i - 10);
    const made = smoothed(new Float32Array(20).fill(3), 4, { bands: 1, frames: 2, noise: 0.1 }, normals);
    made.forEach((value, i) => {
      expect(value).toBeCloseTo(3 + 0.1 * (i - 10), 6);
    });
  });
});

describe("the taps of a Gaussian", () => {
  it.each([0.3, 0.7, 1, 1.6])("of deviation %f are an odd, even-sided number whose sum is 1", (deviation) => {
    const taps = gaussian(deviation);
    expect(taps.length % 2).toBe(1);
    expect(taps.reduce((sum, tap) => sum + tap, 0)).toBeCloseTo(1, 12);
    expect([...taps]).toEqual([...taps].reverse());
    const middle = (taps.length - 1) / 2;
    expect(taps[middle + 1] / taps[middle]).toBeCloseTo(Math.exp(-0.5 / deviation ** 2), 12);
  });
});
