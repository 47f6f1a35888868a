// The starts of a process, in the built package, as in vocoder.test.ts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PieceError } from "../dist/synthesis/start.js";
import type { SynthesisOptions } from "../dist/synthesis/settings.js";
import { MelMismatchError } from "../dist/mel/format.js";
import { Vocoder } from "../dist/node.js";
import { computeMel } from "../src/mel/analysis.js";
import { findPreset } from "../src/mel/presets.js";
import { saveCheckpoint } from "../src/host/node/checkpoints.js";
import { largestDifference, pieces } from "./support/mel-pieces.js";
import { clipSamples } from "./support/mel-reference.js";
import { harmonicCheckpoint } from "./support/random-checkpoint.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const speech = computeMel(clipSamples("speech_22k"), findPreset("hifigan-22k-80"));
let vocoder: Vocoder;

beforeAll(async () => {
  await saveCheckpoint(folder, harmonicCheckpoint(), "random");
  vocoder = await Vocoder.load(folder, { engine: "graph", threads: 2, cacheFolder: null });
});
afterAll(async () => {
  await vocoder.dispose();
  rmSync(folder, { recursive: true });
});

async function streamed(lengths: readonly number[], options: SynthesisOptions): Promise<Float32Array> {
  const parts: number[] = [];
  for await (const piece of vocoder.stream(pieces(speech, lengths), options)) parts.push(...piece);
  return Float32Array.from(parts);
}

describe("a harmonic start", () => {
  const options = { steps: 2, refine: 2 };

  it("is taken where nothing is said, and reported with its level", async () => {
    const { report } = await vocoder.synthesize(speech, options);
    expect(report).toMatchObject({ start: "harmonic", startLevel: 0, schedule: "shallow-2", steps: 2 });
    const { report: other } = await vocoder.synthesize(speech, { ...options, startLevel: 0.5 });
    expect(other).toMatchObject({ start: "harmonic", startLevel: 0.5 });
  });

  it("gives the same waveform for any tile, as a stream, and for the same seed", async () => {
    const { samples } = await vocoder.synthesize(speech, options);
    for (const tile of [7, 60, 150]) {
      const tiled = await vocoder.synthesize(speech, { ...options, tile });
      expect(largestDifference(samples, tiled.samples)).toBeLessThan(1e-4);
    }
    const stream = await streamed([1, 0, 13, 2, 60], { ...options, tile: 30 });
    expect(largestDifference(samples, stream)).toBeLessThan(1e-4);
    const again = await vocoder.synthesize(speech, { ...options, seed: 1 });
    expect(again.samples).toEqual(samples);
    const other = await vocoder.synthesize(speech, { ...options, seed: 2 });
    expect(largestDifference(samples, other.samples)).toBeGreaterThan(1e-2);
  });

  it("of a piece alone is the whole's, away from its ends by the reach of all steps", async () => {
    const one = { steps: 1, refine: 1 };
    const { bands, hopLength } = speech.format;
    const reach = vocoder.stream([], { ...one, start: "noise" }).lookAhead.frames;
    const [from, frames] = [40, 2 * reach + 20];
    expect(speech.frames).toBeGreaterThan(from + frames);
    const values = speech.values.slice(from * bands, (from + frames) * bands);
    const piece = { ...speech, frames, values };
    const whole = await vocoder.synthesize(speech, one);
    const [begin, end] = [reach * hopLength, (frames - reach) * hopLength];
    const same = whole.samples.subarray(from * hopLength + begin, from * hopLength + end);
    const within = await vocoder.synthesize(piece, { ...one, firstFrame: from, within: speech });
    expect(largestDifference(same, within.samples.subarray(begin, end))).toBeLessThan(1e-4);
    // without the longer mel its pulses have another phase
    const alone = await vocoder.synthesize(piece, { ...one, firstFrame: from });
    expect(largestDifference(same, alone.samples.subarray(begin, end))).toBeGreaterThan(1e-2);
  });

  it("of a piece needs a longer mel of the same format that the piece lies in", async () => {
    const one = { steps: 1, refine: 0, within: speech };
    await expect(vocoder.synthesize(speech, { ...one, firstFrame: 1 })).rejects.toThrow(PieceError);
    const other = { ...speech, format: { ...speech.format, sampleRate: 24000 } };
    await expect(vocoder.synthesize(speech, { ...one, within: other })).rejects.toThrow(MelMismatchError);
  });

  it("is another one than noise, which stays as it was", async () => {
    const harmonic = await vocoder.synthesize(speech, options);
    const noise = await vocoder.synthesize(speech, { ...options, start: "noise" });
    expect(noise.report).toMatchObject({ start: "noise", schedule: "logsnr-2" });
    expect(noise.report.startLevel).toBeUndefined();
    expect(largestDifference(harmonic.samples, noise.samples)).toBeGreaterThan(1e-2);
    const named = await vocoder.synthesize(speech, { schedule: "logsnr-2", refine: 2 });
    expect(named.report.start).toBe("noise");
    expect(named.samples).toEqual(noise.samples);
  });

  it.each([1, 2, 3])("can have %i frames", async (frames) => {
    const mel = { ...speech, frames, values: speech.values.slice(0, frames * speech.format.bands) };
    const { samples } = await vocoder.synthesize(mel, options);
    expect(samples).toHaveLength(frames * speech.format.hopLength);
    expect(samples.every((value) => Number.isFinite(value))).toBe(true);
  });
});

describe("mel corrections", () => {
  it("take an exponent and a momentum, and say which", async () => {
    const usual = await vocoder.synthesize(speech, { steps: 1, refine: 3 });
    expect(usual.report).toMatchObject({ refineExponent: 1.2, refineMomentum: 0.8 });
    const other = await vocoder.synthesize(speech, {
      steps: 1,
      refine: 3,
      refineExponent: 1,
      refineMomentum: 0.9,
    });
    expect(other.report).toMatchObject({ refineExponent: 1, refineMomentum: 0.9 });
    expect(largestDifference(usual.samples, other.samples)).toBeGreaterThan(1e-3);
    await expect(vocoder.synthesize(speech, { refineExponent: 1.7 })).rejects.toThrow(/1\.7.*diverge/);
  });
});
