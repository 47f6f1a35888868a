// Runs the built package, since a thread starts from a compiled file.
import { describe, expect, it } from "vitest";
import { spawnAll } from "../../dist/host/node/threads.js";
import { ThreadPool } from "../../src/host/thread-pool.js";
import { computeMel } from "../../src/mel/analysis.js";
import type { Mel } from "../../src/mel/format.js";
import { findPreset } from "../../src/mel/presets.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { createMelCorrection, refine, type SynthesisTasks } from "../../src/synthesis/thread.js";
import { Refiner } from "../../src/synthesis/refinement.js";
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

async function refineWhole(refiner: Refiner, samples: Float32Array, mel: Mel): Promise<Float32Array> {
  const state = {
    first: 0,
    total: samples.length,
    current: shared(samples),
    starts: [shared(samples), sharedFloats(samples.length)] as const,
  };
  await refiner.refine(
    { state, target: { values: shared(mel.values), first: 0, total: mel.frames }, options },
    Array.from({ length: options.iterations }, () => [0, samples.length] as const),
  );
  return state.current.slice();
}

/** @param threads the calling one among them */
async function refinerOf(threads: number): Promise<{ pool: ThreadPool<SynthesisTasks>; refiner: Refiner }> {
  const pool = new ThreadPool<SynthesisTasks>(spawnAll("synthesis", threads - 1));
  return { pool, refiner: new Refiner(pool, await createMelCorrection(target.format)) };
}

describe("mel corrections by a pool of threads", () => {
  it.each([1, 2, 3])("gives what one thread gives, bit for bit, on %i threads", async (threads) => {
    const { pool, refiner } = await refinerOf(threads);
    expect(await refineWhole(refiner, start, target)).toEqual(await refine(start, target, options));
    await pool.dispose();
  });

  it("keeps waveforms apart that are refined at once", async () => {
    const { pool, refiner } = await refinerOf(2);
    const other = start.slice(0, 256 * 20);
    const otherTarget = { ...target, frames: 20, values: target.values.slice(0, 20 * 80) };
    const [first, second] = await Promise.all([
      refineWhole(refiner, start, target),
      refineWhole(refiner, other, otherTarget),
    ]);
    expect(first).toEqual(await refine(start, target, options));
    expect(second).toEqual(await refine(other, otherTarget, options));
    await pool.dispose();
  });

  it("goes on while the threads are told of something else", async () => {
    const { pool, refiner } = await refinerOf(2);
    const told = Array.from({ length: 20 }, () => pool.take(() => pool.askAll("load", undefined)));
    const expected = await refine(start, target, options);
    for (let round = 0; round < 5; round++) {
      expect(await refineWhole(refiner, start, target)).toEqual(expected);
    }
    await Promise.all(told);
    await pool.dispose();
  });
});
