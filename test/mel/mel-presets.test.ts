// Formats by name, side by side and in words.
import { describe, expect, it } from "vitest";
import { describeFormat, formatDifferences, formatsEqual, voiceFault } from "../../src/mel/format.js";
import {
  DEFAULT_PRESET,
  findPreset,
  presetAliases,
  presetNameOf,
  presetNames,
} from "../../src/mel/presets.js";

const hifigan = findPreset("hifigan-22k-80");

describe("mel presets", () => {
  it("begin with the default one, and each is found by its name and names itself", () => {
    expect(presetNames()[0]).toBe(DEFAULT_PRESET);
    for (const name of presetNames()) expect(presetNameOf(findPreset(name))).toBe(name);
    expect(presetNameOf({ ...hifigan, bands: 81 })).toBeUndefined();
  });

  it("are not found under names that every object has", () => {
    expect(() => findPreset("constructor")).toThrow("There is no mel format named 'constructor'");
  });
});

describe("formatDifferences", () => {
  it("lists each field that differs, with both values", () => {
    expect(formatDifferences(hifigan, findPreset("tacotron2-22k-80"))).toEqual([
      { field: "padding", first: "same", second: "center" },
      { field: "magnitudeEpsilon", first: 1e-9, second: 0 },
    ]);
  });

  it("is empty for equal formats", () => {
    expect(formatDifferences(hifigan, { ...hifigan })).toEqual([]);
    expect(formatsEqual(hifigan, { ...hifigan })).toBe(true);
    expect(formatsEqual(hifigan, { ...hifigan, log: "db" })).toBe(false);
  });
});

describe("describeFormat", () => {
  it("says everything in one line", () => {
    expect(describeFormat(hifigan)).toBe(
      "22050 Hz, FFT 1024, hop 256, window 1024, 80 slaney bands 0–8000 Hz (area-normalised), padding same, " +
        "magnitude epsilon 1e-9, ln of at least 1e-5",
    );
    expect(describeFormat({ ...findPreset("vocos-24k-100"), log: "db" })).toBe(
      "24000 Hz, FFT 1024, hop 256, window 1024, 100 htk bands 0–12000 Hz (peak 1), padding center, " +
        "dB (20·log10) of at least 1e-7",
    );
  });
});

describe("the formats of acoustic models", () => {
  it("are found by the models' names", () => {
    for (const [alias, preset] of presetAliases()) {
      expect(findPreset(alias)).toBe(findPreset(preset));
      expect(presetNames()).not.toContain(alias);
    }
    expect(presetNameOf(findPreset("chatterbox"))).toBe("cosyvoice2-24k-80");
    expect(presetNameOf(findPreset("indextts2"))).toBe("bigvgan-22k-80-full");
    expect(presetNameOf(findPreset("f5-tts"))).toBe("f5-24k-100");
  });

  it("are told apart from those that leave the fields out", () => {
    expect(formatDifferences(findPreset("matcha-22k-80"), hifigan)).toEqual([
      { field: "mean", first: -5.536622, second: 0 },
      { field: "deviation", first: 2.116101, second: 1 },
    ]);
    const said = { power: 1, logOffset: 0, mean: 0, deviation: 1, bankRate: 22050 } as const;
    expect(formatsEqual({ ...hifigan, ...said }, hifigan)).toBe(true);
    expect(formatsEqual({ ...hifigan, bankRate: 16000 }, hifigan)).toBe(false);
    const fields = formatDifferences(findPreset("styletts2-24k-80"), findPreset("wavegrad-24k-128")).map(
      ({ field }) => field,
    );
    expect(fields).toEqual(expect.arrayContaining(["power", "logOffset", "mean", "deviation", "bankRate"]));
  });

  it("say in one line what they do beside the logarithm", () => {
    expect(describeFormat(findPreset("styletts2-24k-80"))).toBe(
      "24000 Hz, FFT 2048, hop 300, window 1200, 80 htk bands 0–8000 Hz (peak 1), padding center, " +
        "bank built for 16000 Hz, ln of power, at least 1e-5 with 1e-5 added, minus -4, divided by 4",
    );
  });

  it("have no voice where their values are not plain logarithms of magnitudes", () => {
    expect(voiceFault(hifigan)).toBeUndefined();
    expect(voiceFault(findPreset("bigvgan-44k-128"))).toBeUndefined();
    expect(voiceFault(findPreset("zipvoice-24k-100"))).toContain("deviation is not");
    expect(voiceFault(findPreset("cosyvoice2-24k-80"))).toContain("1920, is not a power of two");
  });
});
