// Of several voices the one that takes a mel best.
import { describe, expect, it } from "vitest";
import { bestTaker } from "../../src/mel/conversion.js";
import { findPreset } from "../../src/mel/presets.js";

const takers = ["hifigan-22k-80", "f5-24k-100", "vocos-24k-100"].map((name) => ({
  name,
  format: findPreset(name),
}));

describe("of several voices", () => {
  it.each([
    ["of that format, though one before it takes it without a loss", "vocos-24k-100", "vocos-24k-100"],
    ["that takes it without a loss", "tacotron2-22k-80", "hifigan-22k-80"],
    ["of its sample rate, into whose format it is converted", "bigvgan-24k-100", "f5-24k-100"],
    ["of no other sample rate", "bigvgan-44k-128", undefined],
  ])("a mel is for the one %s: %s", (_, format, wanted) => {
    expect(bestTaker(findPreset(format), takers)?.name).toBe(wanted);
  });
});
