// Formats as people name them on the command line and in files.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatFromOption } from "../../src/host/node/mel-files.js";
import { findPreset } from "../../src/mel/presets.js";
import { statedFormats } from "../support/mel-reference.js";

const hifigan = findPreset("hifigan-22k-80");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vocode-format-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function jsonFile(content: string): Promise<string> {
  const path = join(folder, "format.json");
  await writeFile(path, content);
  return path;
}

describe("formatFromOption", () => {
  it("takes a preset's name", async () => {
    expect(await formatFromOption("vocos-24k-100")).toEqual(findPreset("vocos-24k-100"));
  });

  it("takes a preset with changes", async () => {
    const format = await formatFromOption("vocos-24k-100,fmax=11000, log = db");
    expect(format).toEqual({ ...findPreset("vocos-24k-100"), maxFrequency: 11000, log: "db" });
  });

  it("applies changes alone to the default preset", async () => {
    expect(await formatFromOption("fmax=11025")).toEqual({ ...hifigan, maxFrequency: 11025 });
  });

  it("takes a JSON file with every field, and one with a preset and changes", async () => {
    const { hopLength, ...rest } = hifigan;
    const whole = await jsonFile(JSON.stringify({ ...rest, hop_length: hopLength }));
    expect(await formatFromOption(whole)).toEqual(hifigan);
    const changes = await jsonFile('{ "preset": "bigvgan-24k-100", "bands": 80 }');
    expect(await formatFromOption(`${changes},log=log10`)).toEqual({
      ...findPreset("bigvgan-24k-100"),
      bands: 80,
      log: "log10",
    });
  });

  it("names what is wrong with a preset, a change or a file, and its value", async () => {
    await expect(formatFromOption("hifigan")).rejects.toThrow(
      "There is no mel format named 'hifigan'. The named ones are: hifigan-22k-80, tacotron2-22k-80",
    );
    await expect(formatFromOption("hifigan-22k-80,fmax")).rejects.toThrow("'fmax' in the mel format");
    await expect(formatFromOption("fmax=1,fmax=2")).rejects.toThrow("gives fmax twice");
    await expect(formatFromOption("fmax=high")).rejects.toThrow('maxFrequency is "high"');
    await expect(formatFromOption(join(folder, "none.json"))).rejects.toThrow("does not exist");
    await expect(formatFromOption(await jsonFile("{"))).rejects.toThrow("is not JSON");
    await expect(formatFromOption(await jsonFile("[1]"))).rejects.toThrow("holds no JSON object");
    await expect(formatFromOption(await jsonFile('{ "preset": 3 }'))).rejects.toThrow("named '3'");
    await expect(formatFromOption(await jsonFile('{ "fmax": 3 }'))).rejects.toThrow(
      "lacks sampleRate, fftSize",
    );
  });
});

describe("the mel formats of the reference implementation", () => {
  it("are those of the presets with their names", () => {
    const named = [...statedFormats()].filter(([name]) => !name.startsWith("custom"));
    expect(named).toHaveLength(5);
    for (const [name, format] of named) expect(findPreset(name)).toEqual(format);
  });
});
