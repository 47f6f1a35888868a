import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Program } from "../../src/engine/engine.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { openEngine } from "../../src/host/node/engines.js";
import { KernelColour } from "../../src/kernel/kernel-mdct.js";
import { colourFunction } from "../../src/synthesis/network-functions.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";

const checkpoint = randomCheckpoint();
const { hopLength: hop } = checkpoint.config.mel;

/** A whitened waveform and σ of so many frames. */
function signalOf(frames: number): readonly [Float32Array, Float32Array] {
  const normals = (step: number): Float32Array =>
    fillNormals(new Float32Array(frames * hop), { seed: 5, step });
  return [normals(1), normals(2).map((value) => Math.exp(0.5 * value - 3))];
}

describe("the waveform of a whitened one in WebAssembly", () => {
  let graph: Program;
  let kernel: KernelColour;

  beforeAll(async () => {
    const runtime = await openEngine({ engine: "graph", device: "cpu", threads: 1, cacheFolder: null });
    const network = colourFunction(checkpoint);
    graph = await runtime.compile(network, network.signature);
    kernel = await KernelColour.create(hop);
  }, 60_000);
  afterAll(async () => {
    await graph.dispose();
  });

  // in any order, since it keeps memory for the longest
  it.each([40, 1, 7, 2, 101, 3])("is that of the graph, over %i frames", async (frames) => {
    const [whitened, sigma] = signalOf(frames);
    const { signal } = await graph.run({
      whitened: { data: whitened, shape: [1, whitened.length] },
      sigma: { data: sigma, shape: [1, frames, hop] },
    });
    const actual = kernel.colour(whitened, sigma);
    expect(actual).toHaveLength(signal.data.length);
    const largest = Math.max(...signal.data.map(Math.abs));
    const differences = actual.map((value, n) => Math.abs(value - signal.data[n]));
    expect(Math.max(...differences) / largest).toBeLessThan(1e-5);
  });

  it("does not depend on where a tile begins, to the last bit, two frames away from its ends", () => {
    const [whitened, sigma] = signalOf(96);
    const whole = kernel.colour(whitened, sigma);
    const [first, end] = [16, 61];
    const tile = kernel.colour(
      whitened.subarray(first * hop, end * hop),
      sigma.subarray(first * hop, end * hop),
    );
    const middle = tile.subarray(2 * hop, (end - first - 2) * hop);
    expect(middle).toEqual(whole.subarray((first + 2) * hop, (end - 2) * hop));
  });
});
