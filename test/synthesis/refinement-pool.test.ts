// Runs the built package, since a thread starts from a compiled file.
import { describe, expect, it } from "vitest";
import { RefinementPool } from "../../dist/synthesis/refinement.js";
import { computeMel } from "../../src/mel/analysis.js";
import type { Mel } from "../../src/mel/format.js";
import { findPreset } from "../../src/mel/presets.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { refine } from "../../src/synthesis/consistency.js";
import { sharedFloats } from "../../src/synthesis/memory.js";

const target = computeMel(
  fillNormals(new Float32Array(256 * 40), { seed: 1, step: 0 }),
  findPreset("hifigan-22k-80"),
);
const start = fillNormals(new Float32Array(256 * 40), { seed: 2, step: 0 });
const options = { iterations: 5, exponent: 1.2, momentum: 0.7 };

function shared(values: Float32Array): Float32Array {
  const copy = sharedFloats(values.length);
  copy.set(values);
  return copy;
}

async function refineWhole(pool: RefinementPool, samples: Float32Array, mel: Mel): Promise<Float32Array> {
  const state = {
    first: 0,
    total: samples.length,
    current: shared(samples),
    starts: [shared(samples), sharedFloats(samples.length)] as const,
  };
  await pool.refine({
    state,
    format: mel.format,
    target: { values: shared(mel.values), first: 0, total: mel.frames },
    options,
    ranges: Array.from({ length: options.iterations }, () => [0, samples.length] as const),
  });
  return state.current.slice();
}

describe("RefinementPool", () => {
  it.each([1, 2, 3])("gives what one thread gives, bit for bit, on %i threads", async (threads) => {
    const pool = new RefinementPool(threads);
    expect(await refineWhole(pool, start, target)).toEqual(await refine(start, target, options));
    await pool.dispose();
  });

  it("keeps waveforms apart that are refined at once", async () => {
    const pool = new RefinementPool(2);
    const other = start.slice(0, 256 * 20);
    const otherTarget = { ...target, frames: 20, values: target.values.slice(0, 20 * 80) };
    const [first, second] = await Promise.all([
      refineWhole(pool, start, target),
      refineWhole(pool, other, otherTarget),
    ]);
    expect(first).toEqual(await refine(start, target, options));
    expect(second).toEqual(await refine(other, otherTarget, options));
    await pool.dispose();
  });
});
