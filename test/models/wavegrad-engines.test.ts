// WaveGrad on the graph engine against plain JavaScript: forward, at several frame counts, and gradients.
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { waveGradHop } from "../../src/models/wavegrad/shape.js";
import { waveGradNoise } from "../../src/models/wavegrad/graph.js";
import { weightsOf } from "../../src/models/weights.js";
import { openEngine } from "../../src/host/node/engines.js";
import {
  type Dimension,
  type EngineName,
  frames,
  type Signature,
  type TensorFunction,
  type TensorValue,
} from "../../src/engine/engine.js";
import { randomValue, relativeDifference } from "../engine/values.js";
import { BANDS, randomWeights, small } from "../support/wavegrad-networks.js";

describe("WaveGrad as a graph", () => {
  const config = small;
  const hop = waveGradHop(config);
  const values = randomWeights(config);
  const names = Object.keys(values);

  async function runOn(
    engine: EngineName,
    fn: TensorFunction,
    signature: Signature,
    inputs: Record<string, TensorValue>,
  ): Promise<Record<string, TensorValue>> {
    const runtime = await openEngine({ engine, threads: 1, cacheFolder: null });
    const program = await runtime.compile(fn, signature);
    const results = await program.run(inputs);
    await program.dispose();
    return results;
  }

  const forward: TensorFunction = ({ z, logSnr, mel }, given) => ({
    noise: waveGradNoise(config, weightsOf(given), { z, logSnr, mel }),
  });

  const backward: TensorFunction = ({ z, logSnr, mel, target }, given) => {
    const loss = (...tensors: tf.Tensor[]): tf.Tensor => {
      const weights = weightsOf(Object.fromEntries(names.map((name, index) => [name, tensors[index]])));
      return tf.mean(tf.abs(tf.sub(waveGradNoise(config, weights, { z, logSnr, mel }), target)));
    };
    const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => given[name]));
    return { loss: value, ...Object.fromEntries(names.map((name, i) => [`${name}.gradient`, grads[i]])) };
  };

  const shapesAt = (count: Dimension, samples: Dimension): Record<string, readonly Dimension[]> => ({
    z: [2, samples],
    logSnr: [2],
    mel: [2, count, BANDS],
    target: [2, samples],
  });

  async function expectSame(
    fn: TensorFunction,
    shapes: ReturnType<typeof shapesAt>,
    count: number,
    levels: readonly [number, number],
  ): Promise<void> {
    const inputs: Record<string, TensorValue> = {
      z: randomValue(1, [2, count * hop]),
      logSnr: { data: Float32Array.from(levels), shape: [2] },
      mel: randomValue(2, [2, count, BANDS]),
      target: randomValue(3, [2, count * hop]),
    };
    const specs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape }]));
    const signature: Signature = { inputs: specs, weights: values };
    const actual = await runOn("graph", fn, signature, inputs);
    const expected = await runOn("javascript", fn, signature, inputs);
    expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) {
      expect(relativeDifference(actual[name], value), name).toBeLessThan(1e-3);
    }
  }

  it("gives the numbers of plain JavaScript at several frame counts", async () => {
    for (const count of [1, 5]) await expectSame(forward, shapesAt(frames(), frames(hop)), count, [-3, 2]);
  });

  it("gives the gradients of plain JavaScript", async () => {
    // Levels whose √ᾱ all engines round alike: elsewhere 5000·√ᾱ differs by some 1e-4, which may carry an activation
    // over the kink of the LeakyReLU and so change a gradient by much.
    await expectSame(backward, shapesAt(4, 4 * hop), 4, [0, 30]);
  });
});
