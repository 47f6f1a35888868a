import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { melAssumptionFromOption, readMel, writeMel, writeMelFrames } from "../../src/host/node/mel-files.js";
import { MelFormatMismatchError } from "../../src/mel/conversion.js";
import { MelValuesMismatchError } from "../../src/mel/diagnosis.js";
import { parseMel } from "../../src/mel/file.js";
import type { MelFormat } from "../../src/mel/format.js";
import { findPreset } from "../../src/mel/presets.js";
import { encodeNpy, parseNpy } from "../../src/formats/npy.js";
import { floatTensor, parseSafetensors } from "../../src/formats/safetensors.js";
import { writeSafetensors } from "../../src/host/node/write-files.js";
import { melFixtures } from "../support/mel-reference.js";

const hifigan = findPreset("hifigan-22k-80");
const speech = parseNpy(readFileSync(`${melFixtures}speech_22k.hifigan-22k-80.npy`));
const [, frames] = speech.shape;
const rows = parseMel(encodeNpy(speech.shape, speech.data), { expected: hifigan }).mel.values;

function temporaryPath(name: string): string {
  return join(mkdtempSync(join(tmpdir(), "vocode-")), name);
}

async function writtenMel(format: MelFormat, values = rows): Promise<string> {
  const path = temporaryPath("speech.mel");
  await writeMel(path, { frames: values.length / format.bands, format, values });
  return path;
}

function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("a .mel file", () => {
  it("comes back as it was written, with its whole format", async () => {
    const path = await writtenMel(hifigan);
    const { mel, source, conversions, remarks, leadingSamples } = await readMel(path, { expected: hifigan });
    expect(mel).toEqual({ frames, format: hifigan, values: rows });
    expect(source).toEqual({ container: "mel", shape: [frames, 80], dtype: "F32", format: hifigan });
    expect([conversions, remarks, leadingSamples]).toEqual([[], [], 0]);
  });

  it("is the same written frame by frame", async () => {
    const path = temporaryPath("frames.mel");
    const pieces = [rows.subarray(0, 80), rows.subarray(80, 800), rows.subarray(800)];
    expect(await writeMelFrames(path, hifigan, pieces)).toBe(frames);
    expect((await readMel(path, { expected: hifigan })).mel.values).toEqual(rows);
    expect(parseSafetensors(readFileSync(path)).tensors.get("mel")!.shape).toEqual([frames, 80]);
  });

  it("is recognised by its content, whatever its name", async () => {
    const path = temporaryPath("speech.wav");
    writeFileSync(path, readFileSync(await writtenMel(hifigan)));
    expect((await readMel(path, { expected: hifigan })).source.container).toBe("mel");
  });

  it("is converted where only the logarithm or a lower floor differs, and says so", async () => {
    const path = await writtenMel(
      { ...hifigan, log: "db", floor: 1e-7 },
      rows.map((value, i) => (i === 0 ? -140 : (20 * value) / Math.LN10)),
    );
    const { mel, conversions } = await readMel(path, { expected: hifigan });
    expect(mel.format).toEqual(hifigan);
    expect(mel.values[0]).toBeCloseTo(Math.log(1e-5), 5);
    expect(Math.max(...mel.values.map((value, i) => (i === 0 ? 0 : Math.abs(value - rows[i]))))).toBeLessThan(
      1e-5,
    );
    expect(conversions.join(" ")).toMatch(/from db to ln.*below 0.00001 were raised/);
  });

  it("of Tacotron 2 is taken by a HiFi-GAN vocoder, whose first half hop is then to be dropped", async () => {
    const tacotron = await writtenMel(findPreset("tacotron2-22k-80"));
    const read = await readMel(tacotron, { expected: hifigan });
    expect(read.leadingSamples).toBe(128);
    expect(read.conversions.join()).toContain("first 128 samples");
    const same = await writtenMel(hifigan);
    await expect(readMel(same, { expected: findPreset("tacotron2-22k-80") })).rejects.toThrow(
      "The mel has padding 'same'; expected are padding 'center'.",
    );
  });

  it("in another format is refused with every field that differs", async () => {
    const path = await writtenMel(findPreset("bigvgan-24k-100"), rows.subarray(0, 8000));
    const error = await readMel(path, { expected: hifigan }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MelFormatMismatchError);
    const { message, differences } = error as MelFormatMismatchError;
    expect(message).toBe(
      "The mel has a sample rate of 24000 Hz, 100 bands, bands up to 12000 Hz; expected are a sample rate of 22050 Hz, " +
        "80 bands, bands up to 8000 Hz. Make it again in that format (vocode mel --format hifigan-22k-80), or use a " +
        "checkpoint for the mel's own format.",
    );
    expect(differences[1]).toEqual({ field: "bands", first: 100, second: 80 });
    await expect(readMel(path, { expected: hifigan, trust: true })).rejects.toThrow("100 bands");
  });

  it("in another format of equal bands is taken on trust", async () => {
    const path = await writtenMel({ ...hifigan, maxFrequency: 7600 });
    await expect(readMel(path, { expected: hifigan })).rejects.toThrow("--trust-mel");
    expect((await readMel(path, { expected: hifigan, trust: true })).mel.values).toEqual(rows);
  });

  it("that states an impossible format or another shape is refused", async () => {
    const path = temporaryPath("broken.mel");
    const tensor = floatTensor("mel", [frames, 80], rows);
    const write = (format: string) => writeSafetensors(path, [tensor], { "vocode.mel-format": format });
    await write(JSON.stringify({ ...hifigan, bands: 40 }));
    await expect(readMel(path, { expected: hifigan })).rejects.toThrow("states 40 bands");
    await write(JSON.stringify({ ...hifigan, hopLength: -1 }));
    await expect(readMel(path, { expected: hifigan })).rejects.toThrow("hopLength");
    await write("{");
    await expect(readMel(path, { expected: hifigan })).rejects.toThrow("no JSON");
    await write("[]");
    await expect(readMel(path, { expected: hifigan })).rejects.toThrow("no JSON object");
  });
});

describe("a .npy file", () => {
  const bandsFirst = encodeNpy(speech.shape, speech.data);

  it("is read in either layout, with a leading batch axis of 1 too", () => {
    for (const shape of [
      [frames, 80],
      [1, frames, 80],
    ]) {
      const read = parseMel(encodeNpy(shape, rows), { expected: hifigan });
      expect(read.mel).toEqual({ frames, format: hifigan, values: rows });
    }
    expect(parseMel(encodeNpy([1, ...speech.shape], speech.data), { expected: hifigan }).mel.values).toEqual(
      rows,
    );
  });

  it("is taken for what the option says", async () => {
    const db = encodeNpy(
      speech.shape,
      speech.data.map((value) => (20 * value) / Math.LN10),
    );
    const error = errorOf(() => parseMel(db, { expected: hifigan }));
    if (!(error instanceof MelValuesMismatchError)) throw error;
    expect(error.looksLike).toBe("db");
    expect(error.message).toContain("say --mel-format db;");
    const read = parseMel(db, { expected: hifigan, assume: await melAssumptionFromOption("db") });
    expect(Math.max(...read.mel.values.map((value, i) => Math.abs(value - rows[i])))).toBeLessThan(1e-5);
    expect(read.conversions).toEqual(["Its values were converted from decibels (20·log10) to ln."]);
    expect(() =>
      parseMel(bandsFirst, { expected: hifigan, assume: { encoding: error.assumed } }),
    ).not.toThrow();
  });

  it("of Tacotron 2 says so by its preset", async () => {
    const assume = await melAssumptionFromOption("tacotron2-22k-80");
    expect(parseMel(bandsFirst, { expected: hifigan, assume }).leadingSamples).toBe(128);
  });

  it("that is standardised is read with its mean and deviation", async () => {
    const standardised = encodeNpy(
      speech.shape,
      speech.data.map((value) => (value + 5.2) / 2.1),
    );
    expect(() => parseMel(standardised, { expected: hifigan })).toThrow(MelValuesMismatchError);
    const assume = await melAssumptionFromOption("ln,mean=-5.2,std=2.1");
    const { values } = parseMel(standardised, { expected: hifigan, assume }).mel;
    expect(Math.max(...values.map((value, i) => Math.abs(value - rows[i])))).toBeLessThan(1e-5);
  });

  it("of the wrong kind is taken as it is on trust", () => {
    const tenth = encodeNpy(
      speech.shape,
      speech.data.map((value) => value / 10),
    );
    expect(() => parseMel(tenth, { expected: hifigan })).toThrow(MelValuesMismatchError);
    expect(parseMel(tenth, { expected: hifigan, trust: true }).mel.values[0]).toBeCloseTo(rows[0] / 10, 5);
  });

  it("below the format's floor is raised to it, with a remark", () => {
    const deep = Float32Array.from(speech.data);
    deep.fill(-14, 0, 20);
    const read = parseMel(encodeNpy(speech.shape, deep), { expected: hifigan });
    expect(Math.min(...read.mel.values)).toBeCloseTo(Math.log(1e-5), 5);
    expect(read.remarks.join()).toContain("below the format's floor");
  });
});

describe("a safetensors file of another tool", () => {
  it("is read if it holds one mel", async () => {
    const path = temporaryPath("other.safetensors");
    await writeSafetensors(path, [
      floatTensor("spectrogram", [1, 80, frames], speech.data),
      floatTensor("gain", [1], Float32Array.of(1)),
    ]);
    const read = await readMel(path, { expected: hifigan });
    expect(read.source).toMatchObject({ container: "safetensors", shape: [1, 80, frames] });
    expect(read.mel.values).toEqual(rows);
  });

  it("with several arrays is refused", async () => {
    const path = temporaryPath("weights.safetensors");
    const [a, b] = ["a", "b"].map((name) => floatTensor(name, [2, 2], new Float32Array(4)));
    await writeSafetensors(path, [a, b]);
    await expect(readMel(path, { expected: hifigan })).rejects.toThrow(
      "no tensor named 'mel', and 2 that could",
    );
  });
});

describe("a file that is no mel", () => {
  it("is refused in a sentence", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vocode-"));
    await expect(readMel(join(folder, "none.mel"), { expected: hifigan })).rejects.toThrow("does not exist");
    await expect(readMel(folder, { expected: hifigan })).rejects.toThrow("is a folder");
    await expect(readMel("/dev/zero", { expected: hifigan })).rejects.toThrow("is a device");
    expect(() => parseMel(Buffer.from("PK\x03\x04"), { expected: hifigan })).toThrow(
      "it is a ZIP archive, as numpy.savez and torch.save write them; save the mel alone with numpy.save.",
    );
    expect(() => parseMel(Buffer.from("\x80\x04\x95", "latin1"), { expected: hifigan })).toThrow(
      "it is a Python pickle",
    );
    expect(() => parseMel(Buffer.from("RIFF"), { expected: hifigan })).toThrow("The file is no mel");
    expect(() => parseMel(new Uint8Array(0), { expected: hifigan })).toThrow("The file is no mel");
  });
});
