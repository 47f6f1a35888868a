import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { decodeRecording, NonNumberSamplesError, RecordingError } from "../../src/audio/open-recording.js";
import { readRecording } from "../../src/host/node/recordings.js";
import { FileError } from "../../src/errors.js";
import { audioFixture, audioFixtureBytes } from "../support/audio-fixtures.js";
import { mutated } from "../support/damaged-files.js";
import { validOrRefused } from "../support/valid-or-refused.js";
import { wavBytes } from "../support/wav-bytes.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-recording-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("readRecording", () => {
  it("goes by what a file holds, not by its name", async () => {
    const path = file("really.mp3", audioFixtureBytes("speech.flac"));
    const [flac, wav] = await Promise.all([readRecording(path), readRecording(audioFixture("speech.wav"))]);
    expect(flac.samples).toEqual(wav.samples);
    expect([flac.source.container, wav.source.container]).toEqual(["flac", "wav"]);
  });

  it.each([
    [
      "text.wav",
      "this is text",
      /'.*text\.wav' cannot be used as a recording\. It is neither WAV nor FLAC\. Convert it/,
    ],
    ["empty.wav", "", /It is empty/],
    ["broken.wav", wavBytes({ sampleRate: 0 }), /sample rate of 0 Hz/],
  ])("names the file and what is wrong with %s", async (name, content, message) => {
    const reading = readRecording(file(name, content));
    await expect(reading).rejects.toBeInstanceOf(RecordingError);
    await expect(reading).rejects.toThrow(message);
  });

  it("counts samples that are not numbers, and says where", async () => {
    const values = Float32Array.of(0, 0.5, Number.NaN, Infinity);
    const path = file(
      "nan.wav",
      wavBytes({ format: 3, bits: 32, data: new Uint8Array(values.buffer), sampleRate: 1000 }),
    );
    await expect(readRecording(path)).rejects.toSatisfy(
      (error) => error instanceof NonNumberSamplesError && error.count === 2 && error.firstSeconds === 0.002,
    );
  });

  it("says of a missing file and of a folder what they are", async () => {
    await expect(readRecording(join(folder, "missing.wav"))).rejects.toThrow(/does not exist/);
    await expect(readRecording(folder)).rejects.toBeInstanceOf(FileError);
  });
});

describe.each([
  ["WAV", wavBytes({ data: new Uint8Array(2000) })],
  ["FLAC", audioFixtureBytes("speech.flac")],
])("a damaged %s file", (_, bytes) => {
  it("is read or refused with a typed error", async () => {
    const property = fc.asyncProperty(mutated([bytes]), (damaged) =>
      validOrRefused(damaged, decodeRecording),
    );
    await fc.assert(property, { numRuns: 200 });
  });
});
