import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { createMdct } from "../../../src/models/layers/mdct.js";
import { colour, createSpectralPrior, logSigma, whiten } from "../../../src/models/prior/graph.js";
import { findPreset } from "../../../src/mel/presets.js";
import { initialise } from "../../../src/training/start-weights.js";
import { spectralPriorWeights } from "../../../src/models/prior/shape.js";
import { weightsOf } from "../../../src/models/weights.js";
import { expectGolden, goldenTensor } from "../../support/golden.js";
import { asTensors, goldenFormat, goldenWeights } from "../../support/golden-model.js";

const prior = createSpectralPrior(goldenFormat);

function largest(x: tf.Tensor): number {
  return tf.max(tf.abs(x)).dataSync()[0];
}

describe("the spectral prior", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it("interpolates between the bands' centres as the reference does", () => {
    expectGolden(tf.transpose(tf.tensor2d(prior.interpolation, [80, 256])), "prior.interpolation");
    expectGolden(prior.logBandSum, "prior.logBandSum");
  });

  it("has the reference's log σ", () => {
    const weights = weightsOf(asTensors(goldenWeights("prior")));
    expectGolden(logSigma(prior, weights, goldenTensor("mel")), "prior.logSigma");
  });

  it("lists the weights that the reference has", () => {
    const reference = goldenWeights("prior");
    const specs = spectralPriorWeights(prior);
    expect(specs.map(({ name }) => name).sort()).toEqual(Object.keys(reference).sort());
    for (const { name, shape } of specs) expect(reference[name].shape, name).toEqual(shape);
  });

  it("shifts log σ by the gain of the speech", () => {
    const weights = weightsOf(asTensors(goldenWeights("prior")));
    const quiet = logSigma(prior, weights, goldenTensor("mel"));
    const loud = logSigma(prior, weights, tf.add(goldenTensor("mel"), 1.5));
    expect(largest(tf.sub(tf.sub(loud, quiet), 1.5))).toBeLessThan(1e-5);
  });

  it("follows no mel below the noise of 16 bits: a format's lower floor does not make σ smaller", () => {
    expect(prior.leastMel).toBeUndefined();
    const deep = createSpectralPrior(findPreset("vocos-24k-100"));
    const weights = weightsOf(asTensors(initialise(spectralPriorWeights(deep), 1)));
    const at = (mel: ArrayLike<number>): tf.Tensor =>
      logSigma(deep, weights, tf.tile(tf.tensor3d([...Float32Array.from(mel)], [1, 1, 100]), [1, 4, 1]));
    const least = deep.leastMel!;
    expect(largest(tf.sub(at(least.map(() => Math.log(1e-7))), at(least)))).toBe(0);
    expect(largest(tf.sub(tf.sub(at(least.map((value) => value + 2)), at(least)), 2))).toBeLessThan(1e-5);
    // −100 dB beside a sine of amplitude 1
    const middle = tf.mean(at(least)).dataSync()[0] / Math.log(10);
    expect(20 * middle).toBeGreaterThan(-106);
    expect(20 * middle).toBeLessThan(-96);
  });

  it("colours what it whitened back", () => {
    const transform = createMdct(256);
    const sigma = tf.exp(goldenTensor("prior.logSigma"));
    const signal = goldenTensor("net.z");
    const whitened = whiten(transform, signal, sigma);
    expect(largest(tf.sub(whitened, signal))).toBeGreaterThan(0.1);
    expect(largest(tf.sub(colour(transform, whitened, sigma), signal)) / largest(signal)).toBeLessThan(1e-4);
  });
});
