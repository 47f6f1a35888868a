import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Program } from "../../src/engine/engine.js";
import { openRuntime } from "../../src/host/node/engines.js";
import type { FastDenoiser } from "../../src/synthesis/fast-denoiser.js";
import { denoiserFunction, openFastDenoiser } from "../../src/synthesis/network-functions.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { randomTile } from "../support/random-tile.js";

const checkpoint = randomCheckpoint();
const { bands, hopLength } = checkpoint.config.mel;
const { channels } = checkpoint.config.denoiser.shape;

describe("the denoiser with its fast signal path", () => {
  let fast: FastDenoiser;
  let graph: Program;

  beforeAll(async () => {
    const runtime = await openRuntime({ engine: "graph", device: "cpu", threads: 1, cacheFolder: null });
    fast = await openFastDenoiser(runtime, checkpoint);
    const network = denoiserFunction(checkpoint);
    graph = await runtime.compile(network, network.signature);
  });

  afterAll(async () => {
    await fast.dispose();
    await graph.dispose();
  });

  it.each([
    [200, -4],
    [1, 8],
    [2, 0],
    [3, 3],
    [7, -2],
    [30, 8],
  ])("predicts the graph's noise on %i frames at log-SNR %i", async (frames, logSnr) => {
    const tile = randomTile(checkpoint, frames, logSnr);
    const { noise } = await graph.run({
      z: { data: tile.z, shape: [1, frames * hopLength] },
      logSnr: { data: Float32Array.of(logSnr), shape: [1] },
      mel: { data: tile.mel, shape: [1, frames, bands] },
      sigma: { data: tile.sigma, shape: [1, frames, hopLength] },
      encoded: { data: tile.encoded, shape: [1, frames, channels] },
    });
    const actual = await fast.noise(tile);
    const largest = Math.max(...noise.data.map(Math.abs));
    const differences = actual.map((value, n) => Math.abs(value - noise.data[n]));
    expect(Math.max(...differences) / largest).toBeLessThan(1e-4);
  });
});
