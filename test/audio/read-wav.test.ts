import { describe, expect, it } from "vitest";
import wavefile from "wavefile";
import { openWav } from "../../src/audio/read-wav.js";
import { isWav, type Recording, wholeRecording } from "../../src/audio/recording.js";
import { WavError } from "../../src/audio/wav-chunks.js";
import { byteSource } from "../../src/formats/bytes.js";
import { chunk, wavBytes, type WavFields } from "../support/wav-bytes.js";

/** A file as wavefile writes it. */
function written(channels: number, bits: string, samples: number[][], options: object = {}): Uint8Array {
  const wav = new wavefile.WaveFile();
  wav.fromScratch(channels, 22050, bits, channels === 1 ? samples[0] : samples, options);
  return wav.toBuffer();
}

const ramp = [-1, -0.5, 0, 0.25, 0.5];

/** The whole recording in a file's bytes. */
async function readWav(bytes: Uint8Array): Promise<Recording> {
  return wholeRecording(await openWav(byteSource(bytes)));
}

describe("openWav", () => {
  it.each([
    ["8", (value: number) => 128 + 128 * value, "8-bit integer"],
    ["16", (value: number) => 2 ** 15 * value, "16-bit integer"],
    ["24", (value: number) => 2 ** 23 * value, "24-bit integer"],
    ["32", (value: number) => 2 ** 31 * value, "32-bit integer"],
    ["32f", (value: number) => value, "32-bit float"],
    ["64", (value: number) => value, "64-bit float"],
  ])("reads what wavefile writes in its format %s", async (bits, scaled, encoding) => {
    for (const container of ["RIFF", "RIFX"]) {
      const recording = await readWav(written(1, bits, [ramp.map(scaled)], { container }));
      expect([...recording.samples]).toEqual(ramp);
      expect(recording.sampleRate).toBe(22050);
      expect(recording.source).toMatchObject({ container: "wav", encoding, channels: 1, remarks: [] });
    }
  });

  it("averages channels, of the extensible format too", async () => {
    const stereo = written(2, "16", [
      [16384, 0],
      [0, -8192],
    ]);
    expect([...(await readWav(stereo)).samples]).toEqual([0.25, -0.125]);
    const surround = written(6, "24", [[6 * 2 ** 20], ...Array.from({ length: 5 }, () => [0])]);
    const recording = await readWav(surround);
    expect([...recording.samples]).toEqual([0.125]);
    expect(recording.source).toMatchObject({ channels: 6, bitDepth: 24 });
  });

  it.each(["8a", "8m"])("decodes what wavefile compands as %s", async (bits) => {
    const wav = new wavefile.WaveFile();
    const tone = Array.from({ length: 400 }, (_, n) => Math.round(12000 * Math.sin(n / 9)));
    wav.fromScratch(1, 22050, "16", tone);
    if (bits === "8a") wav.toALaw();
    else wav.toMuLaw();
    const { samples } = await readWav(wav.toBuffer());
    expect(samples.length).toBe(400);
    // companding keeps about five bits
    samples.forEach((value, n) => {
      expect(Math.abs(value - tone[n] / 32768)).toBeLessThan(0.02);
    });
  });

  it("decodes IMA ADPCM", async () => {
    const wav = new wavefile.WaveFile();
    const tone = Array.from({ length: 2000 }, (_, n) => Math.round(9000 * Math.sin(n / 20)));
    wav.fromScratch(1, 8000, "16", tone);
    wav.toIMAADPCM();
    const { samples, source } = await readWav(wav.toBuffer());
    expect(source.encoding).toBe("IMA ADPCM");
    expect(samples.length).toBeGreaterThanOrEqual(1500);
    samples.subarray(200, 1500).forEach((value, n) => {
      expect(Math.abs(value - tone[n + 200] / 32768)).toBeLessThan(0.05);
    });
  });

  it("reads samples of 20 bits in 3 bytes as left-justified", async () => {
    const bytes = wavBytes({ bits: 20, blockAlign: 3, data: Uint8Array.of(0, 0, 0x40) });
    expect(await readWav(bytes)).toMatchObject({ samples: Float32Array.of(0.5), source: { bitDepth: 20 } });
  });

  it("passes over other chunks, of odd length too", async () => {
    const before = Uint8Array.of(...chunk("LIST", Uint8Array.of(1, 2, 3)), 0);
    expect([...(await readWav(wavBytes({ before }))).samples]).toEqual([0.5, -0.5]);
  });

  it("reads RF64, whose sizes are in a chunk of their own", async () => {
    const sizes = new Uint8Array(28);
    new DataView(sizes.buffer).setBigUint64(8, 4n, true);
    const file = wavBytes({ magic: "RF64", dataSize: 0xffffffff, before: chunk("ds64", sizes) });
    const recording = await readWav(file);
    expect([...recording.samples]).toEqual([0.5, -0.5]);
    expect(recording.source.remarks).toEqual([]);
  });

  it("reads what is there of a file that was cut off, and says so", async () => {
    const { samples, source } = await readWav(wavBytes({ dataSize: 400 }));
    expect([...samples]).toEqual([0.5, -0.5]);
    expect(source.remarks).toEqual([
      "The file is cut off: it holds 1.0 % of the samples that its header promises.",
    ]);
  });

  it("takes everything to the end where a pipe's writer left the length open", async () => {
    const { samples, source } = await readWav(wavBytes({ dataSize: 0xffffffff }));
    expect(samples.length).toBe(2);
    expect(source.remarks[0]).toContain("gives no length");
  });

  it("leaves out a last partial frame", async () => {
    expect((await readWav(wavBytes({ data: Uint8Array.of(0, 64, 7) }))).samples.length).toBe(1);
  });

  it.each<[string, WavFields, RegExp]>([
    ["no channels", { channels: 0, blockAlign: 2 }, /0 channels/],
    ["no rate", { sampleRate: 0 }, /sample rate of 0 Hz/],
    ["an absurd rate", { sampleRate: 4_000_000_000 }, /sample rate of 4000000000 Hz/],
    ["a frame size that cannot be", { blockAlign: 5 }, /16-bit integer samples in 1 channels at 5 bytes/],
    ["samples of no bits", { bits: 0, blockAlign: 2 }, /0-bit/],
    ["floats of 16 bits", { format: 3 }, /16-bit float/],
    ["MP3 inside", { format: 85 }, /format 85/],
    ["no samples", { data: new Uint8Array(0) }, /holds no samples/],
  ])("refuses a file with %s", async (_, fields, message) => {
    const bytes = wavBytes(fields);
    await expect(readWav(bytes)).rejects.toThrow(WavError);
    await expect(readWav(bytes)).rejects.toThrow(message);
  });

  it("refuses files without a format or data", async () => {
    const whole = wavBytes();
    await expect(readWav(whole.subarray(0, 12))).rejects.toThrow(/neither a format nor samples/);
    await expect(readWav(whole.subarray(0, 36))).rejects.toThrow(/no data chunk/);
    expect(await isWav(byteSource(whole.subarray(0, 11)))).toBe(false);
  });
});
