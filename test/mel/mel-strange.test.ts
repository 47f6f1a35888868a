// Mels in forms that are not vocode's, as tools write them (test/fixtures/strange-mels, of recorded speech) or derived
// from vocode's own: each is refused by its name, and read where it can be once that is said.
import { readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { melAssumptionFromOption } from "../../src/host/node/mel-files.js";
import { inspectMel, MelValuesMismatchError } from "../../src/mel/diagnosis.js";
import { melEvidence } from "../../src/mel/evidence.js";
import { parseMel } from "../../src/mel/file.js";
import { findPreset } from "../../src/mel/presets.js";
import { encodeNpy, parseNpy } from "../../src/formats/npy.js";
import { computeMel } from "../../src/mel/analysis.js";

const folder = fileURLToPath(new URL("../fixtures/strange-mels/", import.meta.url));
const hifigan = findPreset("hifigan-22k-80");
const fixture = (name: string): Uint8Array => readFileSync(`${folder}${name}.npy`);
/** Recorded speech, ln, [80, 129]. */
const ln = parseNpy(fixture("ln")).data;
const frames = ln.length / 80;
const stored = (map: (value: number, band: number) => number): Uint8Array =>
  encodeNpy(
    [80, frames],
    ln.map((value, i) => map(value, Math.floor(i / frames))),
  );
const expected = { expected: hifigan };

function refusal(bytes: Uint8Array, assume = {}): MelValuesMismatchError {
  try {
    parseMel(bytes, { ...expected, assume });
  } catch (error) {
    if (error instanceof MelValuesMismatchError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

/** Median and largest |difference| of a mel read to that of the same speech in ln. */
function differences(bytes: Uint8Array): { median: number; most: number } {
  const rows = parseMel(fixture("ln"), expected).mel.values;
  const { values } = parseMel(bytes, { ...expected, trust: true }).mel;
  const sorted = values.map((value, i) => Math.abs(value - rows[i])).sort();
  return { median: sorted[sorted.length >> 1], most: sorted[sorted.length - 1] };
}

/** Mean and deviation of each band. */
function bandMoments(): { mean: Float32Array; deviation: Float32Array } {
  const rows = Array.from({ length: 80 }, (_, band) => ln.subarray(band * frames, (band + 1) * frames));
  const mean = Float32Array.from(rows, (row) => row.reduce((sum, value) => sum + value, 0) / frames);
  const deviation = Float32Array.from(rows, (row, band) =>
    Math.sqrt(row.reduce((sum, value) => sum + (value - mean[band]) ** 2, 0) / frames),
  );
  return { mean, deviation };
}

const { mean, deviation } = bandMoments();
const byBand = stored((value, band) => (value - mean[band]) / deviation[band]);

describe("a mel of recorded speech", () => {
  it("is taken without a word in natural logarithms", () => {
    expect(parseMel(fixture("ln"), expected)).toMatchObject({ remarks: [], conversions: [] });
    expect(inspectMel(fixture("ln"))).toMatchObject({ looksLike: "ln", remarks: [] });
  });

  it.each([
    ["ln-of-power", fixture("ln-of-power"), "--mel-format ln,power"],
    ["peak-1", fixture("peak-1"), "in bands of peak 1"],
    ["peak-1", fixture("htk-peak-1"), "HTK's bands lie elsewhere"],
    ["16-bit", stored((value) => value + Math.log(32768)), "--mel-format ln,mean=-10.397"],
    ["negated", stored((value) => -value), "save the mel as -mel"],
    ["upside-down", encodeNpy([80, frames], turnedOver(ln)), "whose bands look reversed"],
    ["upside-down", encodeNpy([80, frames], turnedOver(smoothed(ln, 0.6))), "whose bands look reversed"],
    ["standardised", stored((value) => (value + 5.54) / 2.12), "ln,mean=M,std=S"],
    ["standardised", scaled("ln-of-power", 1 / 4, 1), "values standardised"],
    ["standardised-by-band", byBand, "stats=stats.npy"],
    ["scaled-by-band", scaledByBand(-1, 1), "by minimum and maximum"],
    ["scaled-by-band", scaledByBand(0, 1), "mean = min and std = max − min"],
    [
      "scaled-to-1",
      stored((value) => Math.max(-1, (1.6 * value * Math.LOG10E + 2.4) / 4)),
      "symmetric,mean=0,std=4",
    ],
    ["below-loudest", belowLoudest(), "whose level is lost"],
  ])("is refused as %s", (kind, bytes, words) => {
    const { looksLike, message, exitCode } = refusal(bytes);
    expect(looksLike).toBe(kind);
    expect(message).toContain(words);
    expect(message).not.toContain("−4…4, as Tacotron");
    expect(exitCode).toBe(2);
    expect(inspectMel(bytes).looksLike).toBe(kind);
  });

  it("is taken with a remark where it is quiet and of power, of which the floor has cut off most", () => {
    const { shape, data } = parseNpy(fixture("ln-of-power"));
    const quiet = (decibels: number): Uint8Array =>
      encodeNpy(
        shape,
        data.map((value) => Math.max(Math.log(1e-5), value - (decibels / 10) * Math.LN10)),
      );
    const words = /bend by 1\.\d\d \(ln\).*may be logarithms of power.*--mel-format ln,power/;
    expect(parseMel(quiet(20), expected).remarks.join()).toMatch(words);
    expect(inspectMel(quiet(20)).remarks.join()).toMatch(words);
    // the way out is in the values' own scale
    const decimal = parseNpy(quiet(20)).data.map((value) => value / Math.LN10);
    const options = { assume: { encoding: { scale: "log10", mean: 0, deviation: 1 } } } as const;
    expect(parseMel(encodeNpy(shape, decimal), { ...expected, ...options }).remarks.join()).toContain(
      "--mel-format log10,power",
    );
    expect(inspectMel(encodeNpy(shape, decimal)).remarks.join()).toContain("--mel-format log10,power");
  });

  it("is taken without that remark in magnitudes, however quiet", () => {
    const { shape, data } = parseNpy(fixture("ln"));
    for (const decibels of [0, 20, 30, 40]) {
      const quiet = data.map((value) => Math.max(Math.log(1e-5), value - (decibels / 20) * Math.LN10));
      expect(parseMel(encodeNpy(shape, quiet), expected).remarks.join()).not.toContain("of power");
      expect(inspectMel(encodeNpy(shape, quiet)).remarks.join()).not.toContain("of power");
    }
  });

  it("of torchaudio's default is refused with the names of power and of bands of peak 1", () => {
    const { looksLike, message } = refusal(fixture("torchaudio"));
    expect(["ln-of-power", "power-in-peak-1"]).toContain(looksLike);
    expect(message).toMatch(
      /natural logarithms of power.*bands of peak 1, as torchaudio's.*mel_scale='slaney'/,
    );
  });

  it("in logarithms of base 10 of power is refused", () => {
    expect(refusal(scaled("ln-of-power", Math.LOG10E)).looksLike).toBe("log10-of-power");
  });

  it("is refused upside down where its frames come first", () => {
    const rows = parseMel(fixture("ln"), expected).mel.values;
    const over = rows.map((_, i) => rows[i - (i % 80) + 79 - (i % 80)]);
    expect(refusal(encodeNpy([frames, 80], over)).looksLike).toBe("upside-down");
  });

  it("is not taken for decibels of magnitudes where it may be of power", () => {
    const decibels = scaled("ln-of-power", 10 * Math.LOG10E);
    expect(refusal(decibels).message).toContain("(librosa.power_to_db), say --mel-format db,power");
  });

  it("is read without loss from Slaney's bands of peak 1", async () => {
    const assume = await melAssumptionFromOption("norm=none");
    const read = parseMel(fixture("peak-1"), { ...expected, assume });
    expect(read.conversions.join()).toContain("area-normalised");
    const rows = parseMel(fixture("ln"), expected).mel.values;
    // float16 of values about 4
    expect(Math.max(...read.mel.values.map((value, i) => Math.abs(value - rows[i])))).toBeLessThan(0.009);
  });

  it.each([
    ["ln,power", () => fixture("ln-of-power")],
    ["db,power", () => scaled("ln-of-power", 10 * Math.LOG10E)],
    ["ln,power,mean=-4,std=4", () => scaled("ln-of-power", 1 / 4, 1)],
  ])("is read from %s within a decibel", async (option, bytes) => {
    const assume = await melAssumptionFromOption(option);
    const read = parseMel(bytes(), { ...expected, assume });
    const { median } = differences(encodeNpy([read.mel.frames, 80], read.mel.values));
    expect(median).toBeLessThan(Math.LN10 / 20);
  });
});

describe("values that resemble no mel", () => {
  // what an untrained acoustic model gives; a generator that can be checked by hand
  let state = 1;
  const random = (): number => (state = (state * 16807) % 2147483647) / 2147483647 - 0.5;
  const noise = Float32Array.from({ length: 4800 }, () => 1.6 * (random() + random() + random()));

  it("are refused as louder than any waveform, and info says that they resemble none", () => {
    const bytes = encodeNpy([80, 60], noise);
    const { looksLike, message } = refusal(bytes);
    expect(looksLike).toBeUndefined();
    expect(message).toMatch(
      /resemble no mel that is known.*RMS of \d\S* dB beyond full scale.*untrained model/,
    );
    expect(inspectMel(bytes).remarks.join()).toContain("It resembles no mel");
  });
});

describe("how loud a waveform is at least", () => {
  it("is never more than it is", () => {
    const square = Float32Array.from({ length: 22050 }, (_, i) => (i % 200 < 100 ? 1 : -1));
    const tone = Float32Array.from({ length: 22050 }, (_, i) => Math.sin(0.3 * i));
    for (const [samples, rms] of [
      [square, 0],
      [tone, -3.01],
    ] as const) {
      const { level } = melEvidence(computeMel(samples, hifigan).values, hifigan);
      expect(level).toBeLessThan(rms);
      expect(level).toBeGreaterThan(rms - 4);
    }
  });
});

describe("a smoothed mel", () => {
  it.each([0.7, 1])("over %d bands is remarked on", (bands) => {
    const bytes = encodeNpy([80, frames], smoothed(ln, bands));
    const { remarks } = parseMel(bytes, expected);
    expect(remarks).toHaveLength(1);
    expect(remarks[0]).toMatch(
      /smoother than the mel of a recording.*in recorded speech by 0.4 or more.*helps/,
    );
    expect(inspectMel(bytes).remarks).toEqual(remarks);
  });
});

describe("statistics", () => {
  let place: string;
  const put = async (name: string, content: Uint8Array | string): Promise<string> => {
    const path = join(place, name);
    await writeFile(path, content);
    return path;
  };
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), "vocode-statistics-"));
  });

  it("where a mel is expected are refused, with the option that takes them", () => {
    const { looksLike, message } = refusal(encodeNpy([2, 80], Float32Array.of(...mean, ...deviation)));
    expect(looksLike).toBe("statistics");
    expect(message).toContain("--mel-format ln,stats=FILE");
  });

  it("undo a standardisation from two rows, two files, JSON or sums", async () => {
    const two = await put("stats.npy", encodeNpy([2, 80], Float32Array.of(...mean, ...deviation)));
    const means = await put("mean.npy", encodeNpy([80], mean));
    const deviations = await put("scale.npy", encodeNpy([80, 1], deviation));
    const json = await put("s.json", JSON.stringify({ mel_mean: [...mean], mel_std: [...deviation] }));
    for (const option of [`ln,stats=${two}`, `ln,mean=${means},std=${deviations}`, `stats=${json}`]) {
      const assume = await melAssumptionFromOption(option);
      const read = parseMel(byBand, { ...expected, assume });
      expect(read.conversions.join()).toContain("put back");
      expect(differences(encodeNpy([read.mel.frames, 80], read.mel.values)).most).toBeLessThan(1e-5);
    }
  });

  it("of one number for all bands are taken from a file too", async () => {
    const path = await put("one.json", '{"mel_mean": -5.54, "mel_std": 2.12}');
    const assume = await melAssumptionFromOption(`ln,stats=${path}`);
    const read = parseMel(
      stored((value) => (value + 5.54) / 2.12),
      { ...expected, assume },
    );
    expect(differences(encodeNpy([read.mel.frames, 80], read.mel.values)).most).toBeLessThan(1e-5);
  });

  it("that do not fit are refused with what they are", async () => {
    const short = await put("short.npy", encodeNpy([2, 40], new Float32Array(80).fill(1)));
    const zero = await put("zero.npy", encodeNpy([2, 80], new Float32Array(160)));
    const hdf = await put("stats.h5", Uint8Array.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]));
    const assume = await melAssumptionFromOption(`ln,stats=${short}`);
    expect(() => parseMel(byBand, { ...expected, assume })).toThrow("are of 40 bands, and the mel has 80");
    await expect(melAssumptionFromOption(`ln,stats=${zero}`)).rejects.toThrow("a deviation of 0");
    await expect(melAssumptionFromOption(`ln,stats=${hdf}`)).rejects.toThrow("h5py.File('FILE')");
    await expect(melAssumptionFromOption(`ln,mean=${short}`)).rejects.toThrow("is named as stats=FILE");
    await expect(melAssumptionFromOption("ln,stats=none.npy")).rejects.toThrow("does not exist");
    await expect(melAssumptionFromOption(`stats=${short},std=2`)).rejects.toThrow("Leave one");
  });
});

function scaled(name: string, factor: number, offset = 0): Uint8Array {
  return encodeNpy(
    [80, frames],
    parseNpy(fixture(name)).data.map((value) => value * factor + offset),
  );
}

function turnedOver(values: Float32Array): Float32Array {
  return values.map((_, i) => values[(79 - Math.floor(i / frames)) * frames + (i % frames)]);
}

/** Averaged along the bands by a Gaussian, the edges repeated. */
function smoothed(values: Float32Array, sigma: number): Float32Array {
  const taps = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((step) => [step, Math.exp(-0.5 * (step / sigma) ** 2)]);
  const total = taps.reduce((sum, [, weight]) => sum + weight, 0);
  return values.map((_, i) => {
    const [band, frame] = [Math.floor(i / frames), i % frames];
    return taps.reduce((sum, [step, weight]) => {
      const near = Math.max(0, Math.min(79, band + step));
      return sum + (weight / total) * values[near * frames + frame];
    }, 0);
  });
}

function scaledByBand(from: number, to: number): Uint8Array {
  const range = Array.from({ length: 80 }, (_, band) => {
    const row = ln.subarray(band * frames, (band + 1) * frames);
    return [Math.min(...row), Math.max(...row)];
  });
  return stored((value, band) => {
    const [least, most] = range[band];
    return from + ((to - from) * (value - least)) / (most - least);
  });
}

function belowLoudest(): Uint8Array {
  const decibels = parseNpy(fixture("ln-of-power")).data.map((value) => 10 * Math.LOG10E * value);
  const loudest = Math.max(...decibels);
  return encodeNpy(
    [80, frames],
    decibels.map((value) => Math.max(-80, value - loudest)),
  );
}
