// Runs the built package, since a thread starts from a compiled file.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEngine } from "../../dist/host/node/engines.js";
import type { Denoiser } from "../../dist/synthesis/denoiser.js";
import type { FastDenoiser, Tile } from "../../dist/synthesis/fast-denoiser.js";
import { spawnAll } from "../../dist/host/node/threads.js";
import { SplitDenoiser } from "../../dist/synthesis/split-denoiser.js";
import { openFastDenoiser } from "../../dist/synthesis/network-functions.js";
import { ThreadPool } from "../../dist/host/thread-pool.js";
import type { SynthesisPool, SynthesisTasks } from "../../dist/synthesis/thread.js";
import { convert } from "../../src/diffusion/parameterisation.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { randomTile } from "../support/random-tile.js";

const checkpoint = randomCheckpoint();

async function estimateOf(denoiser: Denoiser, tile: Tile): Promise<Float32Array> {
  const x0 = new Float32Array(tile.z.length);
  await denoiser.estimate(tile, x0);
  return x0;
}

/** The largest difference, relative to the largest value. */
function difference(actual: Float32Array, expected: Float32Array): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...actual.map((value, n) => Math.abs(value - expected[n]))) / largest;
}

describe("the denoiser on several threads", () => {
  const pool: SynthesisPool = new ThreadPool<SynthesisTasks>(spawnAll("synthesis", 2));
  let split: SplitDenoiser;
  let whole: FastDenoiser;

  beforeAll(async () => {
    const runtime = await openEngine({ engine: "graph", device: "cpu", threads: 1, cacheFolder: null });
    whole = await openFastDenoiser(runtime, checkpoint);
    split = await SplitDenoiser.create(runtime, checkpoint, "float32", pool);
  });

  afterAll(async () => {
    await split.dispose();
    await whole.dispose();
    await pool.dispose();
  });

  // one part, two and three, in any order, of lengths that are no multiples of four
  it.each([200, 47, 101, 345, 1, 202])(
    "gives one thread's estimate, and its noise, on %i frames",
    async (frames) => {
      const tile = randomTile(checkpoint, frames, 1);
      const [expected, actual] = [await estimateOf(whole, tile), await estimateOf(split, tile)];
      const noise = (x0: Float32Array): Float32Array => convert("x0", "epsilon", tile.logSnr, tile.z, x0);
      expect(difference(actual, expected)).toBeLessThan(1e-5);
      expect(difference(noise(actual), noise(expected))).toBeLessThan(1e-5);
    },
  );

  it("gives the same bits again", async () => {
    const tile = randomTile(checkpoint, 250, -2);
    expect(await estimateOf(split, tile)).toEqual(await estimateOf(split, tile));
  });
});
