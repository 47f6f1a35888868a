// The mixture in WebAssembly against the one as a graph, and both against what they are made of.
import { describe, expect, it } from "vitest";
import { findPreset } from "../../src/mel/presets.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { framePhases, pulses } from "../../src/models/excitation/pulse-train.js";
import { openEngine } from "../../src/host/node/engines.js";
import { GraphMixture, openMixture } from "../../src/synthesis/excitation.js";
import { RealFft } from "../../src/audio/real-fft.js";
import { KernelMixture } from "../../src/kernel/kernel-mixture.js";
import { largestDifference } from "../support/mel-pieces.js";

const format = findPreset("hifigan-22k-80");
const HOP = format.hopLength;
const FFT = 4096;
const fft = await RealFft.create(FFT);
const runtime = await openEngine({ engine: "graph", threads: 1, cacheFolder: null });

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

/** Mean power of each bin at unit density 1, over Hann windows that overlap by half. */
function powersOf(signal: Float32Array): Float64Array {
  const power = new Float64Array(FFT / 2);
  const count = Math.floor((2 * signal.length) / FFT) - 1;
  for (let window = 0; window < count; window++) {
    for (let n = 0; n < FFT; n++) {
      const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / FFT);
      fft.samples[n] = hann * signal[(window * FFT) / 2 + n];
    }
    fft.forward();
    for (let bin = 1; bin < power.length; bin++) {
      power[bin] += (fft.spectrum[2 * bin] ** 2 + fft.spectrum[2 * bin + 1] ** 2) / (0.375 * FFT * count);
    }
  }
  return power;
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

  it.each([80, 150, 300].flatMap((hertz) => [0, 0.5, 1].map((voicing) => [hertz, voicing] as const)))(
    "has a flat density at %i Hz and voicing %d",
    async (hertz, voicing) => {
      const frames = 240;
      const pitch = new Float32Array(frames).fill(hertz);
      const signal = pulses(pitch, framePhases(pitch, HOP, format.sampleRate), format.sampleRate, HOP);
      const mixture = await openMixture(runtime, format);
      const mixed = await mixture.mix(
        signal,
        signalOf(frames, 2),
        new Float32Array(frames).fill(1),
        new Float32Array(5 * frames).fill(voicing),
      );
      const power = powersOf(mixed.subarray(4 * HOP, -4 * HOP));
      const band = (10 * hertz * FFT) / format.sampleRate;
      // bands of ten harmonics, from half way before the first; the last ends below 9.5 kHz
      for (let from = band / 20; ((from + band) * format.sampleRate) / FFT < 9500; from += band) {
        const bins = power.subarray(Math.round(from), Math.round(from + band));
        const mean = bins.reduce((sum, value) => sum + value, 0) / bins.length;
        expect(Math.abs(10 * Math.log10(mean))).toBeLessThan(1);
      }
    },
  );

  it("makes no step where the voice begins and ends", async () => {
    const frames = 30;
    const hum = Float32Array.from({ length: frames * HOP }, (_, n) => Math.sin(n / 16));
    const voiced = Float32Array.from({ length: frames }, (_, i) => (i >= 10 && i < 20 ? 1 : 0));
    const mixture = await openMixture(runtime, format);
    const silence = new Float32Array(frames * HOP);
    const mixed = await mixture.mix(hum, silence, voiced, new Float32Array(5 * frames).fill(1));
    const steps = mixed.subarray(1).map((value, n) => Math.abs(value - mixed[n]));
    // the hum's own largest step is 1/16
    expect(Math.max(...steps)).toBeLessThan(1.5 / 16);
    expect(Math.max(...mixed.subarray(0, 9 * HOP).map(Math.abs))).toBeLessThan(1e-5);
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
