// The filter bank against librosa.filters.mel, and against what can be worked out by hand.
import { describe, expect, it } from "vitest";
import {
  bandCentres,
  countEmptyBands,
  hertzToMel,
  melBandRows,
  melFilterBank,
  melToHertz,
} from "../../src/mel/bank.js";
import { findPreset, presetNames } from "../../src/mel/presets.js";
import { referenceValues } from "../support/mel-reference.js";

describe("melFilterBank", () => {
  it.each(["hifigan-22k-80", "vocos-24k-100", "wavegrad-24k-128"])("of %s is librosa's", (name) => {
    const format = findPreset(name);
    const bins = format.fftSize / 2 + 1;
    const bank = melFilterBank(format);
    const expected = new Float64Array(bank.length);
    const reference = referenceValues(`bank.${name}`);
    for (let row = 0; row < reference.rows; row++) {
      const [band, bin, weight] = [0, 1, 2].map((column) => reference.at(row, column));
      expected[band * bins + bin] = weight;
    }
    // the reference is rounded to float32 and leaves out what rounding left of zeros
    const wrong = bank.findIndex(
      (weight, i) => !(Math.abs(weight - expected[i]) < 6e-8 * expected[i] + 1e-12),
    );
    expect(wrong).toBe(-1);
    expect(reference.rows).toBeGreaterThan(format.bands);
  });

  it("gives each band the same area over frequency with norm slaney, and a peak of 1 with none", () => {
    const format = { ...findPreset("hifigan-22k-80"), fftSize: 65536, windowLength: 1024 };
    const binWidth = format.sampleRate / format.fftSize;
    for (const { weights } of melBandRows(format)) {
      expect(weights.reduce((sum, weight) => sum + weight * binWidth, 0)).toBeCloseTo(1, 3);
    }
    for (const { weights } of melBandRows({ ...format, norm: "none" })) {
      expect(Math.max(...weights)).toBeGreaterThan(0.98);
      expect(Math.max(...weights)).toBeLessThanOrEqual(1);
    }
  });
});

describe("melBandRows", () => {
  it("hold exactly the weights of the dense bank that are not 0", () => {
    const format = findPreset("wavegrad-24k-128");
    const bins = format.fftSize / 2 + 1;
    const dense = new Float64Array(format.bands * bins);
    melBandRows(format).forEach(({ firstBin, weights }, band) => {
      dense.set(weights, band * bins + firstBin);
      expect(weights.every((weight) => weight > 0)).toBe(true);
    });
    expect(dense.join()).toBe(melFilterBank(format).join());
  });

  it("are empty for bands that are too narrow to hold a bin", () => {
    const format = { ...findPreset("hifigan-22k-80"), fftSize: 256, windowLength: 256, hopLength: 64 };
    const empty = melBandRows(format).filter(({ weights }) => weights.length === 0);
    expect(empty.length).toBeGreaterThan(0);
  });
});

describe("countEmptyBands", () => {
  it("finds none in any preset, and those that are too narrow", () => {
    expect(presetNames().map((name) => countEmptyBands(findPreset(name)))).toEqual(
      presetNames().map(() => 0),
    );
    // bands peak at 100, 200, …, 900 Hz, the bins lie at 0, 500 and 1000 Hz: only the fifth sees one
    const coarse = {
      ...findPreset("hifigan-22k-80"),
      sampleRate: 16_000,
      fftSize: 32,
      maxFrequency: 1000,
      bands: 9,
    };
    expect(countEmptyBands(coarse)).toBe(8);
  });
});

describe("the mel scales", () => {
  it("meet their defining points", () => {
    expect(hertzToMel(1000, "slaney")).toBeCloseTo(15, 12);
    expect(hertzToMel(6400, "slaney")).toBeCloseTo(42, 12);
    expect(hertzToMel(200, "slaney")).toBeCloseTo(3, 12);
    expect(hertzToMel(700, "htk")).toBeCloseTo(2595 * Math.log10(2), 12);
    expect(hertzToMel(0, "htk")).toBe(0);
  });

  it.each(["slaney", "htk"] as const)("%s: Hz → mel → Hz comes back", (scale) => {
    for (const hertz of [0, 20, 999, 1000, 1001, 8000, 24000]) {
      expect(melToHertz(hertzToMel(hertz, scale), scale)).toBeCloseTo(hertz, 8);
    }
  });

  it("puts the bands' centres between the format's limits, equally spaced in mel", () => {
    const format = findPreset("hifigan-22k-80");
    const mels = [...bandCentres(format)].map((hertz) => hertzToMel(hertz, format.scale));
    const step = hertzToMel(8000, "slaney") / 81;
    mels.forEach((mel, band) => {
      expect(mel).toBeCloseTo(step * (band + 1), 9);
    });
  });
});
