// Runs the built package, since a thread starts from a compiled file.
import { describe, expect, it } from "vitest";
import { RefinementPool } from "../../dist/synthesis/refinement-pool.js";
import { computeMel } from "../../src/audio/mel-analysis/mel.js";
import { findPreset } from "../../src/audio/mel-format/mel-presets.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { refine } from "../../src/synthesis/mel-consistency.js";

const target = computeMel(
  fillNormals(new Float32Array(256 * 40), { seed: 1, step: 0 }),
  findPreset("hifigan-22k-80"),
);
const start = fillNormals(new Float32Array(256 * 40), { seed: 2, step: 0 });
const options = { iterations: 5, exponent: 1.2, momentum: 0.7 };

describe("RefinementPool", () => {
  it.each([1, 2, 3])("gives what one thread gives, bit for bit, on %i threads", async (threads) => {
    const pool = new RefinementPool(threads);
    expect(await pool.refine(start, target, options)).toEqual(await refine(start, target, options));
    await pool.dispose();
  });

  it("keeps waveforms apart that are refined at once", async () => {
    const pool = new RefinementPool(2);
    const other = start.slice(0, 256 * 20);
    const otherTarget = { ...target, frames: 20, values: target.values.slice(0, 20 * 80) };
    const [first, second] = await Promise.all([
      pool.refine(start, target, options),
      pool.refine(other, otherTarget, options),
    ]);
    expect(first).toEqual(await refine(start, target, options));
    expect(second).toEqual(await refine(other, otherTarget, options));
    await pool.dispose();
  });
});
