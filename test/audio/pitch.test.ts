// Against Praat's pitch and the band voicing of make_pitch_fixtures.py, for one recording of each voice.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { analysePitch, createPitchTransforms, type PitchTransforms } from "../../src/audio/pitch.js";
import { decodeRecording } from "../../src/audio/open-recording.js";
import { parseNpy } from "../../src/formats/npy.js";
import { RealFft } from "../../src/audio/real-fft.js";

const RATE = 22050;
const HOP = 256;
const BANDS = 5;
const voices = ["flemishguy", "kathleen", "nathalie"];

function fixture(name: string): Uint8Array {
  const path = new URL(`../fixtures/pitch/${name}`, import.meta.url);
  return new Uint8Array(readFileSync(fileURLToPath(path)));
}

function values(name: string): Float32Array {
  return Float32Array.from(parseNpy(fixture(name)).data);
}

/** Whole frames at the peak that the reference was computed at. */
async function samplesOf(voice: string): Promise<Float32Array> {
  const { samples } = await decodeRecording(fixture(`${voice}.flac`));
  const whole = samples.subarray(0, Math.floor(samples.length / HOP) * HOP);
  const peak = whole.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return whole.map((value) => (value * 0.95) / peak);
}

describe("the pitch of a recording", () => {
  let transforms: PitchTransforms;

  beforeAll(async () => {
    transforms = await createPitchTransforms(RATE, (size) => RealFft.create(size));
  });

  it.each(voices)("is Praat's for %s", async (voice) => {
    const expected = values(`${voice}.f0.npy`);
    const expectedVoicing = values(`${voice}.voicing.npy`);
    const { hertz, bandVoicing } = analysePitch(await samplesOf(voice), RATE, HOP, transforms);
    expect(hertz.length).toBe(expected.length);
    let [agreeing, both, near] = [0, 0, 0];
    const differences = new Float64Array(BANDS);
    expected.forEach((reference, frame) => {
      if (reference > 0 === hertz[frame] > 0) agreeing++;
      if (reference === 0 || hertz[frame] === 0) return;
      both++;
      if (Math.abs(1200 * Math.log2(hertz[frame] / reference)) < 50) near++;
      for (let band = 0; band < BANDS; band++) {
        const at = frame * BANDS + band;
        differences[band] += Math.abs(bandVoicing[at] - expectedVoicing[at]);
      }
    });
    expect(near / both).toBeGreaterThanOrEqual(0.97);
    expect(agreeing / hertz.length).toBeGreaterThanOrEqual(0.93);
    for (const difference of differences) expect(difference / both).toBeLessThanOrEqual(0.06);
  });

  it("is that of a glide, and voiced in all its bands", () => {
    const frames = 100;
    let phase = 0;
    const glide = (n: number): number => 120 * 2 ** (n / (frames * HOP));
    const samples = Float32Array.from({ length: frames * HOP }, (_, n) => {
      phase += glide(n) / RATE;
      let sum = 0;
      for (let k = 1; k * glide(n) < 10_000; k++) sum += Math.cos(2 * Math.PI * k * phase);
      return 0.01 * sum;
    });
    const { hertz, bandVoicing } = analysePitch(samples, RATE, HOP, transforms);
    for (let frame = 10; frame < 90; frame++) {
      const expected = glide(frame * HOP + HOP / 2);
      expect(Math.abs(1200 * Math.log2(hertz[frame] / expected))).toBeLessThan(5);
      // the periods of a glide differ, and a lag is a whole sample: the more so in the higher bands
      expect(bandVoicing[frame * BANDS]).toBeGreaterThan(0.95);
      expect(bandVoicing[frame * BANDS + 1]).toBeGreaterThan(0.9);
    }
  });

  it("is none in noise and in silence", () => {
    let state = 1;
    const noise = Float32Array.from({ length: 60 * HOP }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647 - 0.5;
    });
    for (const samples of [noise, new Float32Array(60 * HOP)]) {
      const { hertz, bandVoicing } = analysePitch(samples, RATE, HOP, transforms);
      expect([...hertz].filter((value) => value > 0)).toEqual([]);
      expect([...bandVoicing].filter((value) => value > 0)).toEqual([]);
    }
  });

  it("tells each band's voicing by itself: harmonics below 1 kHz, noise above 3.5 kHz", () => {
    let state = 7;
    const previous = [0, 0, 0];
    const samples = Float32Array.from({ length: 120 * HOP }, (_, n) => {
      let sum = 0;
      for (let k = 1; k <= 6; k++) sum += Math.cos((2 * Math.PI * k * 150 * n) / RATE);
      state = (state * 48_271) % 2_147_483_647;
      // thrice differenced, white noise has little left below 3.5 kHz
      let value = state / 2_147_483_647 - 0.5;
      for (let i = 0; i < previous.length; i++) {
        const difference = value - previous[i];
        previous[i] = value;
        value = difference;
      }
      return 0.1 * sum + 0.05 * value;
    });
    const { bandVoicing } = analysePitch(samples, RATE, HOP, transforms);
    const mean = (band: number): number => {
      const inside = Array.from({ length: 80 }, (_, i) => bandVoicing[(20 + i) * BANDS + band]);
      return inside.reduce((sum, value) => sum + value, 0) / inside.length;
    };
    expect(mean(0)).toBeGreaterThan(0.97);
    expect(mean(3)).toBeLessThan(0.5);
    expect(mean(4)).toBeLessThan(0.5);
  });

  it("leaves the bands above half the sample rate unvoiced", async () => {
    const rate = 8000;
    const slow = await createPitchTransforms(rate, (size) => RealFft.create(size));
    const samples = Float32Array.from({ length: 12_800 }, (_, n) => (((n * 100) / rate) % 1) - 0.5);
    const { hertz, bandVoicing } = analysePitch(samples, rate, 128, slow);
    expect(hertz[50]).toBeCloseTo(100, 0);
    expect(bandVoicing[50 * BANDS + 2]).toBeGreaterThan(0.95);
    expect(bandVoicing[50 * BANDS + 4]).toBe(0);
  });
});
