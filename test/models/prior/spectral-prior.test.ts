import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { createMdct } from "../../../src/models/layers/mdct.js";
import { colour, createSpectralPrior, logSigma, whiten } from "../../../src/models/prior/graph.js";
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

  it("colours what it whitened back", () => {
    const transform = createMdct(256);
    const sigma = tf.exp(goldenTensor("prior.logSigma"));
    const signal = goldenTensor("net.z");
    const whitened = whiten(transform, signal, sigma);
    expect(largest(tf.sub(whitened, signal))).toBeGreaterThan(0.1);
    expect(largest(tf.sub(colour(transform, whitened, sigma), signal)) / largest(signal)).toBeLessThan(1e-4);
  });
});
