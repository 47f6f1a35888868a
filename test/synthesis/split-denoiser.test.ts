// Runs the built package, since a thread starts from a compiled file.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRuntime } from "../../dist/host/node/engines.js";
import type { FastDenoiser } from "../../dist/synthesis/fast-denoiser.js";
import { SplitDenoiser } from "../../dist/synthesis/split-denoiser.js";
import { openFastDenoiser } from "../../dist/synthesis/network-functions.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { randomTile } from "../support/random-tile.js";

const checkpoint = randomCheckpoint();

describe("the denoiser on several threads", () => {
  let split: SplitDenoiser;
  let whole: FastDenoiser;

  beforeAll(async () => {
    const runtime = await openRuntime({ engine: "graph", device: "cpu", threads: 1, cacheFolder: null });
    whole = await openFastDenoiser(runtime, checkpoint);
    split = await SplitDenoiser.create(runtime, checkpoint, "float32", 3);
  });

  afterAll(async () => {
    await split.dispose();
    await whole.dispose();
  });

  // one part, two and three, in any order, of lengths that are no multiples of four
  it.each([200, 47, 101, 345, 1, 202])("predicts one thread's noise on %i frames", async (frames) => {
    const tile = randomTile(checkpoint, frames, 1);
    const expected = await whole.noise(tile);
    const actual = await split.noise(tile);
    const largest = Math.max(...expected.map(Math.abs));
    const differences = actual.map((value, n) => Math.abs(value - expected[n]));
    expect(actual).toHaveLength(expected.length);
    expect(Math.max(...differences) / largest).toBeLessThan(1e-5);
  });

  it("gives the same bits again", async () => {
    const tile = randomTile(checkpoint, 250, -2);
    expect(await split.noise(tile)).toEqual(await split.noise(tile));
  });
});
