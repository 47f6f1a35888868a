// The reference's values on the engines that compute in other libraries than plain JavaScript, and a training step of
// mask-net there against the one in plain JavaScript.
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { fillNormals } from "../../src/diffusion/noise.js";
import { encodeMel } from "../../src/models/layers/conv-next-block.js";
import { inversePermutation, levelEmbedding, permute } from "../../src/models/layers/linear.js";
import { maskNetFeatures, maskNetNoise, melResidual } from "../../src/models/mask-net/graph.js";
import { mdct } from "../../src/models/layers/mdct.js";
import { createMelConsistency, refineWaveform } from "../../src/models/layers/mel-consistency.js";
import { colour, createSpectralPrior, logSigma } from "../../src/models/prior/graph.js";
import { weightsOf, within } from "../../src/models/weights.js";
import type { EngineName, TensorFunction, TensorValue } from "../../src/engine/engine.js";
import { defaultTrainConfig, type TrainConfig } from "../../src/training/config.js";
import { networkStep } from "../../src/training/step.js";
import { initialise } from "../../src/training/start-weights.js";
import { createTrainingModel } from "../../src/training/model.js";
import { relativeDifference } from "../engine/values.js";
import { compileOn, engineFault } from "../support/engines.js";
import { fixedCrops } from "../support/fixed-crops.js";
import { expectGolden, goldenShape, goldenValues } from "../support/golden.js";
import { goldenConfig, goldenFormat, goldenNet, goldenWeights } from "../support/golden-model.js";

const prior = createSpectralPrior(goldenFormat);
const consistency = createMelConsistency(goldenFormat, 0);
const givenNames = ["mdct.x", "mel", "net.z", "consistency.start", "consistency.target"];

function named(prefix: string, values: Readonly<Record<string, TensorValue>>): Record<string, TensorValue> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

/** Everything that the reference holds, by the reference's names. */
const everything: TensorFunction = (inputs, held) => {
  const [net, priorWeights] = ["net", "prior"].map((part) => within(weightsOf(held), part));
  const [mel, z] = [inputs["mel"], inputs["net.z"]];
  const logDeviation = logSigma(prior, priorWeights, mel);
  const sigma = tf.exp(logDeviation);
  const encoded = encodeMel(goldenConfig.encoder, within(net, "encoder"), mel);
  const noiseAt = (level: number): tf.Tensor =>
    maskNetNoise(goldenNet, net, { z, logSnr: tf.tensor1d([level]), mel, sigma, encoded });
  const refined = (iterations: number, exponent: number, momentum: number): tf.Tensor => {
    const [start, target] = [inputs["consistency.start"], inputs["consistency.target"]];
    return refineWaveform(consistency, start, target, { iterations, exponent, momentum });
  };
  const byFrequency = inversePermutation(goldenNet.featureOrder);
  return {
    "mdct.coefficients": mdct(goldenNet.mdct, inputs["mdct.x"]),
    "prior.logSigma": logDeviation,
    "net.encoded": encoded,
    "net.levelEmbedding.lambda3": levelEmbedding(within(net, "level"), tf.tensor1d([3])),
    "net.features": permute(maskNetFeatures(goldenNet, z), byFrequency, 2),
    "net.melResidual": melResidual(goldenNet, colour(goldenNet.mdct, z, sigma), mel),
    "net.noise.lambda-4": noiseAt(-4),
    "net.noise.lambda0": noiseAt(0),
    "net.noise.lambda3": noiseAt(3),
    "consistency.after1": refined(1, 1, 0.9),
    "consistency.after3": refined(3, 1, 0.9),
    "consistency.p1.2.momentum0.7.after14": refined(14, 1.2, 0.7),
  };
};

const config: TrainConfig = {
  ...defaultTrainConfig,
  windowLengths: [1024, 256],
  channels: 16,
  expanded: 32,
  dilations: [1, 2],
  levelWidth: 16,
  corrections: 2,
  encoderChannels: 16,
  encoderExpanded: 32,
  encoderDilations: [1],
  batch: 2,
  cropFrames: 8,
};

/** Normals of a shape, times a scale. */
function normals(step: number, shape: readonly number[], scale: number): TensorValue {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  return { data: fillNormals(data, { seed: 11, step }).map((value) => scale * value), shape };
}

/** The state after one step from random weights, none of them zero, with the loss and the gradient's norm. */
async function stateAfterAStep(engine: EngineName): Promise<Record<string, TensorValue>> {
  const model = await createTrainingModel(config, goldenFormat);
  const network = Object.fromEntries(
    Object.entries(initialise(model.denoiser.weights, 1)).map(([name, { data, shape }], index) => {
      const moved = normals(100 + index, shape, 0.05).data.map((value, i) => value + data[i]);
      return [name, { data: moved, shape }];
    }),
  );
  const values = { network, prior: initialise(model.prior!.weights, 2) };
  const { step, signature } = networkStep(model, config, values);
  const program = await compileOn(engine, step, signature);
  const scalar = (value: number): TensorValue => ({ data: Float32Array.of(value), shape: [] });
  const results = await program.run({
    ...fixedCrops(model, config, [-1, 2]),
    gain: { data: Float32Array.of(-0.5, 0.1), shape: [config.batch] },
    rateFactor: scalar(1),
    correction1: scalar(0.1),
    correction2: scalar(0.01),
    averageDecay: scalar(0.5),
  });
  const state = { ...results, ...(await program.readState()) };
  await program.dispose();
  return state;
}

describe.each(["graph", "tensorflow"] as const)("mask-net on the engine %s", (engine) => {
  const fault = engineFault(engine);

  it("has the reference's values", async (context) => {
    if (fault !== undefined) context.skip(fault);
    const inputs = Object.fromEntries(
      givenNames.map((name) => [name, { data: goldenValues(name), shape: [1, ...goldenShape(name)] }]),
    );
    const specs = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, { shape }]));
    const weights = {
      ...named("net.", goldenWeights("net")),
      ...named("prior.", goldenWeights("prior")),
    };
    const program = await compileOn(engine, everything, { inputs: specs, weights });
    const results = await program.run(inputs);
    expect(Object.keys(results)).toHaveLength(12);
    for (const [name, { data }] of Object.entries(results)) expectGolden(data as Float32Array, name);
    await program.dispose();
  });

  it("makes the same training step as plain JavaScript: gradient, moments and weights", async (context) => {
    if (fault !== undefined) context.skip(fault);
    const expected = await stateAfterAStep("javascript");
    const actual = await stateAfterAStep(engine);
    expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
    // after one step from zero the moments are the gradient, limited to its norm and times a constant
    for (const [name, value] of Object.entries(expected)) {
      expect(relativeDifference(actual[name], value), name).toBeLessThan(1e-3);
    }
  });
});
