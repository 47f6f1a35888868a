import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import {
  downsamplingFactors,
  type WaveGradConfig,
  waveGradBase22k,
  waveGradHop,
  waveGradPaper24k,
  waveGradWeights,
} from "../../src/models/wavegrad-config.js";
import { waveGradNoise } from "../../src/models/wavegrad.js";
import { waveGradReach } from "../../src/models/wavegrad-reach.js";
import { weightCount, type Weights, weightsOf } from "../../src/models/weights.js";
import { openRuntime } from "../../src/runtime/engines.js";
import {
  type Dimension,
  type EngineName,
  frames,
  type Signature,
  type TensorFunction,
  type TensorValue,
} from "../../src/runtime/runtime.js";
import { randomValue, relativeDifference } from "../runtime/values.js";

const BANDS = 5;

/** All of the network's kinds of blocks, few channels. */
const small: WaveGradConfig = {
  melChannels: 6,
  waveChannels: 4,
  upsampling: [
    { factor: 3, channels: 6, dilations: [1, 2, 4, 8] },
    { factor: 4, channels: 4, dilations: [1, 2, 4, 8] },
    { factor: 2, channels: 2, dilations: [1, 2, 1, 2] },
  ],
  downsamplingChannels: [4, 6],
  downsamplingDilations: [1, 2, 4],
};

/** Base with a 32nd of the channels. */
const narrow: WaveGradConfig = {
  ...waveGradBase22k,
  melChannels: 24,
  waveChannels: 4,
  upsampling: waveGradBase22k.upsampling.map((block) => ({ ...block, channels: block.channels / 32 })),
  downsamplingChannels: waveGradBase22k.downsamplingChannels.map((channels) => channels / 32),
};

/** Random weights, as large as keeps activations of the size of their inputs, those of the output too. */
function randomWeights(config: WaveGradConfig): Record<string, TensorValue> {
  return Object.fromEntries(
    waveGradWeights(config, BANDS).map(({ name, shape }, index) => {
      const { data } = randomValue(100 + index, shape);
      const inputs = shape.length === 3 ? shape[0] * shape[1] : 4;
      return [name, { data: (data as Float32Array).map((value) => value * Math.sqrt(3 / inputs)), shape }];
    }),
  );
}

function tensorOf({ data, shape }: TensorValue): tf.Tensor {
  return tf.tensor(data, [...shape]);
}

function weightsFor(config: WaveGradConfig): Weights {
  const entries = Object.entries(randomWeights(config));
  return weightsOf(Object.fromEntries(entries.map(([name, value]) => [name, tensorOf(value)])));
}

function random(seed: number, shape: readonly number[]): tf.Tensor {
  return tensorOf(randomValue(seed, shape));
}

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
      samples.before = Math.max(samples.before, sample - Math.min(...places));
      samples.after = Math.max(samples.after, Math.max(...places) - sample);
      touched.push(...places);
    }
    const inFrames = (places: number[]): { before: number; after: number } => ({
      before: middle - Math.floor(Math.min(...places) / hop),
      after: Math.floor(Math.max(...places) / hop) - middle,
    });
    const frame = tf.reshape(tf.mul(tf.oneHot(tf.tensor1d([middle], "int32"), count), 1e6), [1, count, 1]);
    const places = changed(
      waveGradNoise(config, weights, { ...inputs, mel: tf.add(inputs.mel, frame) }),
      noise,
    );
    const found = { samples, waveFrames: inFrames(touched), melFrames: inFrames(places) };
    expect(found).toEqual(waveGradReach(config));
    // the ends did not cut it short
    for (const { before, after } of [found.waveFrames, found.melFrames]) {
      expect(Math.max(before, after)).toBeLessThan(middle);
    }
  });
});

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
    const runtime = await openRuntime({ engine, threads: 1, cacheFolder: null });
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
