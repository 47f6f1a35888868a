// The small network of the lesson on noise prediction, and the stored answers of the one on waveforms, without a browser.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { combine } from "../../src/diffusion/samplers/sampling-plan.js";
import { planFor } from "../../src/diffusion/samplers/plan-for.js";
import { scheduleByName } from "../../src/diffusion/schedules/named-schedules.js";
import { responsibilities } from "../../src/diffusion/toy/exact-score.js";
import {
  initialWeights,
  inputsFor,
  lossAndGradient,
  predict,
  WEIGHTS,
  writeInputs,
} from "../../studio/lessons/network.js";
import { mixtureOf, picture, PICTURES } from "../../studio/lessons/pictures.js";
import { signalOf } from "../../studio/lessons/signals.js";
import { perfectLoss, Training } from "../../studio/lessons/training.js";
import { readWaveformLesson } from "../../studio/lessons/waveform-data.js";
import { spectralDistance, spectrogram } from "../../studio/parts/spectrogram.js";

describe("the network that guesses noise", () => {
  it("has the gradient that finite differences give", () => {
    const weights = initialWeights(1).map((weight, i) => weight + 0.1 * Math.sin(i));
    const z = Float32Array.of(-1.5, 0.2, 0.9);
    const inputs = writeInputs(z, 0.5, inputsFor(3));
    const noise = Float32Array.of(0.3, -1, 2);
    const gradient = new Float64Array(WEIGHTS);
    lossAndGradient(weights, inputs, noise, gradient);
    const unused = new Float64Array(WEIGHTS);
    // weights of every layer
    for (let i = 0; i < WEIGHTS; i += 37) {
      const lossAt = (shift: number): number => {
        const moved = weights.slice();
        moved[i] += shift;
        return lossAndGradient(moved, inputs, noise, unused);
      };
      expect(gradient[i]).toBeCloseTo((lossAt(1e-5) - lossAt(-1e-5)) / 2e-5, 6);
    }
  });

  it("guesses no noise before it has learned, so that its loss is the noise's power", () => {
    const inputs = writeInputs(Float32Array.of(0.5, -2), 1, inputsFor(2));
    expect([...predict(initialWeights(7), inputs)]).toEqual([0, 0]);
  });

  it("comes near the perfect guess's loss within some hundred steps, and the same way each time", async () => {
    const training = new Training();
    for (let step = 0; step < 600; step++) training.step();
    const floor = await perfectLoss();
    const { loss } = training.snapshots.at(-1);
    expect(training.snapshots).toHaveLength(21);
    expect(training.snapshots[0].loss).toBeGreaterThan(2 * floor);
    expect(loss).toBeGreaterThan(floor);
    expect(loss).toBeLessThan(1.15 * floor);
    const again = new Training();
    for (let step = 0; step < 30; step++) again.step();
    expect(again.snapshots[1].loss).toBe(training.snapshots[1].loss);
  });
});

describe("the lessons' data", () => {
  it("are signals of unit power", () => {
    for (const name of ["wave", "stairs", "pulses"] as const) {
      const signal = signalOf(name);
      expect(signal.reduce((sum, x) => sum + x * x, 0) / signal.length).toBeCloseTo(1, 5);
    }
  });

  it("are eight pictures, each its own for the perfect denoiser", () => {
    const mixture = mixtureOf(Array.from({ length: PICTURES }, (_, index) => picture(index)));
    for (let index = 0; index < PICTURES; index++) {
      expect(responsibilities(mixture, picture(index))[index]).toBeCloseTo(1, 12);
      expect(picture(index).every((value) => Math.abs(value) <= 1)).toBe(true);
    }
  });

  it("are the voice's answers, whose states are the plan's and whose guess nears the recording with its mel", async () => {
    const bytes = readFileSync(new URL("../../studio/lessons/waveform.bin", import.meta.url));
    const lesson = await readWaveformLesson(bytes, () => Promise.resolve());
    const { steps } = planFor("dpmpp-2m", scheduleByName("logsnr-6"));
    expect(lesson.plan.steps).toEqual(steps);
    const { states, estimates } = lesson.withMel;
    expect(states).toHaveLength(7);
    expect(states[2]).toEqual(combine(steps[1], states[1], estimates[1], estimates[0], new Float32Array(0)));
    const target = spectrogram(lesson.recording);
    const distance = (waveform: Float32Array): number => spectralDistance(target, spectrogram(waveform));
    expect(distance(estimates[6])).toBeLessThan(0.5 * distance(lesson.withoutMel.estimates[6]));
    expect(distance(estimates[6])).toBeLessThan(0.5 * distance(estimates[0]));
  });

  it("have spectra with a tone's line where the tone is", () => {
    const tone = Float32Array.from({ length: 2048 }, (_, i) => Math.sin((2 * Math.PI * 40 * i) / 512));
    const { bins, decibels } = spectrogram(tone);
    const middle = decibels.subarray(8 * bins, 9 * bins);
    expect(middle.indexOf(Math.max(...middle))).toBe(40);
    // a Hann window of 512 passes a quarter of its length in amplitude
    expect(middle[40]).toBeCloseTo(20 * Math.log10(128), 3);
  });
});
