// Where frames lie, and the reflection beyond a signal's ends.
import { describe, expect, it } from "vitest";
import {
  fewestSamples,
  frameCount,
  framePadding,
  frameStart,
  periodicHann,
  reflectedIndex,
} from "../../src/mel/frames.js";
import { findPreset } from "../../src/mel/presets.js";

const hifigan = findPreset("hifigan-22k-80");

function reflected(length: number, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => reflectedIndex(from + i, length));
}

describe("reflectedIndex", () => {
  it("leaves indices within the signal alone and mirrors at both ends without repeating them", () => {
    expect(reflected(5, -4, 9)).toEqual([4, 3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1, 0]);
  });

  it("reflects again and again where the signal is short", () => {
    // numpy.pad([0, 1, 2], (7, 7), mode="reflect")
    expect(reflected(3, -7, 10)).toEqual([1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1]);
    expect(reflected(1, -2, 3)).toEqual([0, 0, 0, 0, 0]);
  });
});

describe("mel frames", () => {
  it("are centred on sample 256·i + 128 with padding same, and on 256·i with padding center", () => {
    expect(frameStart(hifigan, 3) + 512).toBe(256 * 3 + 128);
    expect(frameStart(findPreset("tacotron2-22k-80"), 3) + 512).toBe(256 * 3);
  });

  it("round the padding of an odd hop down, as HiFi-GAN's code does", () => {
    const format = { ...hifigan, hopLength: 275 };
    expect(framePadding(format)).toBe(374);
    expect(fewestSamples(format)).toBe(276);
    expect(frameCount(format, 275)).toBe(0);
    expect(frameCount(format, 276)).toBe(1);
    expect(frameCount(format, 2 * 275 + 1)).toBe(2);
  });

  it.each(["hifigan-22k-80", "wavegrad-24k-128"])("of %s begin at the fewest samples", (name) => {
    const format = findPreset(name);
    expect(frameCount(format, fewestSamples(format))).toBe(1);
    expect(frameCount(format, fewestSamples(format) - 1)).toBe(0);
  });
});

describe("periodicHann", () => {
  it("is 0 at its first sample, 1 in its middle, ½ at its quarters", () => {
    const window = periodicHann(hifigan);
    expect([0, 256, 512, 768].map((n) => window[n])).toEqual([
      0,
      expect.closeTo(0.5),
      1,
      expect.closeTo(0.5),
    ]);
    expect(window[1023]).toBeGreaterThan(0);
  });

  it("sums to 2 with itself at a quarter of its length", () => {
    const window = periodicHann(hifigan);
    for (let n = 0; n < 256; n++) {
      expect(window[n] + window[n + 256] + window[n + 512] + window[n + 768]).toBeCloseTo(2, 12);
    }
  });

  it("stands in the middle of a longer FFT", () => {
    const window = periodicHann(findPreset("wavegrad-24k-128"));
    expect(window.findIndex((weight) => weight > 0)).toBe(425);
    expect(window[1024]).toBe(1);
    expect(window.findLastIndex((weight) => weight > 0)).toBe(424 + 1199);
  });
});
