// All metrics of a clip: against the values that numpy, scipy and pystoi give, of equal signals, and in the order in which
// known degradations are worse.
import { beforeAll, describe, expect, it } from "vitest";
import {
  type ClipMetrics,
  EmptyClipError,
  measureClip,
  metricDefinitions,
  metricNames,
} from "../../../src/evaluation/metrics/clip-metrics.js";
import { delayed, lowPassed, pitched, withNoise } from "../../support/degradations.js";
import { goldenMetrics, readPair } from "../../support/evaluation-fixtures.js";

const RATE = 22050;
let speech: Float32Array;
beforeAll(async () => {
  speech = (await readPair("noisy.flac")).reference;
});

describe("the golden values", () => {
  it.each(["vocoded.flac", "noisy.flac"] as const)("of %s are met to 0.1 %%", async (name) => {
    const { reference, synthesis, sampleRate } = await readPair(name);
    const measured = await measureClip(reference, synthesis, sampleRate);
    const golden = Object.entries(goldenMetrics(name)) as [keyof ClipMetrics, number][];
    expect(golden).toHaveLength(10);
    for (const [metric, value] of golden) {
      expect(Math.abs(measured[metric] / value - 1), metric).toBeLessThan(1e-3);
    }
  });

  it("of a pair of 24 kHz are met to 1 %, but for log spectra at the resampler's edge", async () => {
    const { reference, synthesis, sampleRate } = await readPair("noisy-24k.flac");
    const measured = await measureClip(reference, synthesis, sampleRate);
    const golden = Object.entries(goldenMetrics("noisy-24k.flac")) as [keyof ClipMetrics, number][];
    for (const [metric, value] of golden) {
      // soxr keeps a little more between 10.5 and 11 kHz, where noise and speech differ most
      expect(Math.abs(measured[metric] / value - 1), metric).toBeLessThan(metric === "mstft" ? 0.025 : 0.01);
    }
  });
});

describe("equal signals", () => {
  it.each([RATE, 16000, 48000])("give the perfect score in every metric, at %d Hz", async (sampleRate) => {
    const measured = await measureClip(speech, speech.slice(), sampleRate);
    for (const name of metricNames) {
      expect(measured[name], name).toBeCloseTo(metricDefinitions[name].perfect, 9);
    }
  });

  it("and silence is never worse than perfect, or says nothing", async () => {
    const measured = await measureClip(new Float32Array(RATE), new Float32Array(RATE), RATE);
    expect(measured).toMatchObject({ mel: 0, mstft: 0, lsMse: 0, mcd: 0, vuv: 0, ffe: 0, hnr1: 0, peak3: 0 });
    expect(measured.f0).toBeNaN();
    expect(measured.estoi).toBeNaN();
  });
});

describe("known degradations", () => {
  /** Values that must rise, strictly, from one to the next. */
  function expectRising(values: readonly number[], metric: string): void {
    values.slice(1).forEach((value, i) => {
      expect(value, `${metric} of degradation ${i + 1}`).toBeGreaterThan(values[i]);
    });
  }

  /** How far a metric is from perfect. */
  function badness(measured: ClipMetrics, name: keyof ClipMetrics): number {
    return Math.abs(measured[name] - metricDefinitions[name].perfect);
  }

  it("are worse in every metric with more noise", async () => {
    const rows = [];
    for (const decibels of [30, 20, 10])
      rows.push(await measureClip(speech, withNoise(speech, decibels), RATE));
    for (const name of metricNames) {
      // the tracker hears pitch and voice through 30 and 20 dB of noise nearly alike
      if (["f0", "vuv", "ffe"].includes(name)) continue;
      expectRising([0, ...rows.map((row) => badness(row, name))], name);
    }
    expect(rows[2].vuv).toBeGreaterThan(rows[0].vuv);
    expect(rows[2].f0).toBeGreaterThan(rows[0].f0);
  });

  it("are worse in spectral metrics the lower a low-pass is, with the pitch untouched", async () => {
    const rows = [];
    for (const hertz of [6000, 3500, 2000])
      rows.push(await measureClip(speech, await lowPassed(speech, hertz, RATE), RATE));
    for (const name of ["mel", "mstft", "lsMse", "mcd", "estoi"] as const) {
      expectRising([0, ...rows.map((row) => badness(row, name))], name);
    }
    expect(rows[0].f0).toBeLessThan(3);
  });

  it("are told by F0 where the pitch is off: 50 cents up and down, and 25 less", async () => {
    const measured: ClipMetrics[] = [];
    // a moment of it, for playing faster moves everything else in time as well
    const begin = 0.5 * RATE;
    const moment = speech.subarray(begin, begin + 0.35 * RATE);
    for (const cents of [0, 25, 50, -50])
      measured.push(await measureClip(moment, await pitched(moment, cents, RATE), RATE));
    const f0 = measured.map((row) => row.f0);
    expect(f0[0]).toBeCloseTo(0, 6);
    expectRising(f0.slice(0, 3), "f0");
    for (const value of f0.slice(2)) expect(Math.abs(value - 50)).toBeLessThan(20);
  });

  it("are small in all but waveform detail for a shift of 5 ms, and smaller than for 20 ms", async () => {
    const [small, large] = [
      await measureClip(speech, delayed(speech, Math.round(0.005 * RATE)), RATE),
      await measureClip(speech, delayed(speech, Math.round(0.02 * RATE)), RATE),
    ];
    for (const name of ["mel", "mstft", "lsMse", "mcd", "f0", "estoi"] as const) {
      expectRising([0, badness(small, name), badness(large, name)], name);
    }
    // harmonicity and pulse shape do not depend on where exactly the pulses are
    const noisy = await measureClip(speech, withNoise(speech, 10), RATE);
    for (const name of ["hnr3", "peak3"] as const) {
      expect(badness(small, name), name).toBeLessThan(badness(noisy, name));
    }
  });

  it("of level count, for nothing normalises it", async () => {
    const { mel } = await measureClip(
      speech,
      speech.map((value) => value / 2),
      RATE,
    );
    // the floor keeps a little of it
    expect(mel).toBeGreaterThan(0.95 * Math.LN2);
    expect(mel).toBeLessThan(Math.LN2 + 1e-9);
  });
});

describe("measureClip", () => {
  it("cuts the longer signal off", async () => {
    const longer = new Float32Array(speech.length + 5000);
    longer.set(speech);
    expect(await measureClip(speech, longer, RATE)).toEqual(await measureClip(speech, speech, RATE));
  });

  it("computes only what is asked for", async () => {
    const noisy = withNoise(speech, 20);
    const all = await measureClip(speech, noisy, RATE);
    const some = await measureClip(speech, noisy, RATE, { only: ["mel", "estoi"] });
    expect(some).toMatchObject({ mel: all.mel, estoi: all.estoi, f0: NaN, hnr1: NaN, mcd: NaN });
  });

  it("gives clips that are measured at the same time their own values", async () => {
    const synthesis = [withNoise(speech, 30), withNoise(speech, 10)];
    const together = await Promise.all(synthesis.map((clip) => measureClip(speech, clip, RATE)));
    for (const [i, clip] of synthesis.entries()) {
      expect(together[i]).toEqual(await measureClip(speech, clip, RATE));
    }
  });

  it.each([1, 2, 100, 600, 3000])("takes clips of %d samples", async (length) => {
    const clip = speech.subarray(11025, 11025 + length);
    const measured = await measureClip(clip, clip, RATE);
    expect(measured).toMatchObject({ mel: 0, mstft: 0, hnr1: 0, estoi: NaN });
  });

  it("refuses clips without samples", async () => {
    await expect(measureClip(speech, new Float32Array(0), RATE)).rejects.toThrow(EmptyClipError);
    await expect(measureClip(new Float32Array(0), speech, RATE)).rejects.toThrow(
      "The recording holds no samples",
    );
  });
});
