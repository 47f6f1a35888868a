// Pulses against the sum that they are, harmonic by harmonic, and phases against sums over the samples.
import { describe, expect, it } from "vitest";
import { framePhases, heldPitch, pulses } from "../../../src/models/excitation/pulse-train.js";

const RATE = 22050;

/** F0 at a sample: ln F0 is a line between frame centres. */
function hertzAt(pitch: readonly number[], hop: number, n: number): number {
  const place = Math.min(pitch.length - 1, Math.max(0, (n - hop / 2) / hop));
  const below = Math.min(Math.floor(place), pitch.length - 1);
  const above = Math.min(below + 1, pitch.length - 1);
  const share = place - below;
  return pitch[below] ** (1 - share) * pitch[above] ** share;
}

/** The definition: a phase summed sample by sample, a cosine for each harmonic. */
function summedPulses(pitch: readonly number[], hop: number): number[] {
  let phase = 0;
  return Array.from({ length: pitch.length * hop }, (_, n) => {
    const hertz = hertzAt(pitch, hop, n);
    phase += hertz / RATE;
    let sum = 0;
    for (let k = 1; k <= (0.45 * RATE) / hertz; k++) sum += Math.cos(2 * Math.PI * k * phase);
    return Math.sqrt((4 * hertz) / RATE) * sum;
  });
}

describe("a pulse train", () => {
  it.each([256, 300, 75])("is the sum of its harmonics, with a hop of %i", (hop) => {
    const pitch = [110, 111, 240, 241.5, 80, 80, 395];
    const signal = pulses(pitch, framePhases(pitch, hop, RATE), RATE, hop);
    expect(signal).toHaveLength(7 * hop);
    summedPulses(pitch, hop).forEach((value, n) => {
      expect(Math.abs(signal[n] - value)).toBeLessThan(2e-6 * 20);
    });
  });

  it("comes to whole cycles where the pitch says so", () => {
    // one cycle every 100 samples
    const pitch = new Array<number>(40).fill(RATE / 100);
    const signal = pulses(pitch, framePhases(pitch, 250, RATE), RATE, 250);
    // the phase counts the sample itself
    for (let n = 0; n < signal.length; n++) {
      if (n % 100 === 99) expect(signal[n]).toBeCloseTo(0.2 * 45, 4);
      else expect(signal[n]).toBeLessThan(9);
    }
  });

  it("keeps its phase over an hour", () => {
    const frames = Math.round((3600 * RATE) / 256);
    const phases = framePhases(new Float64Array(frames).fill(123.45), 256, RATE);
    const cycles = (frames * 256 * 123.45) / RATE;
    const distance = phases[frames] - (cycles % 1);
    expect(Math.abs(distance - Math.round(distance))).toBeLessThan(1e-7);
  });

  it("holds the pitch in gaps, and the first before it", () => {
    const pitch = Float32Array.of(50, 110, 60, 70, 220, 80);
    const voiced = Float32Array.of(0, 1, 0, 0, 1, 0);
    expect([...heldPitch(pitch, voiced)]).toEqual([110, 110, 110, 110, 220, 220]);
    expect([...heldPitch(pitch, new Float32Array(6))]).toEqual(Array(6).fill(100));
  });
});
