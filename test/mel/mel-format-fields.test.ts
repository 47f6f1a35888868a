// Formats from named values: aliases, each field's limits, and errors that name the field, its value and the way out.
import { describe, expect, it } from "vitest";
import { formatFromFields, MelFormatError, validateFormat } from "../../src/mel/format-fields.js";
import { findPreset } from "../../src/mel/presets.js";

const hifigan = findPreset("hifigan-22k-80");

function errorOf(action: () => unknown): MelFormatError {
  try {
    action();
  } catch (error) {
    if (error instanceof MelFormatError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("formatFromFields", () => {
  it("takes a format's own fields, and brings back what it was given", () => {
    expect(formatFromFields({ ...hifigan })).toEqual(hifigan);
  });

  it("knows the names that HiFi-GAN's config files use", () => {
    const values = {
      num_mels: 100,
      n_fft: 2048,
      hop_size: 512,
      win_size: 2048,
      sampling_rate: 44100,
      fmin: 0,
      fmax: 16000,
    };
    expect(formatFromFields(values, hifigan)).toEqual({
      ...hifigan,
      bands: 100,
      fftSize: 2048,
      hopLength: 512,
      windowLength: 2048,
      sampleRate: 44100,
      maxFrequency: 16000,
    });
  });

  it("knows short names for options", () => {
    const short = { fft: "2048", window: "1200", hop: "300", mels: "100" };
    const long = { fftSize: 2048, windowLength: 1200, hopLength: 300, bands: 100 };
    expect(formatFromFields(short, hifigan)).toEqual({ ...hifigan, ...long });
  });

  it("reads numbers from text and null as no normalisation", () => {
    expect(formatFromFields({ fmax: "7600", norm: null, floor: "1e-6" }, hifigan)).toEqual({
      ...hifigan,
      maxFrequency: 7600,
      norm: "none",
      floor: 1e-6,
    });
  });

  it.each([
    ["fftSize", 1001, "an even number from 16 to 65536"],
    ["fftSize", 1000.5, "an even number from 16 to 65536"],
    ["fftSize", 2 ** 40, "an even number from 16 to 65536"],
    ["hopLength", 0, "a whole number from 1 to 65536"],
    ["hopLength", 2.5, "a whole number from 1 to 65536"],
    ["hopLength", 2048, "at most fftSize, which is 1024"],
    ["windowLength", 1200, "at most fftSize, which is 1024"],
    ["bands", 100_000, "a whole number from 1 to 1024"],
    ["sampleRate", "fast", "a whole number from 1000 to 768000"],
    ["maxFrequency", 12000, "at most half of sampleRate, which is 11025"],
    ["maxFrequency", true, "a number from 0 to 384000"],
    ["minFrequency", 8000, "below maxFrequency, which is 8000"],
    ["minFrequency", "", "a number from 0 to 384000"],
    ["scale", "bark", '"slaney" or "htk"'],
    ["norm", "l2", '"slaney" or "none"'],
    ["padding", "reflect", '"same" or "center"'],
    ["log", "log2", '"ln" or "log10" or "db"'],
    ["magnitudeEpsilon", -1, "a number from 0 to 1"],
    ["floor", 0, "a number above 0 and at most 1"],
    ["floor", NaN, "a number above 0 and at most 1"],
    ["power", 1.5, "1 or 2"],
    ["logOffset", -1, "a number from 0 to 1"],
    ["mean", "low", "a number from -1000 to 1000"],
    ["deviation", 0, "a number above 0 and at most 1000"],
    ["bankRate", 20.5, "a whole number from 1000 to 768000"],
  ])("refuses %s = %j", (field, value, allowed) => {
    const error = errorOf(() => formatFromFields({ [field]: value }, hifigan));
    expect(error).toMatchObject({ field, value, allowed, exitCode: 2 });
    expect(error.message).toContain(`The mel format's ${field} is`);
  });

  it("leaves out what is as it is without being said, so that a format is written as before these fields came", () => {
    const said = { power: 1, logOffset: 0, mean: 0, deviation: "1", bankRate: 22050 };
    expect(JSON.stringify(formatFromFields({ ...hifigan, ...said }))).toBe(JSON.stringify(hifigan));
    const other = { power: 2, logOffset: 1e-5, mean: -4, deviation: 4, bankRate: 16000 };
    expect(formatFromFields(other, hifigan)).toEqual({ ...hifigan, ...other });
    expect(formatFromFields({ std: 4, mel_mean: -4 }, hifigan)).toEqual({
      ...hifigan,
      mean: -4,
      deviation: 4,
    });
  });

  it("measures the highest frequency against the rate that the bank was built for", () => {
    const error = errorOf(() => formatFromFields({ bankRate: 12000 }, hifigan));
    expect(error).toMatchObject({
      field: "maxFrequency",
      allowed: "at most half of bankRate, which is 6000",
    });
  });

  it("refuses a field that does not exist and lists those that do", () => {
    const error = errorOf(() => formatFromFields({ fmaxx: 8000 }, hifigan));
    expect(error.message).toBe(
      "A mel format has no field 'fmaxx'. Its fields are: sampleRate, fftSize, hopLength, windowLength, bands, " +
        "minFrequency, maxFrequency, scale, norm, padding, magnitudeEpsilon, log, floor, power, logOffset, mean, " +
        "deviation, bankRate.",
    );
  });

  it("refuses a field under two of its names", () => {
    expect(errorOf(() => formatFromFields({ fmax: 1, maxFrequency: 2 }, hifigan)).message).toContain(
      "given twice",
    );
  });

  it("refuses fields that are there and undefined, as it does wrong ones", () => {
    const error = errorOf(() => formatFromFields({ norm: undefined }, hifigan));
    expect(error).toMatchObject({ field: "norm", value: undefined, allowed: '"slaney" or "none"' });
    expect(errorOf(() => formatFromFields({}))).toMatchObject({
      field: "sampleRate",
      allowed: "a whole number from 1000 to 768000",
    });
  });

  it("names what is missing where there is nothing to start from", () => {
    const { log, floor, ...rest } = hifigan;
    expect(errorOf(() => formatFromFields(rest)).message).toContain("lacks log, floor");
    expect(formatFromFields({ ...rest, log, floor })).toEqual(hifigan);
  });
});

describe("validateFormat", () => {
  it("checks a format that was put together in code", () => {
    validateFormat(hifigan);
    expect(() => {
      validateFormat({ ...hifigan, bands: 0 });
    }).toThrow("The mel format's bands is 0");
  });
});
