// Runs the built package, since mel corrections run on threads that start from a compiled file.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SynthesisOptions } from "../dist/synthesis/settings.js";
import { Vocoder } from "../dist/node.js";
import { computeMel } from "../src/mel/analysis.js";
import type { Mel } from "../src/mel/format.js";
import { findPreset } from "../src/mel/presets.js";
import { saveCheckpoint } from "../src/host/node/checkpoints.js";
import { clipSamples } from "./support/mel-reference.js";
import { largestDifference, pieces } from "./support/mel-pieces.js";
import { randomCheckpoint } from "./support/random-checkpoint.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const format = findPreset("hifigan-22k-80");
const { bands, hopLength } = format;
const speech = computeMel(clipSamples("speech_22k"), format);
let vocoder: Vocoder;

beforeAll(async () => {
  await saveCheckpoint(folder, randomCheckpoint(), "random");
  vocoder = await Vocoder.load(folder, { engine: "graph", threads: 2, cacheFolder: null });
});
afterAll(async () => {
  await vocoder.dispose();
  rmSync(folder, { recursive: true });
});

/** The first frames of a mel. */
function cut(mel: Mel, frames: number, from = 0): Mel {
  return { ...mel, frames, values: mel.values.slice(from * bands, (from + frames) * bands) };
}

async function streamed(
  mel: Mel,
  lengths: readonly number[],
  options: SynthesisOptions,
): Promise<Float32Array> {
  const parts: number[] = [];
  for await (const piece of vocoder.stream(pieces(mel, lengths), options)) parts.push(...piece);
  return Float32Array.from(parts);
}

const ways: [string, SynthesisOptions][] = [
  ["no corrections", { steps: 2, refine: 0 }],
  ["4 corrections", { steps: 1, refine: 4 }],
  ["20 corrections, fresh noise in every step", { sampler: "ddpm", schedule: "logsnr-2", refine: 20 }],
  ["Heun's corrector", { sampler: "heun", schedule: "logsnr-2", refine: 1 }],
];

describe("a vocoder's waveform", () => {
  it.each(ways)("is the same for any tile, with %s", async (_, options) => {
    const { samples } = await vocoder.synthesize(speech, options);
    expect(samples).toHaveLength(speech.frames * hopLength);
    for (const tile of [16, 60, 150]) {
      const tiled = await vocoder.synthesize(speech, { ...options, tile });
      expect(largestDifference(samples, tiled.samples)).toBeLessThan(1e-4);
    }
  });

  it.each(ways)("is the same as a stream, with %s", async (_, options) => {
    const { samples } = await vocoder.synthesize(speech, options);
    const stream = await streamed(speech, [1, 0, 13, 2, 60], { ...options, tile: 30 });
    expect(largestDifference(samples, stream)).toBeLessThan(1e-4);
  });

  it.each([1, 3])("is the same with %i threads", async (threads) => {
    const other = await Vocoder.load(folder, { engine: "graph", threads, cacheFolder: null });
    const mel = cut(speech, 100);
    const options = { steps: 2, refine: 3, tile: 40 };
    const [first, second] = [vocoder, other].map((each) => each.synthesize(mel, options));
    expect(largestDifference((await first).samples, (await second).samples)).toBeLessThan(1e-4);
    await other.dispose();
  });

  it("is the same when others are made at once", async () => {
    const options = { steps: 2, refine: 2, tile: 20 };
    const mels = [cut(speech, 60), cut(speech, 45, 50), cut(speech, 30, 100)];
    const alone: Float32Array[] = [];
    for (const mel of mels) alone.push((await vocoder.synthesize(mel, options)).samples);
    const together = await Promise.all(mels.map((mel) => vocoder.synthesize(mel, options)));
    together.forEach(({ samples }, i) => {
      expect(samples).toEqual(alone[i]);
    });
  });

  it.each([1, 2, 3, 5])("can have %i frames", async (frames) => {
    const mel = cut(speech, frames, 60);
    const { samples, report } = await vocoder.synthesize(mel, { steps: 2, refine: 2 });
    expect(samples).toHaveLength(frames * hopLength);
    expect(samples.every((value) => Number.isFinite(value))).toBe(true);
    expect(report.audioSeconds).toBeCloseTo((frames * hopLength) / format.sampleRate, 9);
    const stream = await streamed(mel, [1], { steps: 2, refine: 2, tile: 1 });
    expect(largestDifference(samples, stream)).toBeLessThan(1e-4);
  });

  it("of a piece alone is equal, away from its ends by the reach of all steps", async () => {
    const options = { steps: 1, refine: 1 };
    const reach = vocoder.stream([], options).lookAhead.frames;
    const [from, frames] = [40, 2 * reach + 20];
    const whole = await vocoder.synthesize(speech, options);
    expect(speech.frames).toBeGreaterThan(from + frames);
    const alone = await vocoder.synthesize(cut(speech, frames, from), { ...options, firstFrame: from });
    const [begin, end] = [reach * hopLength, (frames - reach) * hopLength];
    const same = whole.samples.subarray(from * hopLength + begin, from * hopLength + end);
    expect(largestDifference(same, alone.samples.subarray(begin, end))).toBeLessThan(1e-4);
    expect(largestDifference(same, alone.samples.subarray(begin + 1, end + 1))).toBeGreaterThan(1e-2);
  });
});

describe("Vocoder", () => {
  it("says how far a stream looks ahead, and keeps to it", async () => {
    const options = { steps: 1, refine: 3, tile: 8 };
    const given: number[] = [];
    async function* frames(): AsyncGenerator<Float32Array> {
      for await (const piece of pieces(cut(speech, 170), [1])) {
        given.push(given.length);
        yield piece;
      }
    }
    const stream = vocoder.stream(frames(), options);
    const { frames: ahead, seconds } = stream.lookAhead;
    expect(seconds).toBeCloseTo((ahead * hopLength) / format.sampleRate, 9);
    let made = 0;
    for await (const piece of stream) {
      made += piece.length / hopLength;
      if (given.length < 170) expect(given.length - made).toBeLessThanOrEqual(ahead + 8);
    }
    expect(made).toBe(170);
    expect(stream.report.firstSoundSeconds).toBeGreaterThan(0);
  });

  it("reports the settings and the times of a synthesis", async () => {
    const calls: [number, number][] = [];
    const { report, samples } = await vocoder.synthesize(cut(speech, 60), {
      steps: 2,
      refine: 1,
      seed: 5,
      tile: 20,
      onProgress: (done, total) => calls.push([done, total]),
    });
    expect(report).toMatchObject({
      steps: 2,
      refine: 1,
      seed: "5",
      start: "noise",
      threads: 2,
      engine: "graph",
    });
    expect(report.peak).toBe(samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    const mel = computeMel(samples, format);
    const sum = mel.values.reduce((total, value, i) => total + Math.abs(value - speech.values[i]), 0);
    expect(report.melDifference).toBeCloseTo(sum / mel.values.length, 3);
    const [done, total] = calls.at(-1);
    expect(done).toBe(total);
    expect(calls.map(([each]) => each)).toEqual(calls.map(([each]) => each).sort((a, b) => a - b));
  });

  it("ends a synthesis with the reason of the signal that stopped it", async () => {
    const controller = new AbortController();
    const reason = new Error("no more");
    const run = vocoder.synthesize(cut(speech, 150), {
      steps: 50,
      tile: 30,
      signal: controller.signal,
      onProgress: () => {
        controller.abort(reason);
      },
    });
    await expect(run).rejects.toBe(reason);
    const again = await vocoder.synthesize(cut(speech, 10), { steps: 1, refine: 0 });
    expect(again.samples).toHaveLength(10 * hopLength);
  });

  it("refuses frames of another length, and values that are no numbers", async () => {
    const of = (values: number[], count: number): Float32Array[] => [
      new Float32Array(3 * bands),
      Float32Array.from({ length: count }, (_, i) => values[i] ?? -5),
    ];
    const run = async (frames: Float32Array[]): Promise<void> => {
      for await (const piece of vocoder.stream(frames, { steps: 1 })) expect(piece.length).toBeGreaterThan(0);
    };
    await expect(run(of([], 81))).rejects.toThrow(/Frame 3 .* 81 values/);
    await expect(run(of([-5, NaN], 80))).rejects.toThrow(/Frame 3 /);
    const broken = cut(speech, 4);
    broken.values[3 * bands] = Infinity;
    await expect(vocoder.synthesize(broken)).rejects.toThrow(/Frame 3 /);
  });

  it("shows each step in any tiles, without a change of what it gives", async () => {
    const options = { steps: 2, refine: 0, tile: 30 };
    const { samples } = await vocoder.synthesize(speech, options);
    const shown = new Map<string, Float32Array>();
    const watched = await vocoder.synthesize(speech, {
      ...options,
      onStep: ({ step, signal, firstSample, samples: piece }) => {
        const name = `${step} ${signal}`;
        const whole = shown.get(name) ?? new Float32Array(samples.length).fill(NaN);
        whole.set(piece, firstSample);
        shown.set(name, whole);
      },
    });
    expect(watched.samples).toEqual(samples);
    expect([...shown.keys()].sort()).toEqual(["0 estimate", "0 noisy", "1 estimate", "1 noisy"]);
    for (const whole of shown.values()) expect(whole.every(Number.isFinite)).toBe(true);
    // without corrections the last estimate is the speech
    expect(largestDifference(shown.get("1 estimate")!, samples)).toBeLessThan(1e-6);
    expect(largestDifference(shown.get("0 noisy")!, samples)).toBeGreaterThan(1e-3);
  });

  it("gives no samples for no frames", async () => {
    expect(await streamed(cut(speech, 0), [1], { steps: 2 })).toHaveLength(0);
  });
});
