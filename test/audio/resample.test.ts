import { describe, expect, it } from "vitest";
import { Resampler, resample, ResamplingError } from "../../src/audio/resample.js";

function tone(frequency: number, sampleRate: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, n) => 0.5 * Math.sin((2 * Math.PI * frequency * n) / sampleRate));
}

/** Ratio of powers in dB, the filter's reach at both ends left out. */
function decibels(numerator: Float32Array, denominator: Float32Array): number {
  const power = (samples: Float32Array): number =>
    samples.subarray(500, -500).reduce((sum, value) => sum + value * value, 0);
  return 10 * Math.log10(power(numerator) / power(denominator));
}

describe("resample", () => {
  it("keeps a 1 kHz tone from 48 to 22.05 kHz with 90 dB signal to noise, in time with the input", async () => {
    const resampled = await resample(tone(1000, 48000, 48000), 48000, 22050);
    const ideal = tone(1000, 22050, 22050);
    expect(resampled.length).toBe(22050);
    const noise = resampled.map((value, n) => value - ideal[n]);
    expect(decibels(ideal, noise)).toBeGreaterThan(90);
  });

  it("puts a 15 kHz tone, which 22.05 kHz cannot hold, 80 dB down", async () => {
    const resampled = await resample(tone(15000, 48000, 48000), 48000, 22050);
    expect(decibels(tone(1000, 22050, 22050), resampled)).toBeGreaterThan(80);
  });

  it.each([
    [44100, 22050],
    [16000, 22050],
    [8000, 48000],
    [22050, 22050],
    [192000, 8000],
  ])("makes round(n·to/from) samples from %i to %i Hz", async (from, to) => {
    for (const length of [1, 2, 999, 70_001]) {
      expect((await resample(new Float32Array(length), from, to)).length).toBe(
        Math.round((length * to) / from),
      );
    }
  });

  it("keeps the level of a constant up to the last sample but the filter's ripple", async () => {
    const resampled = await resample(new Float32Array(44100).fill(0.25), 44100, 22050);
    expect(resampled[11025]).toBeCloseTo(0.25, 5);
    expect(resampled.at(-200)).toBeCloseTo(0.25, 3);
  });

  it("gives the same samples whatever pieces they come in", async () => {
    const signal = tone(440, 44100, 30_000);
    const whole = await resample(signal, 44100, 24000);
    const resampler = await Resampler.create(44100, 24000);
    const pieces: number[] = [];
    for (let from = 0, size = 1; from < signal.length; from += size, size = (size * 7) % 4999) {
      pieces.push(...resampler.push(signal.subarray(from, from + size)));
    }
    pieces.push(...resampler.finish());
    expect(pieces.length).toBe(whole.length);
    pieces.forEach((value, n) => {
      expect(value).toBeCloseTo(whole[n], 6);
    });
  });

  it.each([
    [0, 22050],
    [22050, -1],
    [1000, 768_000],
    [Number.NaN, 22050],
  ])("refuses %d to %d Hz", async (from, to) => {
    await expect(resample(new Float32Array(10), from, to)).rejects.toBeInstanceOf(ResamplingError);
  });
});
