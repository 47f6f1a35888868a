import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import wavefile from "wavefile";
import { readRecording, writeWav } from "../../src/host/node/recordings.js";
import { NonFiniteWaveformError, type WavOutputEncoding } from "../../src/audio/write-wav.js";
import { FileError } from "../../src/errors.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-wav-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const path = join(folder, "out.wav");

describe("writeWav", () => {
  it.each<[WavOutputEncoding, number]>([
    ["16-bit", 2 ** -16],
    ["24-bit", 2 ** -24],
    ["32-bit float", 0],
  ])("reads back as it was written, %s", async (encoding, rounding) => {
    await fc.assert(
      fc.asyncProperty(
        fc.float32Array({ min: -1, max: Math.fround(0.9999), noNaN: true, minLength: 1, maxLength: 50 }),
        fc.nat(50),
        async (samples, cut) => {
          const pieces = [samples.slice(0, cut), samples.slice(cut)];
          const written = await writeWav(path, pieces, 22050, encoding);
          expect(written).toMatchObject({ samples: samples.length, clippedSamples: 0 });
          const back = await readRecording(path);
          expect(back.sampleRate).toBe(22050);
          expect(back.source.encoding).toBe(encoding === "32-bit float" ? encoding : `${encoding} integer`);
          expect(back.source.remarks).toEqual([]);
          back.samples.forEach((value, n) => {
            // full scale itself is one step below 1
            expect(Math.abs(value - samples[n])).toBeLessThanOrEqual(rounding + 2 ** -23);
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  it("cuts off what is too loud, says how much, and never wraps around", async () => {
    const samples = Float32Array.of(1.5, -1.5, 1, -1, 1.0001, 0.5);
    expect(await writeWav(path, [samples], 8000)).toEqual({ samples: 6, clippedSamples: 3, peak: 1.5 });
    const { samples: back } = await readRecording(path);
    expect([...back].map((value) => Math.round(value * 32768))).toEqual([
      32767, -32768, 32767, -32768, 32767, 16384,
    ]);
  });

  it("is read by wavefile as it is by us", async () => {
    await writeWav(path, [Float32Array.of(0.25, -0.5, 0.125)], 24000, "24-bit");
    const wav = new wavefile.WaveFile(readFileSync(path));
    expect([...wav.getSamples(false)]).toEqual([0.25, -0.5, 0.125].map((value) => value * 2 ** 23));
    expect(wav.chunkSize).toBe(readFileSync(path).length - 8);
  });

  it("leaves no file behind where the waveform is not a number", async () => {
    const target = join(folder, "nan.wav");
    const pieces = [Float32Array.of(0, 0.1), Float32Array.of(Number.NaN)];
    await expect(writeWav(target, pieces, 22050)).rejects.toSatisfy(
      (error) => error instanceof NonFiniteWaveformError && error.sample === 2,
    );
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes(".part"))).toEqual([]);
  });

  it("says so where the target cannot be written", async () => {
    await expect(writeWav(join(folder, "no", "out.wav"), [], 22050)).rejects.toBeInstanceOf(FileError);
  });
});
