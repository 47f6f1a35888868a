// A trained mask-net's weights for another mel format: what the transferred network computes, checked against the old one.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { bandCentres, weightGains } from "../../../src/mel/bank.js";
import type { MelFormat } from "../../../src/mel/format.js";
import { findPreset } from "../../../src/mel/presets.js";
import { encodeMel } from "../../../src/models/layers/conv-next-block.js";
import { featureCount, type MaskNetConfig, maskNetWeights } from "../../../src/models/mask-net/shape.js";
import { transferFault, transferWeights } from "../../../src/models/mask-net/transfer.js";
import { weightsOf, within, type WeightValue } from "../../../src/models/weights.js";
import { initialise } from "../../../src/training/start-weights.js";
import { fillNormals } from "../../../src/diffusion/noise.js";

const shape: MaskNetConfig = {
  windowLengths: [256, 64],
  channels: 6,
  expanded: 8,
  dilations: [1],
  corrections: 1,
  levelWidth: 4,
  encoder: { channels: 5, expanded: 7, dilations: [1] },
};
const sizes = { fftSize: 256, hopLength: 64, windowLength: 256 };
const from: MelFormat = { ...findPreset("hifigan-22k-80"), ...sizes, bands: 12 };
const to: MelFormat = { ...findPreset("vocos-24k-100"), ...sizes, bands: 15 };
const count = featureCount(shape, 64);

/** Random weights by a checkpoint's names, and the excitation model's and the prior's that stay behind. */
function trained(): Record<string, WeightValue> {
  const values = initialise(maskNetWeights(shape, from.bands, from.hopLength), 1);
  const named = Object.entries(values).map(
    ([name, { data, shape: sizesOf }], index): [string, WeightValue] => [
      `denoiser.${name}`,
      { data: fillNormals(new Float32Array(data.length), { seed: 2, step: index }), shape: sizesOf },
    ],
  );
  return { ...Object.fromEntries(named), "prior.bias": { data: Float32Array.of(1), shape: [1] } };
}

function tensors(weights: Readonly<Record<string, WeightValue>>): Record<string, tf.Tensor> {
  const own = Object.entries(weights).filter(([name]) => name.startsWith("denoiser."));
  return Object.fromEntries(
    own.map(([name, { data, shape: sizesOf }]) => [
      name.slice("denoiser.".length),
      tf.tensor(data, [...sizesOf]),
    ]),
  );
}

/** Straight lines through points, constant beyond them. */
function lineThrough(x: ArrayLike<number>, y: ArrayLike<number>, at: number): number {
  const upper = Array.from(x).findIndex((value) => value > at);
  if (upper === 0) return y[0];
  if (upper < 0) return y[y.length - 1];
  return y[upper - 1] + ((y[upper] - y[upper - 1]) * (at - x[upper - 1])) / (x[upper] - x[upper - 1]);
}

describe("a mask-net's weights for another mel format", () => {
  beforeAll(() => tf.setBackend("cpu"));

  it("are what they were where the format is the same, without the prior", () => {
    const own = Object.entries(trained()).filter(([name]) => name.startsWith("denoiser."));
    expect(transferWeights(trained(), shape, from, from)).toEqual(Object.fromEntries(own));
  });

  it("have the shapes that the network has for the new format", () => {
    const changed = transferWeights(trained(), shape, from, to);
    const specs = maskNetWeights(shape, to.bands, to.hopLength);
    expect(Object.fromEntries(Object.entries(changed).map(([name, value]) => [name, value.shape]))).toEqual(
      Object.fromEntries(specs.map((spec) => [`denoiser.${spec.name}`, spec.shape])),
    );
  });

  it("encode a mel as the old ones encode the same spectrum in the old bands", () => {
    const [oldCentres, newCentres] = [from, to].map((format) => bandCentres(format));
    const [oldGains, newGains] = [from, to].map((format) => weightGains(format));
    const frames = 24;
    const given = fillNormals(new Float32Array(frames * to.bands), { seed: 3, step: 0 });
    const old = Array.from({ length: frames }, (_, frame) => {
      const density = newGains.map((gain, band) => given[frame * to.bands + band] - gain);
      return Array.from(
        oldCentres,
        (centre, band) => lineThrough(newCentres, density, centre) + oldGains[band],
      );
    });
    const encoded = (weights: Readonly<Record<string, WeightValue>>, mel: tf.Tensor3D): tf.Tensor =>
      tf.slice(
        encodeMel(shape.encoder, within(weightsOf(tensors(weights)), "encoder"), mel),
        [0, 10, 0],
        [1, 4, 6],
      );
    const before = encoded(trained(), tf.tensor3d([old]));
    const after = encoded(
      transferWeights(trained(), shape, from, to),
      tf.tensor3d(given, [1, frames, to.bands]),
    );
    expect(tf.max(tf.abs(before)).dataSync()[0]).toBeGreaterThan(0.1);
    expect(tf.max(tf.abs(tf.sub(after, before))).dataSync()[0]).toBeLessThan(1e-4);
  });

  it("give each band and bin what the old ones gave at its frequency, and beyond their band what they gave at its end", () => {
    const weights = trained();
    const frequencies = (format: MelFormat): number[] => {
      const bins = shape.windowLengths.flatMap((length) =>
        Array.from({ length: 256 / length }, () =>
          Array.from({ length: length / 2 + 1 }, (_, bin) => (bin * format.sampleRate) / length),
        ).flat(),
      );
      const bands = Array.from({ length: 4 }, () => [...bandCentres(format)]).flat();
      return [...bins, ...bins, ...bands];
    };
    const bias = Float32Array.from(frequencies(from));
    weights["denoiser.output.bias"] = { data: bias, shape: [bias.length] };
    const { data } = transferWeights(weights, shape, from, to)["denoiser.output.bias"];
    const [oldCentres] = [bandCentres(from)];
    frequencies(to).forEach((frequency, output) => {
      const [low, high] =
        output < 2 * count ? [0, from.sampleRate / 2] : [oldCentres[0], oldCentres[from.bands - 1]];
      expect(Math.abs(data[output] - Math.min(high, Math.max(low, frequency)))).toBeLessThan(0.01);
    });
  });

  it("take from features that are alike what the old ones took", () => {
    const old = trained()["denoiser.input.weight"].data;
    const { data } = transferWeights(trained(), shape, from, to)["denoiser.input.weight"];
    for (let column = 0; column < 6; column++) {
      const [before, after] = [old, data].map((values) =>
        values.reduce((sum, value, i) => (i % 6 === column ? sum + value : sum), 0),
      );
      expect(after).toBeCloseTo(before, 3);
    }
  });

  it("cannot be had for other transforms", () => {
    expect(transferFault(from, to)).toBeUndefined();
    expect(transferFault(from, { ...to, hopLength: 32 })).toContain("256 samples every 64");
  });
});
