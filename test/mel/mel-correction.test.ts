// One mel correction, frame by frame and in WebAssembly: both do the same, and any part of a waveform as they do the whole.
import { describe, expect, it } from "vitest";
import { computeMel } from "../../src/mel/analysis.js";
import type { MelFormat } from "../../src/mel/format.js";
import { findPreset } from "../../src/mel/presets.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { createMelCorrection } from "../../src/synthesis/thread.js";
import { FrameCorrection } from "../../src/synthesis/frame-correction.js";
import { correctionReach, type MelCorrection } from "../../src/mel/consistency.js";
import { KernelCorrection } from "../../src/kernel/kernel-correction.js";
import { clipSamples } from "../support/mel-reference.js";

const format = findPreset("hifigan-22k-80");
const frames = 150;
const speech = clipSamples("speech_22k").subarray(20 * 256, (20 + frames) * 256);
const target = computeMel(speech, format);
const start = fillNormals(new Float32Array(speech.length), { seed: 7, step: 0 }).map((value) => 0.1 * value);

const kinds: readonly (readonly [string, (format: MelFormat) => Promise<MelCorrection>])[] = [
  ["frame by frame", (each) => FrameCorrection.create(each)],
  ["in WebAssembly", (each) => KernelCorrection.create(each)],
];

describe.each(kinds)("a mel correction %s", (_, open) => {
  it("corrects a range of samples as it does in the whole, bit for bit", async () => {
    const correction = await open(target.format);
    const whole = new Float32Array(start.length);
    const total = start.length;
    const mel = { values: target.values, first: 0, total: target.frames };
    const waveform = { samples: start, first: 0, total };
    correction.correct(waveform, whole, 0, total, mel, 1);
    const parts = new Float32Array(start.length);
    for (const [from, to] of [
      [0, 1],
      [1, 300],
      [300, 5000],
      [5000, 5001],
      [5001, start.length],
    ]) {
      correction.correct(waveform, parts, from, to, mel, 1);
    }
    expect(parts).toEqual(whole);
    correction.dispose();
  });

  it("corrects a part that is cut out as far as it reaches, before the end is known", async () => {
    const correction = await open(target.format);
    const { hopLength, bands } = target.format;
    const reach = correctionReach(target.format);
    const whole = new Float32Array(start.length);
    const mel = { values: target.values, first: 0, total: target.frames };
    correction.correct({ samples: start, first: 0, total: start.length }, whole, 0, start.length, mel, 1);
    for (const [from, to] of [
      [0, 9],
      [30, 31],
    ]) {
      const first = Math.max(0, from - reach.waveform.framesBefore);
      const part = {
        samples: start.slice(first * hopLength, (to + reach.waveform.framesAfter) * hopLength),
        first: first * hopLength,
        total: Infinity,
      };
      const firstMel = Math.max(0, from - reach.mel.framesBefore);
      const values = target.values.slice(firstMel * bands, (to + reach.mel.framesAfter) * bands);
      const output = new Float32Array(part.samples.length);
      const range = [from * hopLength, to * hopLength] as const;
      correction.correct(part, output, ...range, { values, first: firstMel, total: Infinity }, 1);
      const kept = output.slice(range[0] - part.first, range[1] - part.first);
      expect(kept).toEqual(whole.slice(...range));
    }
    correction.dispose();
  });

  it("adds up the distances of mels", async () => {
    const correction = await open(format);
    const waveform = { samples: start, first: 0, total: start.length };
    const mel = { values: target.values, first: 0, total: frames };
    const own = computeMel(start, format).values;
    const { bands } = format;
    for (const [from, to] of [
      [0, frames],
      [3, 4],
      [70, 76],
    ]) {
      let expected = 0;
      for (let i = from * bands; i < to * bands; i++) expected += Math.abs(own[i] - target.values[i]);
      const distance = correction.distance(waveform, mel, from, to);
      expect(Math.abs(distance / expected - 1)).toBeLessThan(1e-5);
    }
    correction.dispose();
  });
});

describe("mel corrections", () => {
  it.each([1, 2, 3, 63, 64, 65, 150])("are the same in both forms on %i frames", async (count) => {
    const samples = start.subarray(0, count * 256);
    const mel = { values: target.values.subarray(0, count * 80), first: 0, total: count };
    const results = await Promise.all(
      kinds.map(async ([, open]) => {
        const correction = await open(format);
        const output = new Float32Array(samples.length);
        correction.correct({ samples, first: 0, total: samples.length }, output, 0, samples.length, mel, 1.2);
        return output;
      }),
    );
    const [largest, apart] = results[0].reduce<[number, number]>(
      ([value, difference], each, n) => [
        Math.max(value, Math.abs(each)),
        Math.max(difference, Math.abs(each - results[1][n])),
      ],
      [0, 0],
    );
    expect(apart / largest).toBeLessThan(1e-5);
  });

  it("are in WebAssembly for formats of four hops a power of two long", async () => {
    for (const [name, kind] of [
      ["hifigan-22k-80", KernelCorrection],
      ["tacotron2-22k-80", KernelCorrection],
      ["bigvgan-24k-100", KernelCorrection],
      ["wavegrad-24k-128", FrameCorrection],
    ] as const) {
      expect(await createMelCorrection(findPreset(name)), name).toBeInstanceOf(kind);
    }
  });
});
