import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { findPreset } from "../../../src/mel/presets.js";
import { fillNormals } from "../../../src/diffusion/noise.js";
import { encodeMel } from "../../../src/models/layers/conv-next-block.js";
import { createMaskNet, maskNetEstimate } from "../../../src/models/mask-net/graph.js";
import { type MaskNetConfig, maskNetReach, maskNetWeights } from "../../../src/models/mask-net/shape.js";
import type { Reach } from "../../../src/mel/frames.js";
import { encoderReach } from "../../../src/models/layers/shapes.js";
import { type Weights, weightsOf, within } from "../../../src/models/weights.js";

const format = findPreset("hifigan-22k-80");
const hop = format.hopLength;
const base: MaskNetConfig = {
  windowLengths: [1024, 256],
  channels: 8,
  expanded: 8,
  dilations: [1, 2],
  corrections: 0,
  levelWidth: 8,
  encoder: { channels: 8, expanded: 8, dilations: [1, 2] },
};

function normals(count: number, step: number): Float32Array {
  return fillNormals(new Float32Array(count), { seed: 9, step });
}

function randomWeights(config: MaskNetConfig): Weights {
  const specs = maskNetWeights(config, format.bands, hop);
  return weightsOf(
    Object.fromEntries(
      specs.map(({ name, shape }, index) => {
        const values = normals(
          shape.reduce((product, size) => product * size, 1),
          index,
        ).map((value) => 0.3 * value);
        return [name, tf.tensor(values, [...shape])];
      }),
    ),
  );
}

/** Frames before and after the middle one in which two outputs [1, frames·each] differ. */
function spanOf(first: tf.Tensor, second: tf.Tensor, middle: number, each: number): Reach {
  const differences = tf.abs(tf.sub(first, second)).dataSync();
  const changed = [...differences.keys()].filter((n) => differences[n] > 0).map((n) => Math.floor(n / each));
  // an output before the perturbed frame sees it after its own
  return { framesBefore: Math.max(...changed) - middle, framesAfter: middle - Math.min(...changed) };
}

describe("reach", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it.each([
    { name: "no corrections", config: base },
    { name: "two corrections", config: { ...base, corrections: 2 } },
    { name: "no blocks", config: { ...base, dilations: [], corrections: 1 } },
  ])("of mask-net with $name is where a perturbed frame shows", ({ config }) => {
    const reach = maskNetReach(config, hop);
    const middle = reach.framesAfter + 3;
    const frames = middle + reach.framesBefore + 4;
    const net = createMaskNet(config, format);
    const weights = randomWeights(config);
    const z = normals(frames * hop, 100);
    const estimate = (values: Float32Array): tf.Tensor =>
      maskNetEstimate(net, weights, {
        z: tf.tensor2d(values, [1, values.length]),
        logSnr: tf.tensor1d([0]),
        mel: tf.tensor3d(normals(frames * format.bands, 101), [1, frames, format.bands]),
        // with equal σ the transforms would cancel and reach nowhere
        sigma: tf.exp(tf.tensor3d(normals(frames * hop, 104), [1, frames, hop])),
        encoded: tf.tensor3d(normals(frames * config.channels, 102), [1, frames, config.channels]),
      });
    const perturbed = z.slice();
    for (let n = middle * hop; n < (middle + 1) * hop; n++) perturbed[n] += 1;
    expect(spanOf(estimate(z), estimate(perturbed), middle, hop)).toEqual(reach);
  });

  it("of the encoder is where a perturbed mel frame shows", () => {
    const weights = within(randomWeights(base), "encoder");
    const reach = encoderReach(base.encoder);
    const middle = reach.framesAfter + 2;
    const frames = middle + reach.framesBefore + 3;
    const mel = normals(frames * format.bands, 103);
    const perturbed = mel.slice();
    perturbed.fill(0, middle * format.bands, (middle + 1) * format.bands);
    const encode = (values: Float32Array): tf.Tensor =>
      encodeMel(base.encoder, weights, tf.tensor3d(values, [1, frames, format.bands]));
    expect(spanOf(encode(mel), encode(perturbed), middle, base.channels)).toEqual(reach);
  });
});
