// Samples cut off at full scale, told from peaks that only reach it.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClippingCounter, countClippedSamples } from "../../src/audio/inspection.js";
import type { Recording } from "../../src/audio/recording.js";

function recording(
  samples: readonly number[],
  bitDepth = 16,
  encoding = `${bitDepth}-bit integer`,
): Recording {
  return {
    samples: Float32Array.from(samples),
    sampleRate: 22050,
    source: { container: "wav", encoding, bitDepth, channels: 1, remarks: [] },
  };
}

describe("countClippedSamples", () => {
  it("counts runs of three and more at full scale, on either side", () => {
    const top = 32767 / 32768;
    expect(countClippedSamples(recording([0.5, top, top, top, 0.5, -1, -1, -1, -1, 0]))).toBe(7);
  });

  it("passes over a peak that reaches full scale, and a swing from one side to the other", () => {
    const top = 32767 / 32768;
    expect(countClippedSamples(recording([0.5, top, top, 0.5, -1, 0]))).toBe(0);
    expect(countClippedSamples(recording([top, top, -1, -1, top, top]))).toBe(0);
  });

  it("knows the full scale of 8 and 24 bits and of floats", () => {
    const flat = (value: number): number[] => [0, value, value, value, 0];
    expect(countClippedSamples(recording(flat(127 / 128), 8))).toBe(3);
    expect(countClippedSamples(recording(flat(127 / 128), 16))).toBe(0);
    expect(countClippedSamples(recording(flat(1 - 2 ** -23), 24))).toBe(3);
    expect(countClippedSamples(recording(flat(32767 / 32768), 32, "32-bit float"))).toBe(0);
    expect(countClippedSamples(recording(flat(1.3), 32, "32-bit float"))).toBe(3);
  });

  it("counts none in silence", () => {
    expect(countClippedSamples(recording(Array.from({ length: 100 }, () => 0)))).toBe(0);
  });
});

describe("ClippingCounter", () => {
  it("counts the same however the recording is cut", () => {
    const levels = fc.constantFrom(0, 32767 / 32768, -1);
    const property = fc.property(
      fc.array(levels, { maxLength: 40 }),
      fc.array(fc.nat(40), { maxLength: 6 }),
      (values, cuts) => {
        const whole = recording(values);
        const counter = new ClippingCounter(whole.source);
        const places = [0, ...cuts.sort((a, b) => a - b), values.length];
        places.slice(1).forEach((end, i) => {
          counter.take(whole.samples.subarray(places[i], Math.max(places[i], end)));
        });
        expect(counter.clippedSamples).toBe(countClippedSamples(whole));
      },
    );
    fc.assert(property, { numRuns: 1000 });
  });
});
