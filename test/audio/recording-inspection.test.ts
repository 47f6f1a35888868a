import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inspectRecording, inspectStream } from "../../src/audio/inspection.js";
import { type Recording, recordingStream } from "../../src/audio/recording.js";

const sampleRate = 8000;

function recordingOf(samples: Float32Array, remarks: readonly string[] = []): Recording {
  const source = {
    container: "wav",
    encoding: "16-bit integer",
    bitDepth: 16,
    channels: 1,
    remarks,
  } as const;
  return { samples, sampleRate, source };
}

/** One second of 100 Hz. */
function tone(amplitude: number): Float32Array {
  return Float32Array.from(
    { length: sampleRate },
    (_, i) => amplitude * Math.sin((2 * Math.PI * 100 * i) / sampleRate),
  );
}

describe("inspectRecording", () => {
  it("measures the level of a tone: its RMS is 3 dB below its peak", () => {
    const found = inspectRecording(recordingOf(tone(0.5)));
    expect(found.peakDb).toBeCloseTo(-6.02, 2);
    expect(found.rmsDb).toBeCloseTo(-9.03, 2);
    expect(found.offset).toBeCloseTo(0, 6);
    expect(found).toMatchObject({
      seconds: 1,
      clippedSamples: 0,
      remarks: [],
      silence: { start: 0, end: 0 },
    });
  });

  it("finds the silence at both ends, though it be noise", () => {
    const samples = new Float32Array(5 * sampleRate).map((_, i) => (i % 2 ? 1e-4 : -1e-4));
    samples.set(tone(0.5), 1.5 * sampleRate);
    const found = inspectRecording(recordingOf(samples));
    expect(found.silence).toEqual({ start: 1.5, end: 2.5 });
    expect(found.remarks).toEqual(["It begins with 1.5 s of silence.", "It ends with 2.5 s of silence."]);
  });

  it("remarks on clipping, an offset, a very quiet recording and what its reader found", () => {
    const clipped = tone(2).map((sample) => Math.max(-1, Math.min(1, sample)));
    expect(inspectRecording(recordingOf(clipped)).remarks.join()).toMatch(
      /\d+ samples are cut off at full scale/,
    );
    const shifted = tone(0.3).map((sample) => sample + 0.05);
    expect(inspectRecording(recordingOf(shifted)).remarks).toEqual([
      "Its mean is 0.050, not 0: the recording has a DC offset.",
    ]);
    expect(inspectRecording(recordingOf(tone(0.01), ["It was cut off."])).remarks).toEqual([
      "It was cut off.",
      "It is very quiet: its peak is -40.0 dBFS.",
    ]);
  });

  it("takes silence and nothing at all for what they are", () => {
    expect(inspectRecording(recordingOf(new Float32Array(800)))).toMatchObject({
      peakDb: -Infinity,
      rmsDb: -Infinity,
      remarks: ["It is digital silence throughout."],
    });
    expect(inspectRecording(recordingOf(new Float32Array(0)))).toMatchObject({
      remarks: ["It has no samples."],
    });
  });
});

describe("inspectStream", () => {
  it("finds the same as in the whole, however it is cut", async () => {
    const samples = new Float32Array(3001).map((_, i) => (i > 500 && i < 2000 ? Math.sin(i) : 1e-4));
    const whole = recordingOf(samples);
    const property = fc.asyncProperty(fc.integer({ min: 1, max: 3100 }), async (size) => {
      const stream = recordingStream({
        ...whole,
        sampleCount: samples.length,
        // eslint-disable-next-line @typescript-eslint/require-await
        async *channels() {
          for (let from = 0; from < samples.length; from += size) yield [samples.subarray(from, from + size)];
        },
      });
      expect(await inspectStream(stream)).toEqual(inspectRecording(whole));
    });
    await fc.assert(property, { numRuns: 30 });
  });
});
