// The receptive field of WaveGrad from its config against the one found by moving its inputs.
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import type { Reach } from "../../../src/mel/frames.js";
import { type WaveGradConfig, waveGradHop, waveGradReach } from "../../../src/models/wavegrad/shape.js";
import { waveGradNoise } from "../../../src/models/wavegrad/graph.js";
import { BANDS, random, weightsFor } from "../../support/wavegrad-networks.js";

describe("what WaveGrad sees", () => {
  const tiny: WaveGradConfig = {
    melChannels: 2,
    waveChannels: 2,
    upsampling: [
      { factor: 3, channels: 2, dilations: [1, 2, 4, 1] },
      { factor: 4, channels: 2, dilations: [1, 2, 1, 2] },
    ],
    downsamplingChannels: [2],
    downsamplingDilations: [1, 2, 4],
  };

  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  /** Positions of an output that differ. */
  function changed(actual: tf.Tensor, expected: tf.Tensor): number[] {
    const differences = tf.abs(tf.sub(actual, expected)).dataSync();
    return [...differences.keys()].filter((index) => differences[index] !== 0);
  }

  it.each([
    ["an even factor", tiny],
    ["an odd factor", { ...tiny, upsampling: [tiny.upsampling[1], tiny.upsampling[0]] }],
    ["a factor of two", { ...tiny, upsampling: [tiny.upsampling[0], { ...tiny.upsampling[1], factor: 2 }] }],
  ])("is the reach computed from its config, with %s", (_, config) => {
    const hop = waveGradHop(config);
    const [count, middle] = [17, 8];
    const weights = weightsFor(config);
    const inputs = {
      z: random(1, [1, count * hop]),
      logSnr: tf.tensor1d([0]),
      mel: random(2, [1, count, BANDS]),
    };
    const noise = waveGradNoise(config, weights, inputs);
    const size = count * hop;
    const samples = { before: 0, after: 0 };
    const touched: number[] = [];
    for (let sample = middle * hop; sample < (middle + 1) * hop; sample++) {
      // large, so that what remains of it at the end of its reach is not rounded away
      const pulse = tf.mul(tf.oneHot(tf.tensor1d([sample], "int32"), size), 1e6);
      const places = changed(
        waveGradNoise(config, weights, { ...inputs, z: tf.add(inputs.z, pulse) }),
        noise,
      );
      samples.after = Math.max(samples.after, sample - Math.min(...places));
      samples.before = Math.max(samples.before, Math.max(...places) - sample);
      touched.push(...places);
    }
    // an output before the moved input sees it after its own place
    const inFrames = (places: number[]): Reach => ({
      framesBefore: Math.floor(Math.max(...places) / hop) - middle,
      framesAfter: middle - Math.floor(Math.min(...places) / hop),
    });
    const frame = tf.reshape(tf.mul(tf.oneHot(tf.tensor1d([middle], "int32"), count), 1e6), [1, count, 1]);
    const places = changed(
      waveGradNoise(config, weights, { ...inputs, mel: tf.add(inputs.mel, frame) }),
      noise,
    );
    const found = { samples, waveFrames: inFrames(touched), melFrames: inFrames(places) };
    expect(found).toEqual(waveGradReach(config));
    // the ends did not cut it short
    for (const { framesBefore, framesAfter } of [found.waveFrames, found.melFrames]) {
      expect(Math.max(framesBefore, framesAfter)).toBeLessThan(middle);
    }
  });
});
