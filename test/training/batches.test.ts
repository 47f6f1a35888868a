import { describe, expect, it } from "vitest";
import { findPreset } from "../../src/mel/presets.js";
import { heardBins } from "../../src/training/batches.js";

describe("heardBins", () => {
  it("leaves out what a slowed copy cannot hold, with the resampler's transition", () => {
    const { data, shape } = heardBins([1, 0.8, 1.25], findPreset("hifigan-22k-80"));
    expect(shape).toEqual([3, 1, 256]);
    const counted = [0, 1, 2].map((item) => data.subarray(item * 256, (item + 1) * 256).indexOf(0));
    // 0.95·0.8·256 = 194.56: up to 8.35 kHz
    expect(counted).toEqual([-1, 194, -1]);
    expect([...(data as Float32Array)].filter((value) => value === 1)).toHaveLength(256 + 194 + 256);
  });
});
