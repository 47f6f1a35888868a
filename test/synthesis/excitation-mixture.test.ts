// The mixture in WebAssembly against the one as a graph, and both against what they are made of.
import { describe, expect, it } from "vitest";
import { findPreset } from "../../src/audio/mel-format/mel-presets.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { openRuntime } from "../../src/runtime/engines.js";
import { GraphMixture, openMixture } from "../../src/synthesis/excitation-mixture.js";
import { KernelMixture } from "../../src/synthesis/signal/kernel-mixture.js";
import { largestDifference } from "../support/mel-pieces.js";

const format = findPreset("hifigan-22k-80");
const HOP = format.hopLength;
const runtime = await openRuntime({ engine: "graph", threads: 1, cacheFolder: null });

function signalOf(frames: number, step: number): Float32Array {
  return fillNormals(new Float32Array(frames * HOP), { seed: 3, step });
}

/** Voiced and unvoiced stretches; band voicing from 0 to 1, both included. */
function voicingOf(frames: number): [voiced: Float32Array, bandVoicing: Float32Array] {
  return [
    Float32Array.from({ length: frames }, (_, i) => (i % 7 < 4 ? 0.9 : 0.1)),
    Float32Array.from({ length: frames * 5 }, (_, i) => (i % 11) / 10),
  ];
}

describe("the mixture of pulses and noise", () => {
  it("is the graph's, for any number of frames and whatever came before", async () => {
    const kernel = await KernelMixture.create(HOP, format.sampleRate);
    const graph = await GraphMixture.create(runtime, format);
    for (const frames of [1, 2, 70, 3, 5, 131, 4]) {
      const parts = [signalOf(frames, 1), signalOf(frames, 2), ...voicingOf(frames)] as const;
      const [fast, slow] = [kernel.mix(...parts), await graph.mix(...parts)];
      expect(fast).toHaveLength(frames * HOP);
      expect(largestDifference(fast, slow)).toBeLessThan(1e-5);
    }
  });

  it("is the noise where there is no voice, and the pulses where all is voiced", async () => {
    const mixture = await openMixture(runtime, format);
    const [pulses, noise] = [signalOf(9, 1), signalOf(9, 2)];
    const all = new Float32Array(45).fill(1);
    const silent = await mixture.mix(pulses, noise, new Float32Array(9).fill(0.5), all);
    expect(largestDifference(silent, noise)).toBeLessThan(1e-5);
    const voiced = await mixture.mix(pulses, noise, new Float32Array(9).fill(0.51), all);
    expect(largestDifference(voiced, pulses)).toBeLessThan(1e-5);
  });

  it("is a graph where the kernel cannot do the hop", async () => {
    const odd = { ...format, hopLength: 300 };
    expect(KernelMixture.isSupported(300)).toBe(false);
    const mixture = await openMixture(runtime, odd);
    expect(mixture).toBeInstanceOf(GraphMixture);
    const noise = fillNormals(new Float32Array(3000), { seed: 1, step: 0 });
    const mixed = await mixture.mix(noise, noise, new Float32Array(10), new Float32Array(50));
    expect(largestDifference(mixed, noise)).toBeLessThan(1e-5);
    await mixture.dispose();
  });
});
