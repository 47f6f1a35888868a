// FLAC files as encoders, taggers and accidents leave them: all samples in their places, or a refusal with the place.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlacError } from "../../src/audio/flac.js";
import { decodeRecording } from "../../src/audio/open-recording.js";
import { audioFixtureBytes } from "../support/audio-fixtures.js";
import { flacBytes, flacParts, joined } from "../support/flac-bytes.js";

const sound = Array.from({ length: 1000 }, (_, n) => Math.round(9000 * Math.sin(n / 11)));
const expected = Float32Array.from(sound, (value) => value / 32768);

function ascii(text: string, length = text.length): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(new TextEncoder().encode(text));
  return bytes;
}

describe("a FLAC file", () => {
  it("that begins with silence in 24-bit stereo gives each block once", async () => {
    const silence = Array.from({ length: 300 }, () => 0);
    const left = [...silence, ...sound];
    const { samples, source } = await decodeRecording(
      flacBytes(
        [left, left.map((value) => -value / 2)].map((channel) => channel.map(Math.round)),
        {
          bits: 24,
          blocks: [100, 100, 100, 500],
        },
      ),
    );
    expect(samples.length).toBe(1300);
    expect(samples.subarray(0, 300).every((value) => value === 0)).toBe(true);
    samples.subarray(300).forEach((value, n) => {
      expect(value).toBeCloseTo(sound[n] / 4 / 2 ** 23, 6);
    });
    expect(source.remarks).toEqual([]);
  });

  it.each([
    ["an ID3v1 tag", ascii("TAGTitle", 128)],
    ["an APEv2 tag", ascii("APETAGEX", 64)],
    ["Lyrics3", ascii("LYRICSBEGIN...LYRICS200")],
    ["an ID3v2 tag", ascii("ID3", 30)],
  ])("with %s behind its last frame loses nothing, of known length or not", async (_, tag) => {
    for (const promised of [1000, 0]) {
      const { samples, source } = await decodeRecording(
        joined([flacBytes([sound], { promised, blocks: [400, 400] }), tag]),
      );
      expect(samples).toEqual(expected);
      expect(source.remarks).toEqual([]);
    }
  });

  it("with other bytes behind its last frame is read with a remark, or refused where its length is unknown", async () => {
    const rest = new Uint8Array(50);
    const known = await decodeRecording(joined([flacBytes([sound]), rest]));
    expect(known.samples).toEqual(expected);
    expect(known.source.remarks).toEqual([
      "50 bytes behind the last frame are no part of the recording and were passed over.",
    ]);
    await expect(decodeRecording(joined([flacBytes([sound], { promised: 0 }), rest]))).rejects.toThrow(
      /cannot be decoded from 0\.05 s on/,
    );
  });

  it("of unknown length with zeros behind its last frame is read with a remark", async () => {
    // the last block of 200 samples is shorter than the others, as only a stream's last one may be
    const file = joined([flacBytes([sound], { promised: 0, blocks: [400, 400] }), new Uint8Array(70_000)]);
    const { samples, source } = await decodeRecording(file);
    expect(samples).toEqual(expected);
    expect(source.remarks).toEqual([
      "70000 bytes behind the last frame are no part of the recording and were passed over.",
    ]);
  });

  it("of unknown length with zeros in place of its last frames is refused with the place", async () => {
    for (const countsSamples of [false, true]) {
      const fields = { promised: 0, blocks: [400, 400], countsSamples, sampleRate: 1000 };
      const { header, frames } = flacParts([sound], fields);
      for (const lost of [1, 2]) {
        frames[frames.length - lost].fill(0);
        await expect(decodeRecording(joined([header, ...frames]))).rejects.toThrow(
          lost === 1 ? /from 0\.80 s on/ : /from 0\.40 s on/,
        );
      }
    }
    // other bytes than zeros are damage, also behind a short frame
    const file = joined([flacBytes([sound], { promised: 0, blocks: [400, 400] }), Uint8Array.of(0, 0, 1, 0)]);
    await expect(decodeRecording(file)).rejects.toThrow(/cannot be decoded from/);
  });

  it.each([4, 5, 8, 12, 13, 16, 20, 24, 31, 32])("of %i bits is read to full scale", async (bits) => {
    const [most, least] = [2 ** (bits - 1) - 1, -(2 ** (bits - 1))];
    const values = [least, most, 0, 1, -1, 3, -4, most, least];
    const { samples, source } = await decodeRecording(flacBytes([values], { bits }));
    expect(samples).toEqual(Float32Array.from(values, (value) => value / 2 ** (bits - 1)));
    expect(source).toMatchObject({ bitDepth: bits, encoding: `${bits}-bit integer` });
  });

  it("with blocks of many sizes is read, whether they count frames or samples", async () => {
    const blocks = [100, 50, 25, 200, 16, 300];
    for (const countsSamples of [false, true]) {
      const { samples, source } = await decodeRecording(flacBytes([sound], { blocks, countsSamples }));
      expect(samples).toEqual(expected);
      expect(source.remarks).toEqual([]);
    }
  });

  it("whose header promises too few samples gives all of them and says so", async () => {
    for (const promised of [1, 400, 500, 999]) {
      const { samples, source } = await decodeRecording(flacBytes([sound], { promised, blocks: [400, 400] }));
      expect(samples).toEqual(expected);
      expect(source.remarks).toEqual([
        `The header promises ${promised} samples, and the frames hold 1000: all of them were read.`,
      ]);
    }
  });

  it("with a hole is refused with the place, of known length or not", async () => {
    for (const promised of [1000, 0]) {
      const { header, frames } = flacParts([sound], { promised, blocks: [400, 300], sampleRate: 1000 });
      frames[1].fill(0, 100, 200);
      await expect(decodeRecording(joined([header, ...frames]))).rejects.toThrow(/from 0\.40 s on/);
    }
  });

  it("that lacks whole frames in its middle is refused, though its length is unknown", async () => {
    for (const countsSamples of [false, true]) {
      const fields = { promised: 0, blocks: [100, 100, 100, 100], countsSamples };
      const { header, frames } = flacParts([sound], fields);
      const damaged = joined([header, ...frames.slice(0, 2), ...frames.slice(3)]);
      await expect(decodeRecording(damaged)).rejects.toThrow(/missing/);
    }
  });

  it("that holds frames twice is read with a remark", async () => {
    const { header, frames } = flacParts([sound], { promised: 0, blocks: [500] });
    const { source } = await decodeRecording(joined([header, frames[0], frames[0], frames[1]]));
    expect(source.remarks).toEqual(["Its frames are not numbered in a row: some may be there twice."]);
  });

  it("that begins in the middle of a stream, as a recorder of one leaves it, is read", async () => {
    const { header, frames } = flacParts([sound], { promised: 0, blocks: [200, 300, 300] });
    const { samples, source } = await decodeRecording(joined([header, ...frames.slice(1)]));
    expect(samples).toEqual(expected.subarray(200));
    expect(source.remarks).toEqual([]);
  });

  it("of unknown length that ends within a frame is refused with the place", async () => {
    const file = flacBytes([sound], { promised: 0, blocks: [500], sampleRate: 1000 });
    await expect(decodeRecording(file.subarray(0, -40))).rejects.toThrow(/ends within a frame, at 0\.50 s/);
  });

  it("cut off anywhere is refused, or is whole but for what its length does not tell", async () => {
    const promised = fc.constantFrom(0, 1000);
    const property = fc.asyncProperty(
      promised,
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (count, share) => {
        const { header, frames } = flacParts([sound], { promised: count, blocks: [100, 250, 16, 400] });
        const whole = joined([header, ...frames]);
        const cut = whole.subarray(0, Math.floor(share * (whole.length - 1)));
        const ends = frames.map((_, i) => joined([header, ...frames.slice(0, i + 1)]).length);
        if (count === 0 && ends.includes(cut.length)) return;
        await expect(decodeRecording(cut)).rejects.toBeInstanceOf(Error);
      },
    );
    await fc.assert(property, { numRuns: 200 });
  });

  it("whose frames have a wrong bit anywhere is refused", async () => {
    const bytes = audioFixtureBytes("speech.flac");
    const { samples } = await decodeRecording(bytes);
    const property = fc.asyncProperty(
      fc.integer({ min: 200, max: bytes.length - 1 }),
      fc.nat(7),
      async (at, bit) => {
        const damaged = bytes.slice();
        damaged[at] ^= 1 << bit;
        const result = await decodeRecording(damaged).catch((error: unknown) => error);
        // tags and padding stand before the frames
        if (result instanceof Error) expect(result).toBeInstanceOf(FlacError);
        else expect(result).toMatchObject({ samples });
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });
});
