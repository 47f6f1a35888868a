import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { fillNormals } from "../../src/diffusion/noise.js";
import {
  binVoicing,
  EXCITATION_OUTPUTS,
  excitationWeights,
  pitchClass,
  pitchOfClass,
  readExcitation,
} from "../../src/models/excitation/shape.js";
import { mixExcitation } from "../../src/models/excitation/graph.js";
import { createMdct, mdct } from "../../src/models/layers/mdct.js";
import { framePhases, heldPitch, pulses } from "../../src/models/excitation/pulse-train.js";
import { weightCount } from "../../src/models/weights.js";
import { expectGolden, goldenTensor, goldenValues } from "../support/golden.js";

const RATE = 22050;
const HOP = 256;
const transform = createMdct(HOP);

function pulsesOf(pitch: ArrayLike<number>): Float32Array {
  return pulses(pitch, framePhases(pitch, HOP, RATE), RATE, HOP);
}

describe("the excitation", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it("has the samples of the reference's excitation", () => {
    const pitch = goldenValues("excitation.f0");
    const voiced = pitch.map((hertz) => (hertz > 0 ? 1 : 0));
    const signal = pulsesOf(heldPitch(pitch, voiced));
    expectGolden(signal, "excitation.pulses");
    const voicing = binVoicing(voiced, goldenValues("excitation.voicing"), HOP, RATE);
    const mixed = mixExcitation(
      transform,
      tf.tensor2d(signal, [1, signal.length]),
      goldenTensor("excitation.noise"),
      tf.tensor3d(voicing, [1, 12, HOP]),
    );
    expectGolden(mixed, "excitation.signal");
  });

  it.each([80, 150, 300])("has a flat density of pulses at %i Hz", (hertz) => {
    const frames = 200;
    const signal = pulsesOf(new Float32Array(frames).fill(hertz));
    const coefficients = tf.square(tf.reshape(mdctOf(signal), [frames, HOP]));
    const power = tf.mean(coefficients, 0).dataSync() as Float32Array;
    // bands of ten harmonics up to 9.5 kHz
    const binHertz = RATE / (2 * HOP);
    for (let from = 0; from + 10 * hertz < 9500; from += 10 * hertz) {
      const bins = power.slice(Math.ceil(from / binHertz), Math.floor((from + 10 * hertz) / binHertz));
      const mean = bins.reduce((sum, value) => sum + value, 0) / bins.length;
      expect(Math.abs(10 * Math.log10(mean))).toBeLessThan(1);
    }
  });

  it("does not depend on where it is begun", () => {
    const pitch = Float32Array.from({ length: 30 }, (_, i) => 120 + 40 * Math.sin(i / 4));
    const phases = framePhases(pitch, HOP, RATE);
    const whole = pulses(pitch, phases, RATE, HOP);
    const part = pulses(pitch, phases, RATE, HOP, 11, 19);
    part.forEach((value, n) => {
      expect(Math.abs(value - whole[11 * HOP + n])).toBeLessThan(1e-5);
    });
  });

  it("is noise alone where there is no voice", () => {
    const voicing = binVoicing(new Float32Array(4), new Float32Array(20).fill(1), HOP, RATE);
    expect(voicing.every((value) => value === 0)).toBe(true);
    const noise = fillNormals(new Float32Array(4 * HOP), { seed: 2, step: 0 });
    const signal = tf.tensor2d(pulsesOf(new Float32Array(4).fill(100)), [1, 4 * HOP]);
    const mixed = mixExcitation(
      transform,
      signal,
      tf.tensor2d(noise, [1, noise.length]),
      tf.tensor3d(voicing, [1, 4, HOP]),
    );
    const difference = tf.max(tf.abs(tf.sub(mixed, tf.tensor2d(noise, [1, noise.length]))));
    expect(difference.dataSync()[0]).toBeLessThan(1e-5);
  });
});

describe("the excitation model", () => {
  it("has 1.24 million weights", () => {
    expect(weightCount(excitationWeights(80))).toBe(1_237_454);
  });

  it("reads pitch between two classes, and voicing", () => {
    const logits = new Float32Array(2 * EXCITATION_OUTPUTS).fill(-20);
    // two classes alike: half way between; the others are negligible
    logits[60] = logits[61] = 5;
    logits[200] = 2;
    logits[EXCITATION_OUTPUTS + 10] = 5;
    logits[EXCITATION_OUTPUTS + 200] = -2;
    logits[EXCITATION_OUTPUTS + 201] = 0;
    const { pitch, voiced, bandVoicing } = readExcitation(logits);
    expect(pitch[0]).toBeCloseTo(pitchOfClass(60.5), 3);
    expect(pitchClass(pitch[1])).toBeCloseTo(10, 3);
    expect(voiced[0]).toBeGreaterThan(0.5);
    expect(voiced[1]).toBeLessThan(0.5);
    expect(bandVoicing[5]).toBeCloseTo(0.5, 6);
  });
});

function mdctOf(signal: Float32Array): tf.Tensor {
  return mdct(transform, tf.tensor2d(signal, [1, signal.length]));
}
