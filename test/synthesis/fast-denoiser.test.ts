import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Program } from "../../src/engine/engine.js";
import { openEngine } from "../../src/host/node/engines.js";
import type { FastDenoiser } from "../../src/synthesis/fast-denoiser.js";
import {
  estimateFunction,
  type NetworkFunction,
  noiseFunction,
  openFastDenoiser,
} from "../../src/synthesis/network-functions.js";
import { convert } from "../../src/diffusion/parameterisation.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { randomTile } from "../support/random-tile.js";

const checkpoint = randomCheckpoint();
const { bands, hopLength } = checkpoint.config.mel;
const { channels } = checkpoint.config.denoiser.shape;

/** The largest difference, relative to the largest value. */
function difference(actual: Float32Array, expected: Float32Array): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...actual.map((value, n) => Math.abs(value - expected[n]))) / largest;
}

describe("the denoiser with its fast signal path", () => {
  let fast: FastDenoiser;
  let estimating: Program;
  let graph: Program;

  beforeAll(async () => {
    const runtime = await openEngine({ engine: "graph", device: "cpu", threads: 1, cacheFolder: null });
    fast = await openFastDenoiser(runtime, checkpoint);
    const compile = (network: NetworkFunction): Promise<Program> =>
      runtime.compile(network, network.signature);
    estimating = await compile(estimateFunction(checkpoint));
    graph = await compile(noiseFunction(checkpoint));
  }, 60_000);

  afterAll(async () => {
    await fast.dispose();
    await estimating.dispose();
    await graph.dispose();
  });

  it.each([
    [200, -4],
    [1, 8],
    [2, 0],
    [3, 3],
    [7, -2],
    [30, 8],
  ])("gives the graph's estimate, and its noise, on %i frames at log-SNR %i", async (frames, logSnr) => {
    const tile = randomTile(checkpoint, frames, logSnr);
    const given = {
      z: { data: tile.z, shape: [1, frames * hopLength] },
      logSnr: { data: Float32Array.of(logSnr), shape: [1] },
      mel: { data: tile.mel, shape: [1, frames, bands] },
      sigma: { data: tile.sigma, shape: [1, frames, hopLength] },
      encoded: { data: tile.encoded, shape: [1, frames, channels] },
    };
    const { x0 } = await estimating.run(given);
    const { noise } = await graph.run(given);
    const estimate = new Float32Array(tile.z.length);
    await fast.estimate(tile, estimate);
    const predicted = convert("x0", "epsilon", logSnr, tile.z, estimate);
    expect(difference(estimate, x0.data as Float32Array)).toBeLessThan(1e-4);
    expect(difference(predicted, noise.data as Float32Array)).toBeLessThan(1e-4);
  });
});
