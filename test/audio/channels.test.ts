// Recordings of several channels: each is looked at by itself, and two that cancel each other are not silence.
import { describe, expect, it } from "vitest";
import { inspectStream, type RecordingInspection } from "../../src/audio/inspection.js";
import { decodeRecording, openStream } from "../../src/audio/open-recording.js";
import { byteSource } from "../../src/formats/bytes.js";
import { flacBytes } from "../support/flac-bytes.js";
import { wavBytes } from "../support/wav-bytes.js";

const sampleRate = 8000;
const tone = Array.from({ length: 8000 }, (_, n) => Math.round(9000 * Math.sin(n / 9)) + 0);
const opposite = tone.map((value) => 0 - value);

function interleaved(channels: readonly (readonly number[])[]): Uint8Array {
  const values = channels[0].flatMap((_, n) => channels.map((channel) => channel[n]));
  return wavBytes({
    channels: channels.length,
    sampleRate,
    data: new Uint8Array(Int16Array.from(values).buffer),
  });
}

async function inspected(bytes: Uint8Array): Promise<RecordingInspection> {
  return inspectStream(await openStream(byteSource(bytes)));
}

const both = (channels: readonly (readonly number[])[]): Uint8Array[] => [
  interleaved(channels),
  flacBytes(channels, { sampleRate, blocks: [3000, 3000] }),
];

describe("channels in opposite phase", () => {
  const remark =
    "Its two channels cancel each other: one is the other upside down. The left one alone was used.";

  it("are the left one alone, with a remark, in WAV and FLAC", async () => {
    for (const bytes of both([tone, opposite])) {
      const { samples, source } = await decodeRecording(bytes);
      expect(samples).toEqual(Float32Array.from(tone, (value) => value / 32768));
      expect(source.remarks).toEqual([remark]);
      const { rmsDb, remarks } = await inspected(bytes);
      expect(rmsDb).toBeCloseTo(-14.2, 1);
      expect(remarks).toEqual([remark]);
    }
  });

  it("are found behind silence, and though they differ by noise", async () => {
    const silence = Array.from({ length: 70_000 }, () => 0);
    const noisy = opposite.map((value, n) => value + ((n * 7919) % 401) - 200);
    const { samples, source } = await decodeRecording(
      interleaved([
        [...silence, ...tone],
        [...silence, ...noisy],
      ]),
    );
    expect(samples.subarray(70_000)).toEqual(Float32Array.from(tone, (value) => value / 32768));
    expect(source.remarks).toEqual([remark]);
  });

  it("are not found where the channels are alike, silent, or of different sound", async () => {
    const other = Array.from(tone, (_, n) => Math.round(9000 * Math.cos(n / 5)));
    for (const channels of [
      [tone, tone],
      [tone, other],
      [tone, tone.map(() => 0)],
      [tone, opposite.map((v) => v / 2)],
    ]) {
      const { samples, source } = await decodeRecording(interleaved(channels));
      expect(source.remarks).toEqual([]);
      samples.forEach((value, n) => {
        expect(value).toBeCloseTo((channels[0][n] + channels[1][n]) / 65536, 4);
      });
    }
  });

  it("are remarked on where they begin to cancel later, and where there are more than two", async () => {
    const late = await inspected(
      interleaved([
        [...tone.slice(0, 20), ...tone, ...tone],
        [...tone.slice(0, 20), ...opposite, ...opposite],
      ]),
    );
    expect(late.remarks.join()).toMatch(/cancel each other/);
    const four = await inspected(interleaved([tone, opposite, tone, opposite]));
    expect(four.remarks.join()).toMatch(/cancel each other/);
  });
});

describe("clipping", () => {
  const loud = tone.map((value) => Math.max(-32768, Math.min(32767, value * 6)));

  it("is counted in each channel, and said of the one that has it", async () => {
    for (const [channels, where] of [
      [[loud, tone], "the left channel"],
      [[tone, loud], "the right channel"],
      [[loud, loud], "each channel"],
      [[tone, tone, loud], "channel 3"],
    ] as const)
      for (const bytes of both(channels)) {
        const { clippedSamples, clippedByChannel, remarks } = await inspected(bytes);
        expect(clippedSamples).toBeGreaterThan(4000);
        expect(clippedByChannel).toEqual(channels.map((channel) => (channel === loud ? clippedSamples : 0)));
        expect(remarks.join()).toMatch(
          new RegExp(`^\\d+ samples are cut off at full scale in ${where} \\(\\d+ %\\)`),
        );
      }
  });

  function floats(values: readonly number[]): Uint8Array {
    return wavBytes({
      format: 3,
      bits: 32,
      sampleRate,
      data: new Uint8Array(Float32Array.from(values).buffer),
    });
  }

  it("is not what smooth peaks of floats above full scale are", async () => {
    const { clippedSamples, remarks } = await inspected(floats(tone.map((value) => (1.6 * value) / 9000)));
    expect(clippedSamples).toBe(0);
    expect(remarks).toEqual(["Its peaks go 4.1 dB above full scale; nothing is cut off."]);
  });

  it("is what flat tops of floats are, at full scale and above it", async () => {
    for (const top of [1, 1.3]) {
      const flat = tone.map((value) => Math.max(-top, Math.min(top, value / 2000)));
      expect((await inspected(floats(flat))).clippedSamples).toBeGreaterThan(4000);
    }
  });

  it("is not said of floats that hold integers", async () => {
    const { remarks } = await inspected(floats(tone));
    expect(remarks.slice(0, 1)).toEqual([
      "Its peak is 79 dB above full scale: its floats seem to hold integers. Divide them by 32768.",
    ]);
  });
});
