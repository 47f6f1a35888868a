// Streaming: any way of cutting a signal into pieces gives the same frames, bit for bit, and soon.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { computeMel, MelAnalyzer } from "../../src/mel/analysis.js";
import type { MelFormat } from "../../src/mel/format.js";
import { frameStart } from "../../src/mel/frames.js";
import { findPreset } from "../../src/mel/presets.js";

// small transforms, so that many cases take little time
const small: MelFormat = {
  ...findPreset("hifigan-22k-80"),
  fftSize: 64,
  windowLength: 60,
  hopLength: 16,
  bands: 8,
};

function noise(length: number): Float32Array {
  return Float32Array.from({ length }, (_, n) => Math.sin(1.7 * n * n) * 0.9);
}

/** The mel of a signal that is pushed in pieces of the given lengths, repeated until it is used up. */
function inPieces(samples: Float32Array, lengths: readonly number[], format: MelFormat): number[] {
  const analyzer = new MelAnalyzer(format);
  const values: number[] = [];
  for (let from = 0, i = 0; from < samples.length; i++) {
    const to = from + lengths[i % lengths.length];
    values.push(...analyzer.push(samples.subarray(from, to)));
    from = to;
  }
  values.push(...analyzer.finish());
  return values;
}

describe("MelAnalyzer", () => {
  it("gives the same values for every way of cutting the signal", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 16, max: 1500 }),
        fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1 }).map((lengths) => [...lengths, 1]),
        fc.constantFrom("same", "center"),
        fc.integer({ min: 1, max: 64 }),
        (length, lengths, padding, hopLength) => {
          const format = { ...small, padding, hopLength } as const;
          fc.pre(padding === "center" || length > hopLength);
          const whole = computeMel(noise(length), format).values;
          expect(inPieces(noise(length), lengths, format)).toEqual([...whole]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("gives the same values for pieces much longer than its own buffer", () => {
    const samples = noise(60_000);
    const whole = computeMel(samples, small).values;
    expect(inPieces(samples, [1], small)).toEqual([...whole]);
    expect(inPieces(samples, [20_001], small)).toEqual([...whole]);
  });

  it("gives out each frame with the sample that completes it", () => {
    const analyzer = new MelAnalyzer(small);
    const samples = noise(400);
    for (let n = 0; n < samples.length; n++) {
      analyzer.push(samples.subarray(n, n + 1));
      const complete = (frame: number): boolean => frameStart(small, frame) + small.fftSize <= n + 1;
      expect(complete(analyzer.frames)).toBe(false);
      if (analyzer.frames > 0) expect(complete(analyzer.frames - 1)).toBe(true);
    }
    expect(analyzer.samples).toBe(400);
    analyzer.finish();
    expect(analyzer.frames).toBe(25);
  });

  it("gives nothing for a signal that is too short", () => {
    const analyzer = new MelAnalyzer(small);
    expect(analyzer.push(noise(15)).length).toBe(0);
    expect(analyzer.finish().length).toBe(0);
  });

  it("does not mix up two analyses of different formats that run at the same time", () => {
    const other: MelFormat = { ...small, fftSize: 128, windowLength: 128, bands: 12 };
    const samples = noise(1000);
    const first = new MelAnalyzer(small);
    const second = new MelAnalyzer(other);
    const values: [number[], number[]] = [[], []];
    for (let from = 0; from < samples.length; from += 50) {
      values[0].push(...first.push(samples.subarray(from, from + 50)));
      values[1].push(...second.push(samples.subarray(from, from + 50)));
    }
    values[0].push(...first.finish());
    values[1].push(...second.finish());
    expect(values[0]).toEqual([...computeMel(samples, small).values]);
    expect(values[1]).toEqual([...computeMel(samples, other).values]);
  });

  it("takes no samples after its end", () => {
    const analyzer = new MelAnalyzer(small);
    analyzer.finish();
    expect(() => analyzer.push(noise(1))).toThrow("was finished");
  });
});
