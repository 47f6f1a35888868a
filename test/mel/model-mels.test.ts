// Mels of acoustic models on their way to a voice: those that only write the same magnitudes otherwise are converted, all
// others are refused by name, and an unlabelled file's candidates are named.
import { describe, expect, it } from "vitest";
import { convertMel, MelFormatMismatchError } from "../../src/mel/conversion.js";
import { computeMel } from "../../src/mel/analysis.js";
import { inspectMel } from "../../src/mel/diagnosis.js";
import { naturalLog } from "../../src/mel/encoding.js";
import { formatMetadata, parseMel } from "../../src/mel/file.js";
import { MEL_FORMAT_KEY, readStatedFormat } from "../../src/mel/format-fields.js";
import { parseMelAssumption } from "../../src/mel/format-option.js";
import { findPreset, presetNames } from "../../src/mel/presets.js";
import { encodeNpy } from "../../src/formats/npy.js";
import { clipSamples, referenceValues } from "../support/mel-reference.js";

const hifigan = findPreset("hifigan-22k-80");
const noFiles = {
  read: (path: string): Promise<Uint8Array> => Promise.reject(new Error(`no file ${path}`)),
};

function npyOf(clip: string, preset: string): Uint8Array {
  const { rows, columns, at } = referenceValues(`${clip}.${preset}`);
  const values = Float32Array.from({ length: rows * columns }, (_, i) =>
    at(Math.floor(i / columns), i % columns),
  );
  return encodeNpy([rows, columns], values);
}

function largestDifference(first: Float32Array, second: Float32Array): number {
  expect(first.length).toBe(second.length);
  return first.reduce((largest, value, i) => Math.max(largest, Math.abs(value - second[i])), 0);
}

describe("a mel of the same magnitudes, written otherwise", () => {
  const samples = clipSamples("voice_22k");
  const direct = computeMel(samples, hifigan);

  it.each(["matcha-22k-80", "matcha-vctk-22k-80"])("in %s becomes HiFi-GAN's, and says so", (preset) => {
    const { mel, conversions } = convertMel(computeMel(samples, findPreset(preset)), hifigan);
    expect(largestDifference(mel.values, direct.values)).toBeLessThan(1e-5);
    expect(conversions).toHaveLength(1);
    expect(conversions[0]).toContain("that was undone");
    expect(
      largestDifference(naturalLog(computeMel(samples, findPreset(preset))), direct.values),
    ).toBeLessThan(1e-5);
  });

  it("without a label is read by --mel-format and the model's name", async () => {
    const assume = await parseMelAssumption("matcha-tts", noFiles);
    const { mel } = parseMel(npyOf("voice_22k", "matcha-22k-80"), { expected: hifigan, assume });
    expect(largestDifference(mel.values, direct.values)).toBeLessThan(1e-4);
  });

  it("of ZipVoice becomes Vocos's", () => {
    const voice = clipSamples("voice_24k");
    const vocos = findPreset("vocos-24k-100");
    const { mel } = convertMel(computeMel(voice, findPreset("zipvoice-24k-100")), vocos);
    expect(largestDifference(mel.values, computeMel(voice, vocos).values)).toBeLessThan(1e-5);
  });
});

describe("a mel of another format", () => {
  it.each([
    ["bigvgan-22k-80-full", "bands up to 11025 Hz"],
    ["cosyvoice2-24k-80", "a sample rate of 24000 Hz, FFT size 1920, hop 480"],
    [
      "styletts2-24k-80",
      "bands of power, 0.00001 added before the logarithm, a filter bank built for 16000 Hz",
    ],
    ["speecht5-16k-80", "a sample rate of 16000 Hz"],
  ])("of %s is refused with what differs", (preset, said) => {
    const format = findPreset(preset);
    const mel = { frames: 1, format, values: new Float32Array(format.bands) };
    expect(() => convertMel(mel, hifigan)).toThrow(MelFormatMismatchError);
    expect(() => convertMel(mel, hifigan)).toThrow(said);
  });

  it("keeps every field in a .mel file's metadata", () => {
    for (const name of presetNames()) {
      const format = findPreset(name);
      expect(readStatedFormat(formatMetadata(format)[MEL_FORMAT_KEY])).toEqual(format);
    }
  });
});

describe("an unlabelled mel", () => {
  it.each([
    ["voice_22k", "matcha-22k-80"],
    ["voice_22k", "bigvgan-22k-80-full"],
    ["voice_24k", "cosyvoice2-24k-80"],
    ["voice_24k", "f5-24k-100"],
    ["voice_24k", "zipvoice-24k-100"],
    ["voice_24k", "styletts2-24k-80"],
    ["voice_32k", "gptsovits4-32k-100"],
    ["voice_44k", "diffsinger-44k-128"],
    ["voice_44k", "bigvgan-44k-128-256x"],
    ["voice_16k", "speecht5-16k-80"],
  ])("of %s in %s has that among its candidates", (clip, preset) => {
    expect(inspectMel(npyOf(clip, preset)).candidates).toContain(preset);
  });

  it("has no candidate that its values exclude", () => {
    const { candidates } = inspectMel(npyOf("voice_24k", "zipvoice-24k-100"));
    expect(candidates).not.toContain("vocos-24k-100");
    expect(candidates).not.toContain("bigvgan-24k-100");
    expect(inspectMel(npyOf("voice_22k", "bigvgan-22k-80-full")).candidates).not.toContain(
      "styletts2-24k-80",
    );
  });
});
