import { describe, expect, it } from "vitest";
import { melAssumptionFromOption } from "../../src/host/node/mel-files.js";
import { findPreset } from "../../src/mel/presets.js";

describe("melAssumptionFromOption", () => {
  it.each([
    ["log10", { encoding: { scale: "log10", mean: 0, deviation: 1 } }],
    ["DB", { encoding: { scale: "db", mean: 0, deviation: 1 } }],
    ["mean=-5.2, std=2.1", { encoding: { scale: "ln", mean: -5.2, deviation: 2.1 } }],
    ["db,mean=-40", { encoding: { scale: "db", mean: -40, deviation: 1 } }],
    [
      "tacotron2-22k-80",
      { format: findPreset("tacotron2-22k-80"), encoding: { scale: "ln", mean: 0, deviation: 1 } },
    ],
    [
      "unit,bigvgan-24k-100,fmax=11025",
      {
        format: { ...findPreset("bigvgan-24k-100"), maxFrequency: 11025 },
        encoding: { scale: "unit", mean: 0, deviation: 1 },
      },
    ],
  ])("reads %s", async (text, expected) => {
    expect(await melAssumptionFromOption(text)).toEqual(expected);
  });

  it.each([
    ["log10,db", "names log10 and db"],
    ["std=0", "has to be a number above 0"],
    ["mean=", "has to be a number"],
    ["mean=1,mean=2", "gives mean twice"],
    [" , ", "The mel format is empty"],
    ["nonesuch", "There is no mel format named 'nonesuch'"],
    ["log2", "say how its values are written: linear, ln, log10, db, unit, symmetric."],
  ])("refuses '%s'", async (text, words) => {
    await expect(melAssumptionFromOption(text)).rejects.toThrow(words);
  });
});
