import { describe, expect, it } from "vitest";
import { binSpreads } from "../../src/kernel/constants.js";
import { createMelAnalysis, melBandRows } from "../../src/mel/bank.js";
import type { MelFormat } from "../../src/mel/format.js";
import { findPreset, presetNames } from "../../src/mel/presets.js";

/** The same from the dense matrix that the networks take: the weights of all bands at a bin. */
function denseSpread(format: MelFormat, bin: number): number[] {
  const bins = format.fftSize / 2 + 1;
  const byFrequency = Int32Array.from({ length: bins }, (_, index) => index);
  const { spread, bands } = createMelAnalysis(format, byFrequency);
  return Array.from({ length: bands }, (_, band) => spread[band * bins + bin]);
}

describe("the bands that a bin takes its gain from", () => {
  it.each(presetNames())("are those of the network's matrix in %s", (name) => {
    const format = findPreset(name);
    const bins = format.fftSize / 2 + 1;
    const spreads = binSpreads(melBandRows(format), bins);
    expect(spreads).toHaveLength(bins);
    for (const bin of [0, 1, 2, 17, 100, 333, bins - 2, bins - 1]) {
      const { band, weights } = spreads![bin];
      const expected = denseSpread(format, bin);
      const found = expected.map((_, index) => (index < band ? 0 : (weights[index - band] ?? 0)));
      expect(found).toEqual(expected);
    }
  });

  it("are told to be too many where bands overlap by more than their neighbours", () => {
    const rows = [0, 1, 2].map((firstBin) => ({ firstBin, weights: Float64Array.of(1, 1, 1) }));
    expect(binSpreads(rows, 5)).toBeUndefined();
  });
});
