import { describe, expect, it } from "vitest";
import { decodeRecording } from "../../src/audio/open-recording.js";
import { audioFixtureBytes } from "../support/audio-fixtures.js";
import { joined } from "../support/flac-bytes.js";

const values = [0, 1000, -2000, 32767, -32768, 5];
const little = new Uint8Array(Int16Array.from(values).buffer);
const big = little.map((_, i) => little[i ^ 1]);
const expected = Float32Array.from(values, (value) => value / 32768);

/** A file with TIMIT's header, some lines replaced by others or left out. */
function sphere(
  data: Uint8Array,
  lines: Readonly<Record<string, string | undefined>> = {},
  size = "   1024",
): Uint8Array {
  const fields: Record<string, string | undefined> = {
    database_id: "-s5 TIMIT",
    channel_count: "-i 1",
    sample_count: "-i 6",
    sample_rate: "-i 16000",
    sample_n_bytes: "-i 2",
    sample_byte_format: "-s2 01",
    sample_sig_bits: "-i 16",
    ...lines,
  };
  const text = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value}`],
  );
  const header = new Uint8Array(1024);
  header.set(new TextEncoder().encode(["NIST_1A", size, ...text, "end_head", ""].join("\n")));
  return joined([header, data]);
}

describe("a NIST SPHERE file", () => {
  it("is read in both orders of bytes", async () => {
    for (const file of [sphere(little), sphere(big, { sample_byte_format: "-s2 10" })]) {
      const recording = await decodeRecording(file);
      expect(recording).toMatchObject({ samples: expected, sampleRate: 16000 });
      expect(recording.source).toEqual({
        container: "sphere",
        encoding: "16-bit integer",
        bitDepth: 16,
        channels: 1,
        remarks: [],
      });
    }
  });

  it("of signed 8 bits is read", async () => {
    const file = sphere(Uint8Array.of(0, 64, 192), {
      sample_n_bytes: "-i 1",
      sample_byte_format: "-s1 1",
      sample_count: "-i 3",
    });
    expect((await decodeRecording(file)).samples).toEqual(Float32Array.of(0, 0.5, -0.5));
  });

  it("of mu-law in stereo, from sox, is decoded as libsndfile does", async () => {
    const { samples, source } = await decodeRecording(audioFixtureBytes("mu-law-stereo.sph"));
    expect(samples.length).toBe(1500);
    expect([0, 1, 2, 100, 700, 1499].map((n) => samples[n] * 32768)).toEqual([
      6462, 7644, 7996, 11900, 7996, 512,
    ]);
    expect(samples.reduce((total, value) => total + Math.abs(value) * 32768, 0)).toBe(9122256);
    expect(source).toMatchObject({ encoding: "mu-law", channels: 2, remarks: [] });
  });

  it("that is shorter or longer than it says, or does not say, is read as far as it is sound", async () => {
    const cut = await decodeRecording(sphere(little, { sample_count: "-i 9" }));
    expect(cut.samples).toEqual(expected);
    expect(cut.source.remarks).toEqual([
      "The file is cut off: it holds 6 of the 9 samples that its header promises.",
    ]);
    expect((await decodeRecording(sphere(little, { sample_count: "-i 4" }))).samples).toEqual(
      expected.subarray(0, 4),
    );
    const open = await decodeRecording(sphere(little, { sample_count: undefined }));
    expect(open.samples).toEqual(expected);
    expect(open.source.remarks).toEqual([expect.stringMatching(/gives no length/)]);
  });

  it.each<[string, Record<string, string | undefined>, RegExp]>([
    [
      "Shorten inside",
      { sample_coding: "-s26 pcm,embedded-shorten-v2.00" },
      /embedded-shorten-v2\.00', which vocode does not read/,
    ],
    ["no rate", { sample_rate: undefined }, /does not say its sample_rate/],
    ["an absurd rate", { sample_rate: "-i 1e12" }, /gives '1e12' as its sample_rate/],
    ["no order of bytes", { sample_byte_format: undefined }, /order of its bytes/],
    ["no samples", { sample_count: "-i 0" }, /holds no samples/],
    [
      "channels one after the other",
      { channel_count: "-i 2", channels_interleaved: "-s5 FALSE" },
      /one after the other/,
    ],
  ])("with %s is refused", async (_, lines, message) => {
    await expect(decodeRecording(sphere(little, lines))).rejects.toThrow(message);
  });

  it("that does not say how long its header is is refused", async () => {
    for (const size of ["   what", "99999999", "      3"])
      await expect(decodeRecording(sphere(little, {}, size))).rejects.toThrow(/how long its header is/);
  });
});
