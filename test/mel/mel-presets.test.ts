// Formats by name, side by side and in words.
import { describe, expect, it } from "vitest";
import { describeFormat, formatDifferences, formatsEqual } from "../../src/mel/format.js";
import { DEFAULT_PRESET, findPreset, presetNameOf, presetNames } from "../../src/mel/presets.js";

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
