import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { EXCITATION_OUTPUTS, pitchOfClass } from "../../src/models/excitation/shape.js";
import { openEngine } from "../../src/host/node/engines.js";
import { PitchComparison, pitchTargets } from "../../src/training/excitation-data.js";
import { excitationLoss, trainExcitation } from "../../src/training/excitation.js";
import { defaultTrainConfig } from "../../src/training/config.js";
import { syntheticCorpus } from "../support/synthetic-corpus.js";

/** Rows of pitch: Hz, then the bands' voicing. */
const rows = Float32Array.from([
  ...[pitchOfClass(40), 1, 1, 0.5, 0, 0],
  ...[0, 0, 0, 0, 0, 0],
  ...[pitchOfClass(205), 1, 0.8, 0.6, 0.4, 0.2],
]);

function lossOf(logits: Float32Array): number {
  const targets = Object.fromEntries(
    Object.entries(pitchTargets(rows, 1)).map(([name, { data, shape }]) => [
      name,
      tf.tensor(data, [...shape]),
    ]),
  );
  return excitationLoss(tf.tensor3d(logits, [1, 3, EXCITATION_OUTPUTS]), targets).dataSync()[0];
}

describe("the excitation model's targets", () => {
  it("are a class, a voice and bands; a pitch above the classes is none", () => {
    const { pitchClass, pitched, voiced, bandVoicing } = pitchTargets(rows, 1);
    expect(pitchClass.data[0]).toBeCloseTo(40, 3);
    expect([...pitched.data]).toEqual([1, 0, 0]);
    expect([...voiced.data]).toEqual([1, 0, 1]);
    expect([...bandVoicing.data.slice(10)].map((value) => value.toFixed(1))).toEqual([
      "1.0",
      "0.8",
      "0.6",
      "0.4",
      "0.2",
    ]);
  });
});

describe("the excitation model's loss", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it("is that of a coin and of 200 classes where nothing is said", () => {
    const expected = 0.3 * Math.log(200) + 2 * Math.log(2);
    expect(lossOf(new Float32Array(3 * EXCITATION_OUTPUTS))).toBeCloseTo(expected, 4);
  });

  it("is the entropy of the targets where all is said", () => {
    const logits = new Float32Array(3 * EXCITATION_OUTPUTS);
    const at = (frame: number, output: number): number => frame * EXCITATION_OUTPUTS + output;
    const sure = 30;
    for (let k = 0; k < 200; k++) logits[at(0, k)] = -0.5 * (((k - 40) * 20) / 25) ** 2;
    for (const frame of [0, 1, 2]) logits[at(frame, 200)] = frame === 1 ? -sure : sure;
    const logit = (share: number): number =>
      share === 0 ? -sure : share === 1 ? sure : Math.log(share / (1 - share));
    for (const frame of [0, 2])
      for (let band = 0; band < 5; band++) logits[at(frame, 201 + band)] = logit(rows[frame * 6 + 1 + band]);
    const entropy = (share: number): number =>
      share === 0 || share === 1 ? 0 : -share * Math.log(share) - (1 - share) * Math.log(1 - share);
    const bands =
      [1, 1, 0.5, 0, 0, 1, 0.8, 0.6, 0.4, 0.2].reduce((sum, share) => sum + entropy(share), 0) / 10;
    const weights = Array.from({ length: 200 }, (_, k) => Math.exp(-0.5 * (((k - 40) * 20) / 25) ** 2));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const classes = weights.reduce((sum, weight) => {
      const share = weight / total;
      return share > 0 ? sum - share * Math.log(share) : sum;
    }, 0);
    expect(lossOf(logits)).toBeCloseTo(0.3 * classes + bands, 3);
  });
});

describe("the training of the excitation model", () => {
  it("learns, and to the same weights each time", async () => {
    const source = syntheticCorpus(3, 24);
    const runtime = await openEngine({ engine: "graph", threads: 1 });
    const config = { ...defaultTrainConfig, batch: 2, excitationSteps: 12 };
    const losses: number[][] = [];
    const run = async (): Promise<Float32Array> => {
      const seen: number[] = [];
      losses.push(seen);
      const trained = await trainExcitation({
        runtime,
        source,
        config,
        onStep: (_, loss) => seen.push(loss),
      });
      return trained!.weights["output.weight"].data;
    };
    const weights = await run();
    expect(losses[0][11]).toBeLessThan(0.8 * losses[0][0]);
    expect(await run()).toEqual(weights);
  });

  it("ends where it is told to", async () => {
    const runtime = await openEngine({ engine: "graph", threads: 1 });
    const signal = AbortSignal.abort();
    const trained = await trainExcitation({
      runtime,
      source: syntheticCorpus(3, 24),
      config: { ...defaultTrainConfig, batch: 2 },
      signal,
    });
    expect(trained).toBeUndefined();
  });
});

describe("PitchComparison", () => {
  it("counts cents, gross errors and wrong voices", () => {
    const comparison = new PitchComparison();
    const octave = 2 ** (1 / 1200);
    comparison.add(Float32Array.of(100, 100, 100, 0, 100), new Float32Array(25).fill(0.5), {
      pitch: Float64Array.of(100 * octave ** 5, 100 * octave ** -10, 200, 100, 100),
      voiced: Float32Array.of(0.9, 0.9, 0.9, 0.9, 0.1),
      bandVoicing: new Float32Array(25).fill(0.75),
    });
    const { medianCents, gross, voicing, bandVoicing } = comparison.result()!;
    expect(medianCents).toBeCloseTo(10, 2);
    expect(gross).toBeCloseTo(1 / 3, 9);
    expect(voicing).toBeCloseTo(2 / 5, 9);
    expect(bandVoicing).toBeCloseTo(0.25, 9);
  });

  it("has no result without a voice", () => {
    expect(new PitchComparison().result()).toBeUndefined();
  });
});
