import { describe, expect, it } from "vitest";
import { bandCentres } from "../../src/mel/bank.js";
import type { Mel } from "../../src/mel/format.js";
import { findPreset } from "../../src/mel/presets.js";
import { shiftMel } from "../../studio/vocoder/shift-mel.js";

const format = findPreset("hifigan-22k-80");
const centres = bandCentres(format);

/** One frame that has a value for each band. */
function melOf(valueAt: (band: number) => number): Mel {
  return {
    format,
    frames: 1,
    values: Float32Array.from({ length: format.bands }, (_, band) => valueAt(band)),
  };
}

describe("a mel that is shifted", () => {
  it("has at a frequency what lay a ratio below it", () => {
    // a line over frequency stays a line, for which the values between bands are exact
    const shifted = shiftMel(
      melOf((band) => -centres[band] / 1000),
      1200,
    );
    for (let band = 10; band < format.bands; band++)
      expect(shifted.values[band]).toBeCloseTo(-centres[band] / 2000, 4);
  });

  it("is silent where it comes from above the mel's range", () => {
    const { values } = shiftMel(
      melOf(() => 0),
      -1200,
    );
    expect(values[format.bands - 1]).toBeCloseTo(Math.log(format.floor), 5);
    expect(values[0]).toBe(0);
  });

  it("is the same without a shift", () => {
    const mel = melOf((band) => -band / 10);
    expect(shiftMel(mel, 0)).toBe(mel);
  });
});
