import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import {
  downsamplingFactors,
  waveGradBase22k,
  waveGradHop,
  waveGradPaper24k,
  waveGradWeights,
} from "../../../src/models/wavegrad/shape.js";
import { waveGradNoise } from "../../../src/models/wavegrad/graph.js";
import { weightCount, type Weights } from "../../../src/models/weights.js";
import { BANDS, narrow, random, small, weightsFor } from "../../support/wavegrad-networks.js";

describe("WaveGrad", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  // With d(i, o, k) = k·i·o + o for a convolution of k taps:
  //   wave d(1,32,5) = 192, mel d(80,768,3) = 185 088, output d(128,1,3) = 385
  //   down d(i,o,1) + d(i,o,3) + 2·d(o,o,3):
  //     32→128 115 200, 128→128 164 352, 128→256 525 312, 256→512 2 099 200, together 2 904 064
  //   FiLM d(i,i,3) + d(i,2o,3):
  //     32→128 27 936, 128→128 147 840, 128→256 246 400, 256→512 984 320, 512→512 2 360 832, together 3 767 328
  //   up d(i,o,1) + d(i,o,3) + 3·d(o,o,3):
  //     768→512 3 934 720, 512→512 3 410 432, 512→256 1 115 392, 256→128 279 168, 128→128 213 632, together 8 953 344
  // The paper's 128 bands add 48·3·768 = 110 592 to the mel's convolution; factors change nothing.
  it("has the Base network's weights", () => {
    const base = 192 + 185_088 + 385 + 2_904_064 + 3_767_328 + 8_953_344;
    expect(base).toBe(15_810_401);
    expect(weightCount(waveGradWeights(waveGradBase22k, 80))).toBe(base);
    expect(weightCount(waveGradWeights(waveGradPaper24k, 128))).toBe(base + 110_592);
  });

  it.each([
    ["22.05 kHz", waveGradBase22k, 256, [4, 4, 4, 2, 2], [2, 2, 4, 4]],
    ["the paper's 24 kHz", waveGradPaper24k, 300, [5, 5, 3, 2, 2], [2, 2, 3, 5]],
  ])("has the paper's factors and dilations for %s", (_, config, hop, up, down) => {
    expect(waveGradHop(config)).toBe(hop);
    expect(config.upsampling.map(({ factor }) => factor)).toEqual(up);
    expect(downsamplingFactors(config)).toEqual(down);
    // the long dilations come first, at the low rates
    const [long, short] = [
      [1, 2, 4, 8],
      [1, 2, 1, 2],
    ];
    expect(config.upsampling.map(({ dilations }) => dilations)).toEqual([long, long, long, short, short]);
  });

  it("starts with orthogonal products and without biases", () => {
    for (const { name, start } of waveGradWeights(waveGradBase22k, 80)) {
      expect(start, name).toEqual(
        name.endsWith(".bias") ? { kind: "constant", value: 0 } : { kind: "orthogonal" },
      );
    }
  });

  it("reads each weight of its list", () => {
    const read = new Set<string>();
    const weights = weightsFor(narrow);
    const recording: Weights = (name) => {
      read.add(name);
      return weights(name);
    };
    const hop = waveGradHop(narrow);
    const noise = waveGradNoise(narrow, recording, {
      z: random(1, [1, 2 * hop]),
      logSnr: tf.tensor1d([0]),
      mel: random(2, [1, 2, BANDS]),
    });
    expect(noise.shape).toEqual([1, 2 * hop]);
    expect([...read].sort()).toEqual(
      waveGradWeights(narrow, BANDS)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it("predicts no noise while its output layer is zero", () => {
    const weights = weightsFor(small);
    const zeroed: Weights = (name) =>
      name.startsWith("output.") ? tf.zerosLike(weights(name)) : weights(name);
    const inputs = { z: random(1, [2, 72]), logSnr: tf.tensor1d([0, 2]), mel: random(2, [2, 3, BANDS]) };
    expect(tf.max(tf.abs(waveGradNoise(small, zeroed, inputs))).dataSync()[0]).toBe(0);
    expect(tf.max(tf.abs(waveGradNoise(small, weights, inputs))).dataSync()[0]).toBeGreaterThan(0.01);
  });

  it("treats each item of a batch by itself", () => {
    const weights = weightsFor(small);
    const z = random(1, [2, 72]);
    const mel = random(2, [2, 3, BANDS]);
    const logSnr = tf.tensor1d([-3, 2]);
    const both = waveGradNoise(small, weights, { z, logSnr, mel });
    for (const item of [0, 1]) {
      const alone = waveGradNoise(small, weights, {
        z: tf.slice(z, [item, 0], [1, 72]),
        logSnr: tf.slice(logSnr, [item], [1]),
        mel: tf.slice(mel, [item, 0, 0], [1, 3, BANDS]),
      });
      const inBatch = tf.slice(both, [item, 0], [1, 72]);
      expect(tf.max(tf.abs(tf.sub(alone, inBatch))).dataSync()[0]).toBeLessThan(1e-5);
    }
  });

  it("sees the level and the mel", () => {
    const weights = weightsFor(small);
    const inputs = { z: random(1, [1, 72]), logSnr: tf.tensor1d([1]), mel: random(2, [1, 3, BANDS]) };
    const noise = waveGradNoise(small, weights, inputs);
    const differs = (change: Partial<typeof inputs>): number =>
      tf.max(tf.abs(tf.sub(waveGradNoise(small, weights, { ...inputs, ...change }), noise))).dataSync()[0];
    expect(differs({ logSnr: tf.tensor1d([1.01]) })).toBeGreaterThan(1e-3);
    expect(differs({ mel: random(3, [1, 3, BANDS]) })).toBeGreaterThan(1e-3);
  });

  it("encodes 5000·√ᾱ", () => {
    // only the encoding passes: without weights before it, and with the rest adding up all that comes
    const weights = weightsFor(small);
    const count = 2;
    const level = 0.7;
    const alphaBar = 1 / (1 + Math.exp(-level));
    const phases = Array.from(
      { length: count },
      (_, i) => 5000 * Math.sqrt(alphaBar) * 10000 ** (-i / count),
    );
    const expected = [...phases.map(Math.sin), ...phases.map(Math.cos)];
    const seen: number[] = [];
    for (let channel = 0; channel < 2 * count; channel++) {
      // film.0 shifts by the encoding's channel, which alone reaches the output through the last residual
      const chosen: Weights = (name) => {
        const zeros = tf.zerosLike(weights(name));
        const { shape } = zeros;
        const at = (...place: number[]): tf.Tensor => {
          const buffer = tf.buffer(shape);
          buffer.set(1, ...place);
          return buffer.toTensor();
        };
        if (name === "film.0.output.weight") return at(1, channel, 2);
        if (name === "up.2.convolutions.1.weight") return at(1, 0, 0);
        if (name === "output.weight") return at(1, 0, 0);
        return zeros;
      };
      const noise = waveGradNoise(small, chosen, {
        z: tf.zeros([1, 24]),
        logSnr: tf.tensor1d([level]),
        mel: tf.zeros([1, 1, BANDS]),
      });
      const value = noise.dataSync()[12];
      seen.push(value < 0 ? value / 0.2 : value);
    }
    seen.forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index], 2);
    });
  });
});
