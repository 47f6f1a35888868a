import { describe, expect, it } from "vitest";
import { FlacError, openFlac } from "../../src/audio/flac.js";
import { isFlac, type Recording, wholeRecording } from "../../src/audio/recording.js";
import { decodeRecording } from "../../src/audio/open-recording.js";
import { byteSource } from "../../src/formats/bytes.js";
import { audioFixtureBytes } from "../support/audio-fixtures.js";

const flac = audioFixtureBytes("speech.flac");
const { samples: expected } = await decodeRecording(audioFixtureBytes("speech.wav"));

/** The whole recording in a file's bytes. */
async function readFlac(bytes: Uint8Array): Promise<Recording> {
  return wholeRecording(await openFlac(byteSource(bytes)));
}

/** An ID3v2 tag of 200 bytes. */
function id3Tag(): Uint8Array {
  const tag = new Uint8Array(210);
  tag.set([...new TextEncoder().encode("ID3"), 4, 0, 0, 0, 0, 1, 72]);
  return tag;
}

describe("openFlac", () => {
  it("gives the samples that were encoded", async () => {
    const recording = await readFlac(flac);
    expect(recording.samples).toEqual(expected);
    expect(recording.sampleRate).toBe(22050);
    const source = { container: "flac", encoding: "16-bit integer", bitDepth: 16, channels: 1, remarks: [] };
    expect(recording.source).toEqual(source);
  });

  it("reads a short last frame, which the decoder alone loses", async () => {
    // "nl_rhasspy_1133" of github.com/rhasspy/dataset-voice-nathalie (CC0) at 22.05 kHz: five frames of 4096, one of 688
    const { samples } = await readFlac(audioFixtureBytes("short-last-frame.flac"));
    expect(samples).toHaveLength(21_168);
  });

  it("averages channels", async () => {
    const { samples, source } = await readFlac(audioFixtureBytes("stereo-24-bit.flac"));
    expect(source).toMatchObject({ channels: 2, bitDepth: 24 });
    samples.forEach((value, n) => {
      expect(Math.abs(value - 0.75 * expected[n])).toBeLessThan(2 ** -22);
    });
  });

  it("passes over an ID3 tag", async () => {
    const tagged = Uint8Array.of(...id3Tag(), ...flac);
    expect(await isFlac(byteSource(tagged))).toBe(true);
    expect((await readFlac(tagged)).samples).toEqual(expected);
  });

  it("refuses a damaged frame", async () => {
    const damaged = flac.slice();
    damaged.fill(0x55, 5000, 5100);
    await expect(readFlac(damaged)).rejects.toBeInstanceOf(FlacError);
  });

  it("refuses a file that was cut off and says how much of it there is", async () => {
    await expect(readFlac(flac.subarray(0, 6000))).rejects.toThrow(/only \d+ of its 8820 samples/);
  });

  it("refuses a file that ends within its header", async () => {
    await expect(readFlac(flac.subarray(0, 20))).rejects.toThrow(/within its header/);
    expect(await isFlac(byteSource(flac.subarray(0, 3)))).toBe(false);
  });
});
