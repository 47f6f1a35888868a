// Recordings piece by piece: whatever the pieces, their samples and errors are those of the whole.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import wavefile from "wavefile";
import {
  decodeRecording,
  NonNumberSamplesError,
  openStream,
  RecordingError,
} from "../../src/audio/open-recording.js";
import { openRecording, readRecording } from "../../src/host/node/recordings.js";
import { FlacError, openFlac } from "../../src/audio/flac.js";
import { openWav } from "../../src/audio/read-wav.js";
import { wholeRecording } from "../../src/audio/recording.js";
import { byteSource, type ByteSource } from "../../src/formats/bytes.js";
import { audioFixture, audioFixtureBytes } from "../support/audio-fixtures.js";
import { chunk, wavBytes } from "../support/wav-bytes.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-open-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A float file whose samples are NaN at some places. */
function floatsWithNaN(length: number, places: readonly number[]): Uint8Array {
  const values = new Float32Array(length);
  for (const place of places) values[place] = Number.NaN;
  return wavBytes({ format: 3, bits: 32, data: new Uint8Array(values.buffer), sampleRate: 1000 });
}

const tone = Array.from({ length: 3000 }, (_, n) => Math.round(12_000 * Math.sin(n / 9)));

function companded(convert: (wav: wavefile.WaveFile) => void): Uint8Array {
  const wav = new wavefile.WaveFile();
  wav.fromScratch(1, 8000, "16", tone);
  convert(wav);
  return wav.toBuffer();
}

function stereo(bits: string): Uint8Array {
  const wav = new wavefile.WaveFile();
  wav.fromScratch(2, 8000, bits, [tone, tone.map((value) => value >> 1)]);
  return wav.toBuffer();
}

describe.each([
  ["16-bit WAV", audioFixtureBytes("speech.wav").subarray(0, 3001)],
  ["24-bit stereo WAV", stereo("24")],
  [
    "A-law WAV",
    companded((wav) => {
      wav.toALaw();
    }),
  ],
  [
    "mu-law WAV",
    companded((wav) => {
      wav.toMuLaw();
    }),
  ],
  [
    "IMA ADPCM WAV",
    companded((wav) => {
      wav.toIMAADPCM();
    }),
  ],
])("a %s", (_, bytes) => {
  it("has the same samples whatever the pieces", async () => {
    const { samples } = await wholeRecording(await openWav(byteSource(bytes), bytes.length));
    expect(samples.length).toBeGreaterThan(1000);
    const property = fc.asyncProperty(fc.integer({ min: 1, max: 5000 }), async (pieceBytes) => {
      const stream = await openWav(byteSource(bytes), pieceBytes);
      expect(stream.sampleCount).toBe(samples.length);
      expect((await wholeRecording(stream)).samples).toEqual(samples);
    });
    await fc.assert(property, { numRuns: 15 });
  });
});

describe("a FLAC file", () => {
  it.each(["speech.flac", "stereo-24-bit.flac"])(
    "%s has the same samples whatever the decoder gets at a time",
    async (name) => {
      const bytes = audioFixtureBytes(name);
      const whole = await wholeRecording(await openFlac(byteSource(bytes), bytes.length));
      expect(whole.samples.length).toBe(8820);
      // four bytes are the least in which the decoder recognises anything
      for (const sliceBytes of [4, 7, 100, 1021, 4096, 6000]) {
        const stream = await openFlac(byteSource(bytes), sliceBytes);
        expect(stream.sampleCount).toBe(8820);
        expect((await wholeRecording(stream)).samples).toEqual(whole.samples);
      }
    },
  );

  it("may not contradict its header", async () => {
    const bytes = audioFixtureBytes("speech.flac").slice();
    // the rate's lowest bits
    bytes[20] ^= 0xf0;
    await expect(decodeRecording(bytes)).rejects.toSatisfy(
      (error) => error instanceof FlacError && error.message.includes("contradicts itself"),
    );
  });
});

describe("openRecording", () => {
  it("knows a file's format and length before its samples, which can be read again", async () => {
    for (const name of ["speech.wav", "speech.flac"]) {
      const recording = await openRecording(audioFixture(name));
      expect(recording).toMatchObject({ sampleRate: 22050, sampleCount: 8820, source: { bitDepth: 16 } });
      const { samples } = await wholeRecording(recording);
      expect(samples.length).toBe(8820);
      expect((await wholeRecording(recording)).samples).toEqual(samples);
      await recording.close();
    }
  });

  it("reads of a file no more than its header, and no chunk that is passed over", async () => {
    const picture = chunk("JUNK", new Uint8Array(500_000));
    const bytes = wavBytes({ before: picture, data: new Uint8Array(500_000) });
    let read = 0;
    const counting: ByteSource = {
      ...byteSource(bytes),
      read: (at, count) => {
        const part = bytes.subarray(at, at + count);
        read += part.length;
        return Promise.resolve(part);
      },
    };
    expect((await openStream(counting)).sampleCount).toBe(250_000);
    expect(read).toBeLessThan(10_000);
  });

  it("keeps samples back that are not numbers, counts them to the end, and names the file", async () => {
    const path = file("nan.wav", floatsWithNaN(300_000, [150_000, 299_999]));
    const recording = await openRecording(path);
    const reading = (async () => {
      for await (const piece of recording.pieces()) expect(piece.every(Number.isFinite)).toBe(true);
    })();
    await expect(reading).rejects.toSatisfy(
      (error) =>
        error instanceof NonNumberSamplesError &&
        error.path === path &&
        error.count === 2 &&
        error.firstSeconds === 150,
    );
    await recording.close();
  });

  it("gives what there is of a FLAC file that was cut off, and then an error that names it", async () => {
    const path = file("cut.flac", audioFixtureBytes("speech.flac").subarray(0, 6000));
    const recording = await openRecording(path);
    await expect(wholeRecording(recording)).rejects.toBeInstanceOf(RecordingError);
    await expect(readRecording(path)).rejects.toThrow(/'.*cut\.flac' .*only \d+ of its 8820 samples/);
    await recording.close();
  });
});

describe("IMA ADPCM", () => {
  it("keeps the last block, and takes each block's first sample once", async () => {
    // two blocks of 8 bytes: a sample of 1024, then steps of nothing
    const block = Uint8Array.of(0, 4, 0, 0, 0, 0, 0, 0);
    const data = Uint8Array.of(...block, ...block);
    const extension = Uint8Array.of(2, 0, 9, 0);
    const { samples } = await decodeRecording(
      wavBytes({ format: 17, bits: 4, blockAlign: 8, extension, data }),
    );
    expect([...samples]).toEqual(Array.from({ length: 18 }, () => 1024 / 32768));
  });
});
