// From a recording's file to a mel's, piece by piece: the values of the whole, and nothing half-written.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readMel } from "../../src/host/node/mel-files.js";
import { writeMelOfFile } from "../../src/cli/mel-of-file.js";
import { melOfRecording } from "../../src/audio/resample.js";
import { findPreset } from "../../src/mel/presets.js";
import { TooShortForMelError } from "../../src/mel/analysis.js";
import { NonNumberSamplesError, RecordingError } from "../../src/audio/open-recording.js";
import { readRecording, writeWav } from "../../src/host/node/recordings.js";
import { parseNpy } from "../../src/formats/npy.js";
import { audioFixture, audioFixtureBytes } from "../support/audio-fixtures.js";
import { wavBytes } from "../support/wav-bytes.js";

const format = findPreset("hifigan-22k-80");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vocode-mel-of-file-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("writeMelOfFile", () => {
  it("gives the mel of the whole recording, resampled over many pieces, in both kinds of file", async () => {
    const input = join(folder, "long.wav");
    // 20 s: several pieces, and clipped where two of them meet
    const samples = Float32Array.from(
      { length: 20 * 44100 },
      (_, n) => 0.5 * Math.sin(n * (0.05 + n * 1e-8)),
    );
    const pieceSamples = 2 ** 18 / 2;
    samples.fill(-1, pieceSamples - 2, pieceSamples + 2);
    await writeWav(input, [samples], 44100);
    const expected = await melOfRecording(await readRecording(input), format);

    const made = await writeMelOfFile(input, join(folder, "out.mel"), format);
    expect(made).toMatchObject({
      seconds: 20,
      sampleRate: 44100,
      clippedSamples: 4,
      frames: expected.frames,
    });
    const { mel } = await readMel(join(folder, "out.mel"), { expected: format });
    expect(mel).toEqual(expected);
    expect(made.level.maximum).toBe(mel.values.reduce((most, value) => Math.max(most, value)));

    await writeMelOfFile(input, join(folder, "out.npy"), format);
    const { shape, data } = parseNpy(await readFile(join(folder, "out.npy")));
    expect(shape).toEqual([80, expected.frames]);
    const wrong = data.findIndex((value, i) => {
      const [band, frame] = [Math.floor(i / shape[1]), i % shape[1]];
      return value !== expected.values[frame * 80 + band];
    });
    expect(wrong).toBe(-1);
  });

  it("gives the same for FLAC and WAV", async () => {
    for (const name of ["speech.wav", "speech.flac"])
      await writeMelOfFile(audioFixture(name), join(folder, `${name}.mel`), format);
    const [wav, flac] = await Promise.all(
      ["speech.wav.mel", "speech.flac.mel"].map((name) => readFile(join(folder, name))),
    );
    expect(flac.equals(wav)).toBe(true);
  });

  const lateNaN = new Float32Array(300_000);
  lateNaN[299_999] = Number.NaN;
  it.each([
    [
      "NaN in its last sample",
      wavBytes({ format: 3, bits: 32, data: new Uint8Array(lateNaN.buffer) }),
      NonNumberSamplesError,
    ],
    ["its end cut off", audioFixtureBytes("speech.flac").subarray(0, 6000), RecordingError],
    ["too few samples", wavBytes(), TooShortForMelError],
  ])("leaves nothing behind of a recording with %s", async (_, bytes, expected) => {
    await writeFile(join(folder, "in"), bytes);
    for (const output of ["out.mel", "out.npy"]) {
      const writing = writeMelOfFile(join(folder, "in"), join(folder, output), format);
      await expect(writing).rejects.toBeInstanceOf(expected);
    }
    expect(await readdir(folder)).toEqual(["in"]);
  });
});
