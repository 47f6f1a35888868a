// WAV files whose headers say too much, too little or nothing: as many samples as there are, and no other chunk as sound.
import { describe, expect, it } from "vitest";
import { decodeRecording } from "../../src/audio/open-recording.js";
import type { Recording } from "../../src/audio/recording.js";
import { openWav } from "../../src/audio/read-wav.js";
import { audioFixtureBytes } from "../support/audio-fixtures.js";
import { joined } from "../support/flac-bytes.js";
import { chunk, wave64Bytes, wave64Chunk, wavBytes, type WavFields } from "../support/wav-bytes.js";

const values = Array.from({ length: 500 }, (_, n) => Math.round(9000 * Math.sin(n / 7)));
const data = new Uint8Array(Int16Array.from(values).buffer);
const expected = Float32Array.from(values, (value) => value / 32768);
const list = chunk("LIST", new TextEncoder().encode("INFOICMT\x04\0\0\0some"));
const unknownLength = /^The header gives no length; everything up to the end of the file/;

async function read(fields: WavFields, ...after: Uint8Array[]): Promise<Recording> {
  return decodeRecording(joined([wavBytes({ data, ...fields }), ...after]));
}

describe("a WAV file", () => {
  it.each([0, 0x7ffff000, 0x7fffffff, 0x80000000, 0x7fffffff - 36, 0xffffffff, 0xfffffffe, 0xffffffff - 36])(
    "with the data size %i, as programs write it into a pipe, has an unknown length and is not cut off",
    async (dataSize) => {
      const { samples, source } = await read({ dataSize });
      expect(samples).toEqual(expected);
      expect(source.remarks).toEqual([expect.stringMatching(unknownLength)]);
    },
  );

  it.each([0, 0xffffffff, 0x7ffff000])(
    "of unknown length (%i) does not take the chunks behind its samples for sound",
    async (dataSize) => {
      for (const behind of [
        [list],
        [chunk("bext", new Uint8Array(602)), list],
        [chunk("id3 ", new Uint8Array(40))],
      ]) {
        const { samples, source } = await read({ dataSize }, ...behind);
        expect(samples).toEqual(expected);
        expect(source.remarks).toEqual([expect.stringMatching(/up to the chunks at the end of the file/)]);
      }
    },
  );

  it("takes what only looks like a chunk for sound", async () => {
    const words = joined([data, list.subarray(0, 20), data]);
    expect((await read({ data: words, dataSize: 0 })).samples.length).toBe(1010);
  });

  it("with no samples at all before another chunk is refused", async () => {
    await expect(read({ data: new Uint8Array(0) }, list)).rejects.toThrow(/holds no samples/);
  });

  it("with the file's size in place of the data's is whole", async () => {
    for (const dataSize of [data.length + 36, data.length + 44]) {
      const { samples, source } = await read({ dataSize });
      expect(samples).toEqual(expected);
      expect(source.remarks).toEqual([]);
    }
  });

  it("that lacks a few samples says how many", async () => {
    expect((await read({ dataSize: data.length + 10 })).source.remarks).toEqual([
      "The file is cut off: 5 of the 505 samples that its header promises are missing.",
    ]);
    expect((await read({ dataSize: data.length + 1 })).source.remarks).toEqual([]);
    expect((await read({ dataSize: 2 * data.length })).source.remarks).toEqual([
      "The file is cut off: it holds 50 % of the samples that its header promises.",
    ]);
  });

  it("that promises too few samples says what was passed over", async () => {
    const { samples, source } = await read({ dataSize: 400 });
    expect(samples).toEqual(expected.subarray(0, 200));
    expect(source.remarks).toEqual([
      "600 bytes behind the samples belong to no chunk and were passed over: the header may promise too few samples.",
    ]);
    expect((await read({}, list)).source.remarks).toEqual([]);
  });

  it("longer than its 32 bits can say is read to its end", async () => {
    const head = wavBytes({ data: new Uint8Array(0), dataSize: 1000 });
    const length = head.length + 2 ** 32 + 1000;
    const { sampleCount, source } = await openWav({
      length,
      read: (at, count) => {
        const part = new Uint8Array(Math.min(count, length - at));
        part.set(head.subarray(at, at + part.length));
        return Promise.resolve(part);
      },
      close: () => Promise.resolve(),
    });
    expect(sampleCount).toBe((2 ** 32 + 1000) / 2);
    expect(source.remarks).toEqual(["The samples are longer than the header can say; all were read."]);
  });

  it.each(["RF64", "BW64"])(
    "in %s has the length of its ds64 chunk, or an unknown one where that is 0",
    async (magic) => {
      for (const [size, remarks] of [
        [data.length, []],
        [0, [expect.stringMatching(unknownLength)]],
        [2 ** 53 * 2, [expect.stringMatching(unknownLength)]],
      ] as const) {
        const sizes = new Uint8Array(28);
        new DataView(sizes.buffer).setBigUint64(8, BigInt(size), true);
        const { samples, source } = await read({ magic, before: chunk("ds64", sizes), dataSize: 0xffffffff });
        expect(samples).toEqual(expected);
        expect(source.remarks).toEqual(remarks);
      }
      expect((await read({ magic, dataSize: 0xffffffff })).samples).toEqual(expected);
    },
  );

  it.each<[string, WavFields, number]>([
    ["16-bit mono with the block of stereo", { blockAlign: 4 }, 500],
    ["16-bit stereo with the block of mono", { channels: 2, blockAlign: 2 }, 250],
    ["16-bit mono without a block", { blockAlign: 0 }, 500],
    ["32-bit floats with the block of stereo", { format: 3, bits: 32, blockAlign: 8 }, 250],
    ["8-bit mono with the block of 16 bits", { bits: 8, blockAlign: 2 }, 1000],
    ["mu-law with the block of 16 bits", { format: 7, bits: 8, blockAlign: 2 }, 1000],
  ])("of %s is read by its channels and bits, with a remark", async (_, fields, count) => {
    const { samples, source } = await read(fields);
    expect(samples.length).toBe(count);
    expect(source.remarks).toEqual([expect.stringMatching(/^The header contradicts itself/)]);
  });

  it.each([6, 7])("with companded samples (format %i) may state the bits of decoded ones", async (format) => {
    const [stated, decoded] = await Promise.all([8, 16].map((bits) => read({ format, bits, blockAlign: 1 })));
    expect(decoded).toEqual(stated);
    expect(decoded.source.remarks).toEqual([]);
  });

  it("of 24 bits in 4 bytes, as some programs write it, keeps that size", async () => {
    const { samples, source } = await read({ bits: 24, blockAlign: 4, data: Uint8Array.of(0, 0, 0, 0x40) });
    expect(samples).toEqual(Float32Array.of(0.5));
    expect(source.remarks).toEqual([]);
  });

  it.each<[string, WavFields]>([
    ["16 bits in 3 bytes", { blockAlign: 3 }],
    ["24 bits in 2 bytes", { bits: 24, blockAlign: 2 }],
    ["32 bits in 2 bytes", { bits: 32, blockAlign: 2 }],
    ["40 bits", { bits: 40, blockAlign: 5 }],
  ])("of %s, which could be two things, is refused", async (_, fields) => {
    await expect(read(fields)).rejects.toThrow(/which cannot be/);
  });

  it("behind an ID3 tag is read", async () => {
    const tag = new Uint8Array(110);
    tag.set([...new TextEncoder().encode("ID3"), 3, 0, 0, 0, 0, 0, 100]);
    expect((await decodeRecording(joined([tag, wavBytes({ data })]))).samples).toEqual(expected);
  });
});

describe("a Wave64 file", () => {
  const head = wave64Bytes();

  it("is read, whatever chunks stand around its samples", async () => {
    const parts = [
      head,
      wave64Chunk("junk", new Uint8Array(5)),
      wave64Chunk("data", data),
      wave64Chunk("list", list),
    ];
    const { samples, source } = await decodeRecording(joined(parts));
    expect(samples).toEqual(expected);
    expect(source).toMatchObject({ container: "w64", encoding: "16-bit integer", remarks: [] });
  });

  it("of unknown length is read to its end", async () => {
    const { samples, source } = await decodeRecording(joined([head, wave64Chunk("data", data, 24)]));
    expect(samples).toEqual(expected);
    expect(source.remarks).toEqual([expect.stringMatching(unknownLength)]);
  });

  it("that is cut off says so", async () => {
    const whole = joined([head, wave64Chunk("data", data)]);
    const { samples, source } = await decodeRecording(whole.subarray(0, whole.length - 500));
    expect(samples).toEqual(expected.subarray(0, 250));
    expect(source.remarks).toEqual([expect.stringMatching(/cut off: it holds 50 %/)]);
  });
});

describe("ADPCM", () => {
  // samples 0, 1, 2, 100, 700 and the last one, channels averaged, and the sum of all magnitudes, by libsndfile 1.2.2
  it.each([
    ["ms-adpcm-mono.wav", 1500, [0, 2384, 4720, 14634, 6712, -10166], 15615830],
    ["ms-adpcm-stereo.wav", 1500, [6554, 7552, 8179, 11910, 7990, 525.5], 9107511],
    ["ima-adpcm-mono.wav", 1515, [0, 2292, 4477, 14654, 6456, -224], 15618757],
    ["ima-adpcm-stereo.wav", 1515, [0, 7682, 8091.5, 12111.5, 7885, 282.5], 9098794.5],
  ])("of %s is decoded as libsndfile does, in every piece", async (name, count, some, sum) => {
    const bytes = audioFixtureBytes(name);
    const { samples, source } = await decodeRecording(bytes);
    expect(samples.length).toBe(count);
    expect([0, 1, 2, 100, 700, count - 1].map((n) => samples[n] * 32768)).toEqual(some);
    expect(samples.reduce((total, value) => total + Math.abs(value) * 32768, 0)).toBeCloseTo(sum, 3);
    expect(source).toMatchObject({ bitDepth: 4, remarks: [] });
    expect(source.encoding).toMatch(/ADPCM$/);
  });

  it.each(["ms-adpcm-mono.wav", "ms-adpcm-stereo.wav", "ima-adpcm-mono.wav", "ima-adpcm-stereo.wav"])(
    "of %s keeps what is there of a last block that was cut off",
    async (name) => {
      const bytes = audioFixtureBytes(name);
      const whole = await decodeRecording(bytes);
      for (const cut of [8, 64, 100]) {
        const { samples, source } = await decodeRecording(bytes.subarray(0, bytes.length - cut));
        // two samples a byte and channel
        const missing = (cut * 2) / whole.source.channels;
        expect(samples.length).toBeLessThan(whole.samples.length);
        expect(samples.length).toBeGreaterThanOrEqual(whole.samples.length - missing - 16);
        expect(samples).toEqual(whole.samples.subarray(0, samples.length));
        expect(source.remarks).toEqual([expect.stringMatching(/cut off/)]);
      }
    },
  );

  it("of a block that could hold no sample is refused", async () => {
    for (const fields of [
      { format: 17, bits: 4, blockAlign: 4 },
      { format: 17, bits: 3, blockAlign: 256 },
      { format: 17, bits: 4, channels: 2, blockAlign: 250 },
      { format: 2, bits: 4, blockAlign: 7 },
      { format: 2, bits: 4, channels: 3, blockAlign: 256 },
    ])
      await expect(read(fields)).rejects.toThrow(/ADPCM .* cannot be/);
  });
});
