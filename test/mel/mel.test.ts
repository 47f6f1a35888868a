// Mels against librosa: every clip and format of test/fixtures/mel, and signals whose mel is known without a computer.
import { describe, expect, it } from "vitest";
import { MelFormatError } from "../../src/mel/format-fields.js";
import type { MelFormat } from "../../src/mel/format.js";
import { melBandRows } from "../../src/mel/bank.js";
import { frameCount } from "../../src/mel/frames.js";
import { findPreset, presetNames } from "../../src/mel/presets.js";
import { computeMel, TooShortForMelError } from "../../src/mel/analysis.js";
import { clipSamples, melReferences, referenceFormats, referenceValues } from "../support/mel-reference.js";

const formats = referenceFormats();

describe("mels of the reference clips", () => {
  it("cover every preset", () => {
    const covered = new Set(melReferences().map(({ formatName }) => formatName));
    expect([...covered]).toEqual(expect.arrayContaining(presetNames()));
  });

  it.each(melReferences())("$clip in $formatName is librosa's within 1e-5", ({ clip, formatName }) => {
    const format = formats.get(formatName)!;
    const mel = computeMel(clipSamples(clip), format);
    const expected = referenceValues(`${clip}.${formatName}`);
    expect([mel.frames, format.bands]).toEqual([expected.columns, expected.rows]);
    let largest = 0;
    mel.values.forEach((value, i) => {
      const frame = Math.floor(i / format.bands);
      largest = Math.max(largest, Math.abs(value - expected.at(i % format.bands, frame)));
    });
    expect(mel.values.length).toBe(expected.rows * expected.columns);
    expect(largest).toBeLessThanOrEqual(1e-5);
  });
});

describe("computeMel", () => {
  const hifigan = findPreset("hifigan-22k-80");

  it("gives the floor for silence where nothing is added under the root", () => {
    const mel = computeMel(new Float32Array(1000), findPreset("vocos-24k-100"));
    expect(new Set(mel.values)).toEqual(new Set([Math.fround(Math.log(1e-7))]));
  });

  it("gives a tone the level that window and bank give it by hand", () => {
    // a sine of amplitude 1 on FFT bin 32: the periodic Hann leaves 1024/4 in that bin, half of it in its neighbours
    const format: MelFormat = {
      ...hifigan,
      sampleRate: 16384,
      bands: 1,
      minFrequency: 480,
      maxFrequency: 544,
      norm: "none",
      magnitudeEpsilon: 0,
    };
    const tone = Float32Array.from({ length: 4096 }, (_, n) => Math.sin((2 * Math.PI * 32 * n) / 1024));
    const { frames, values } = computeMel(tone, format);
    expect(frames).toBe(16);
    // bin 32 is 512 Hz, where the triangle over 480–544 Hz (Slaney's scale is linear there) weighs 1; ½ a bin away
    expect(values[8]).toBeCloseTo(Math.log(256 + 2 * 0.5 * 128), 3);
  });

  it("moves by ln 2 where the samples are doubled", () => {
    const quiet = clipSamples("noise_odd_22k").map((sample) => sample / 2);
    const loud = quiet.map((sample) => 2 * sample);
    const format = { ...hifigan, magnitudeEpsilon: 0 };
    const before = computeMel(quiet, format).values;
    const after = computeMel(loud, format).values;
    after.forEach((value, i) => {
      expect(value - before[i]).toBeCloseTo(Math.LN2, 5);
    });
  });

  it.each([
    ["log10", Math.LOG10E],
    ["db", 20 * Math.LOG10E],
  ] as const)("in %s is the natural logarithm times a constant", (log, factor) => {
    const samples = clipSamples("impulse_22k");
    const natural = computeMel(samples, hifigan).values;
    const other = computeMel(samples, { ...hifigan, log }).values;
    other.forEach((value, i) => {
      expect(value).toBeCloseTo(natural[i] * factor, 4);
    });
  });

  it("needs one hop of samples with padding same, one sample with padding center", () => {
    expect(computeMel(new Float32Array(256), hifigan).frames).toBe(1);
    expect(() => computeMel(new Float32Array(255), hifigan)).toThrow(TooShortForMelError);
    expect(() => computeMel(new Float32Array(255), hifigan)).toThrow(
      "255 samples, too few for one mel frame",
    );
    const tacotron = findPreset("tacotron2-22k-80");
    expect(computeMel(Float32Array.of(0.5), tacotron).frames).toBe(1);
    expect(() => computeMel(new Float32Array(0), tacotron)).toThrow("The recording is empty");
  });

  it("counts frames as the format says", () => {
    for (const samples of [256, 257, 511, 512, 22050]) {
      expect(frameCount(hifigan, samples)).toBe(Math.floor(samples / 256));
      expect(frameCount({ ...hifigan, padding: "center" }, samples)).toBe(1 + Math.floor(samples / 256));
    }
  });

  it("refuses samples that are no numbers, and says where", () => {
    const samples = new Float32Array(22050).fill(0.1);
    samples[11025] = NaN;
    expect(() => computeMel(samples, hifigan)).toThrow(/Around 0\.4\d s the samples are not all numbers/);
    samples[11025] = Infinity;
    expect(() => computeMel(samples, hifigan)).toThrow(/not all numbers/);
  });

  it("refuses them too where the lowest band is so narrow that it sees none of them", () => {
    const narrow = { ...hifigan, bands: 512 };
    expect(melBandRows(narrow)[0].weights).toHaveLength(0);
    const samples = new Float32Array(22050).fill(0.1);
    samples[11025] = NaN;
    expect(() => computeMel(samples, narrow)).toThrow(/not all numbers/);
  });

  it("refuses a format that cannot be computed", () => {
    expect(() => computeMel(new Float32Array(4096), { ...hifigan, fftSize: 1000 })).toThrow(MelFormatError);
  });
});
