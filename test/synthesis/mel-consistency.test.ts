import { beforeAll, describe, expect, it } from "vitest";
import type { Mel } from "../../src/mel/format.js";
import { computeMel } from "../../src/mel/analysis.js";
import { findPreset } from "../../src/mel/presets.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { type RefinementOptions } from "../../src/mel/consistency.js";
import { refine } from "../../src/synthesis/thread.js";
import { clipSamples } from "../support/mel-reference.js";

const options: RefinementOptions = { iterations: 8, exponent: 1, momentum: 0.9 };

/** Mean distance of two log-mels. */
function melDistance(a: Mel, b: Mel): number {
  return a.values.reduce((sum, value, i) => sum + Math.abs(value - b.values[i]), 0) / a.values.length;
}

function noise(length: number): Float32Array {
  return fillNormals(new Float32Array(length), { seed: 7, step: 0 }).map((value) => 0.1 * value);
}

describe("mel consistency", () => {
  let target: Mel;
  let start: Float32Array;
  beforeAll(() => {
    const speech = clipSamples("speech_22k");
    const length = speech.length - (speech.length % 256);
    target = computeMel(speech.subarray(0, length), findPreset("hifigan-22k-80"));
    start = noise(length);
  });

  it("moves noise towards the mel of speech, further with more corrections", async () => {
    const distances = [melDistance(computeMel(start, target.format), target)];
    for (const iterations of [1, 4, 16]) {
      const refined = await refine(start, target, { ...options, iterations });
      distances.push(melDistance(computeMel(refined, target.format), target));
    }
    expect(distances).toEqual([...distances].sort((a, b) => b - a));
    expect(distances[3]).toBeLessThan(0.2);
  });

  it("leaves a waveform that already has the mel as it is", async () => {
    const speech = clipSamples("speech_22k").subarray(0, start.length);
    const refined = await refine(speech, target, options);
    const largest = refined.reduce((most, value, n) => Math.max(most, Math.abs(value - speech[n])), 0);
    // the clip's own spectrum needs gain 1; only float32 arithmetic moves it
    expect(largest).toBeLessThan(1e-4);
  });

  it("leaves its input alone and gives silence for silence", async () => {
    const silence = new Float32Array(2560);
    const mel = computeMel(silence, target.format);
    const copy = start.slice();
    await refine(start, target, { ...options, iterations: 1 });
    expect(start).toEqual(copy);
    expect((await refine(silence, mel, options)).every((value) => value === 0)).toBe(true);
  });

  it("takes a mel in any logarithm", async () => {
    const decibels: Mel = {
      ...target,
      format: { ...target.format, log: "db" },
      values: target.values.map((value) => (value * 20) / Math.LN10),
    };
    const [natural, inDecibels] = await Promise.all([
      refine(start, target, { ...options, iterations: 2 }),
      refine(start, decibels, { ...options, iterations: 2 }),
    ]);
    natural.forEach((value, n) => {
      expect(inDecibels[n]).toBeCloseTo(value, 4);
    });
  });

  it.each(["vocos-24k-100", "wavegrad-24k-128"])("works in the format %s", async (name) => {
    const format = findPreset(name);
    const speech = clipSamples("speech_24k").subarray(0, 24000);
    const mel = computeMel(speech, format);
    const refined = await refine(noise(speech.length), mel, { ...options, iterations: 16 });
    expect(melDistance(computeMel(refined, format), mel)).toBeLessThan(0.3);
  });
});
