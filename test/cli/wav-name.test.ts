import { describe, expect, it } from "vitest";
import { requireWavName, WavNameError } from "../../src/cli/synthesize.js";
import { InputError } from "../../src/errors.js";

describe("the name of a waveform's file", () => {
  it.each(["a.wav", "folder.mp3/a.WAV", "a.wave", "take.1.wav"])("may be %s", (path) => {
    expect(() => {
      requireWavName(path);
    }).not.toThrow();
  });

  it.each([
    ["out.mp3", /ends in \.mp3\. Name it 'out\.wav'.*\| ffmpeg -i - out\.mp3$/],
    ["some/out.FLAC", /ends in \.FLAC\. Name it 'some\/out\.wav'.*\| ffmpeg -i - out\.FLAC$/],
    ["out", /'out' has no ending\. Name it 'out\.wav', or make the folder 'out' first\.$/],
    ["wavs/", /'wavs\/' has no ending\. Name it 'wavs\.wav'/],
    ["speech.wav.part", /ends in \.part\. Name it 'speech\.wav'/],
    [".wav", /has no ending/],
    ["out.mel", /is named like a mel\. Name it 'out\.wav'; 'vocode mel'/],
  ])("may not be %s", (path, message) => {
    const refused = (): void => {
      requireWavName(path);
    };
    expect(refused).toThrow(WavNameError);
    expect(refused).toThrow(InputError);
    expect(refused).toThrow(message);
  });
});
