// The losses of the sampler's waveform in tfjs: what they say of signals that are known, and what the discriminators see.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { fillNormals } from "../../../src/diffusion/noise.js";
import type { TensorFunction } from "../../../src/engine/engine.js";
import { openEngine } from "../../../src/host/node/engines.js";
import { findPreset } from "../../../src/mel/presets.js";
import { weightsOf } from "../../../src/models/weights.js";
import { defaultTrainConfig } from "../../../src/training/config.js";
import { adversarial } from "../../../src/training/losses/adversarial.js";
import { compared, type LossView } from "../../../src/training/losses/view.js";
import { createDiscriminators } from "../../../src/training/losses/discriminators.js";
import type { Loss, LossContext, LossKind } from "../../../src/training/losses/loss.js";
import { melDistance, spectraDistance } from "../../../src/training/losses/spectral.js";
import { initialise } from "../../../src/training/start-weights.js";
import { registerGradients } from "../../../src/training/step.js";

beforeAll(async () => {
  await registerGradients();
  await tf.setBackend("cpu");
});

const format = findPreset("hifigan-22k-80");
const SAMPLES = 10 * 256;

function lossOf(kind: LossKind, settings: Readonly<Record<string, number>> = {}): Loss {
  const config = { ...defaultTrainConfig, ...settings };
  return kind.create({ config, format } as unknown as LossContext);
}

/** What a loss sees of a waveform that was made for a recording. */
function viewOf(made: tf.Tensor, recorded: tf.Tensor): LossView {
  return { sampled: () => made, cleanWaveform: recorded } as unknown as LossView;
}

function noise(step: number, deviation = 0.1): tf.Tensor {
  const values = fillNormals(new Float32Array(SAMPLES), { seed: 3, step }).map((value) => deviation * value);
  return tf.tensor2d(values, [1, SAMPLES]);
}

function tone(hertz: number): tf.Tensor {
  const values = Float32Array.from({ length: SAMPLES }, (_, n) =>
    Math.sin((2 * Math.PI * hertz * n) / format.sampleRate),
  );
  return tf.tensor2d(values, [1, SAMPLES]);
}

const numberOf = (scalar: tf.Tensor): number => scalar.dataSync()[0];
const valueOf = (loss: Loss, made: tf.Tensor, recorded: tf.Tensor): number =>
  numberOf(loss.value(viewOf(made, recorded), weightsOf({})).loss);

describe("signals that are compared", () => {
  it("lack their outermost hop, and the recording is as loud as all others", () => {
    const recorded = noise(1, 0.02);
    const pair = compared(viewOf(tf.mul(recorded, 2), recorded), 256);
    expect(pair.recorded.shape).toEqual([1, 2048]);
    const loudness = Math.sqrt(numberOf(tf.mean(tf.square(pair.recorded))));
    // 1e−3 beside 0.02 keeps silence from being blown up
    expect(loudness).toBeCloseTo((0.1 * 0.02) / 0.021, 2);
    expect(numberOf(tf.max(tf.abs(tf.sub(pair.made, tf.mul(pair.recorded, 2)))))).toBeLessThan(1e-7);
  });
});

describe.each([melDistance, spectraDistance])("the loss $name", (kind) => {
  it("is 0 for the recording itself, and falls as noise on it falls", () => {
    const loss = lossOf(kind);
    const recorded = noise(1);
    expect(valueOf(loss, recorded, recorded)).toBeLessThan(1e-3);
    const [little, much] = [0.1, 0.5].map((share) =>
      valueOf(loss, tf.add(recorded, tf.mul(noise(2), share)), recorded),
    );
    expect(little).toBeGreaterThan(1e-3);
    expect(much).toBeGreaterThan(2 * little);
  });

  it("has the gradient that finite differences say", () => {
    const loss = lossOf(kind);
    const recorded = noise(1);
    const at = (made: tf.Tensor): tf.Scalar =>
      loss.value(viewOf(made, recorded), weightsOf({})).loss as tf.Scalar;
    const start = noise(2);
    const gradient = tf.grad(at)(start);
    const direction = noise(3, 1);
    const slope = numberOf(tf.sum(tf.mul(gradient, direction)));
    const along = (distance: number): number => numberOf(at(tf.add(start, tf.mul(direction, distance))));
    const step = 1e-4;
    expect(slope / ((along(step) - along(-step)) / (2 * step))).toBeCloseTo(1, 1);
  });
});

describe("the loss log-mel", () => {
  it("of a signal that is twice as loud is ln 2", () => {
    const recorded = noise(1);
    expect(valueOf(lossOf(melDistance), tf.mul(recorded, 2), recorded)).toBeCloseTo(Math.LN2, 3);
  });
});

describe("the loss spectra", () => {
  it("of a signal that is twice as loud is the mean of ln 2 and 1", () => {
    const recorded = noise(1);
    const { loss, figures } = lossOf(spectraDistance).value(
      viewOf(tf.mul(recorded, 2), recorded),
      weightsOf({}),
    );
    expect(numberOf(figures!["convergence"])).toBeCloseTo(1, 3);
    expect(numberOf(figures!["logarithm"])).toBeCloseTo(Math.LN2, 2);
    expect(numberOf(loss)).toBeCloseTo((1 + Math.LN2) / 2, 2);
  });

  it("does not hear what lies above its limit", () => {
    const recorded = tone(500);
    const made = tf.add(recorded, tf.mul(tone(6000), 0.3));
    expect(valueOf(lossOf(spectraDistance, { spectraLimit: 2500 }), made, recorded)).toBeLessThan(0.02);
    expect(valueOf(lossOf(spectraDistance, { spectraLimit: 11_025 }), made, recorded)).toBeGreaterThan(0.1);
  });
});

describe("discriminators", () => {
  const [spectral, byPeriod] = createDiscriminators([512], [5]);
  const own = (seed: number): Record<string, tf.Tensor> =>
    Object.fromEntries(
      Object.entries(initialise([...spectral.weights, ...byPeriod.weights], seed)).map(
        ([name, { data, shape }]) => [name, tf.tensor(data, [...shape])],
      ),
    );

  it("of spectra give a score for each frame and some bins, and the features before it", () => {
    const { scores, features } = spectral.judge(weightsOf(own(1)), noise(1));
    // 2560 samples at hop 128 are 20 frames; 257 bins, halved four times
    expect(scores.shape).toEqual([1, 20, 17, 1]);
    expect(features.map(({ shape }) => shape[3])).toEqual([10, 10, 20, 20]);
  });

  it("of a period see what repeats after it in one column", () => {
    const pulses = Float32Array.from({ length: SAMPLES }, (_, n) => (n % 5 === 0 ? 1 : 0));
    const { scores } = byPeriod.judge(weightsOf(own(1)), tf.tensor2d(pulses, [1, SAMPLES]));
    expect(scores.shape[2]).toBe(5);
    // all columns but the pulses' are the same silence
    const columns = tf.unstack(scores, 2);
    expect(numberOf(tf.max(tf.abs(tf.sub(columns[1], columns[4]))))).toBe(0);
    expect(numberOf(tf.max(tf.abs(tf.sub(columns[0], columns[1]))))).toBeGreaterThan(1e-4);
  });

  // tfjs's own CPU backend takes minutes for the gradients of convolutions
  it("learn to tell noise from tones: their loss falls along its own gradient", async () => {
    const loss = lossOf(adversarial);
    const specs = loss.network!.weights;
    const values = initialise(specs, 1);
    const runtime = await openEngine({ engine: "graph", threads: 1 });
    const signal = { shape: [1, SAMPLES] };
    const step: TensorFunction = ({ made, recorded }, held) => {
      const at = (...tensors: tf.Tensor[]): tf.Scalar => {
        const weights = weightsOf(Object.fromEntries(specs.map(({ name }, i) => [name, tensors[i]])));
        return loss.network!.value(viewOf(made, recorded), weights).loss as tf.Scalar;
      };
      const { value, grads } = tf.valueAndGrads(at)(specs.map(({ name }) => held[name]));
      const moved = grads.map((grad, i) => [specs[i].name, tf.sub(held[specs[i].name], tf.mul(grad, 1e-3))]);
      return { value, ...(Object.fromEntries(moved) as Record<string, tf.Tensor>) };
    };
    const program = await runtime.compile(step, {
      inputs: { made: signal, recorded: signal },
      state: values,
    });
    const inputs = Object.fromEntries(
      Object.entries({ made: noise(1), recorded: tone(300) }).map(([name, tensor]) => [
        name,
        { data: tensor.dataSync<"float32">(), shape: tensor.shape },
      ]),
    );
    const losses: number[] = [];
    for (let i = 0; i < 3; i++) losses.push((await program.run(inputs))["value"].data[0]);
    await program.dispose();
    expect(losses[1]).toBeLessThan(losses[0]);
    expect(losses[2]).toBeLessThan(losses[1]);
  });

  it("have nothing to match where the recording itself was made", () => {
    const loss = lossOf(adversarial, { featureMatching: 2 });
    const weights = weightsOf(
      Object.fromEntries(
        Object.entries(initialise(loss.network!.weights, 1)).map(([name, { data, shape }]) => [
          name,
          tf.tensor(data, [...shape]),
        ]),
      ),
    );
    const same = loss.value(viewOf(noise(1), noise(1)), weights);
    expect(numberOf(same.figures!["features"])).toBe(0);
    const other = loss.value(viewOf(noise(2), noise(1)), weights);
    const { score, features } = other.figures!;
    expect(numberOf(features)).toBeGreaterThan(0);
    expect(numberOf(other.loss)).toBeCloseTo(numberOf(score) + 2 * numberOf(features), 4);
  });
});
