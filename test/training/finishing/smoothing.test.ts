// Smoothed mels against SciPy, and what smoothing leaves alone.
import { describe, expect, it } from "vitest";
import { gaussian, smoothed } from "../../../src/training/finishing/smoothing.js";

const none = new Float32Array(20);

describe("a smoothed mel", () => {
  it("is that of scipy.ndimage.gaussian_filter1d with repeated edges, three deviations wide", () => {
    // 5 frames of 4 bands: gaussian_filter1d(1.0, axis=0, mode="nearest", truncate=3), then 0.7 along axis 1
    const mel = Float32Array.of(0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1, 1, 1, 1);
    const expected = [
      0.3867052, 0.2498739, 0.4497792, 0.3132671, 0.6337977, 0.2470979, 0.3915487, 0.8261091, 0.4389765,
      0.1898956, 0.4396534, 1.3233913, 0.3853015, 0.3339262, 0.5122339, 1.0613369, 0.7064846, 0.7035099,
      0.7460647, 0.8690932,
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
