// What callers without types give a vocoder by mistake: each is refused by name, and nothing is made of it.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as vocode from "../dist/index.js";
import { saveCheckpoint } from "../src/host/node/checkpoints.js";
import { randomCheckpoint } from "./support/random-checkpoint.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const made = mkdtempSync(join(tmpdir(), "vocode-test-"));
const { Vocoder, InputError } = vocode;
let vocoder: vocode.Vocoder;
let mel: vocode.Mel;

beforeAll(async () => {
  await saveCheckpoint(folder, randomCheckpoint(), "random");
  vocoder = await Vocoder.load(folder, { engine: "graph", threads: 1, cacheFolder: null });
  const { format } = vocoder;
  mel = { frames: 30, format, values: new Float32Array(30 * format.bands).map((_, i) => Math.sin(i) - 6) };
});
afterAll(async () => {
  await vocoder.dispose();
  for (const each of [folder, made]) rmSync(each, { recursive: true });
});

/** Does what a caller without types might do. */
async function refusal(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expect((error as vocode.InputError).exitCode).toBe(2);
    return (error as Error).message;
  }
  throw new Error("It was taken.");
}

const loosely = (value: unknown): never => value as never;

describe("a mel", () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      "more frames than values",
      () => ({ ...mel, frames: 31 }),
      /2400 values, and 31 frames of 80 bands are 2480/,
    ],
    ["fewer frames than values", () => ({ ...mel, frames: 29 }), /2400 values, and 29 frames of 80 bands/],
    ["half a frame", () => ({ ...mel, frames: 30.5 }), /has 30\.5 frames/],
    ["no frame", () => ({ ...mel, frames: 0, values: new Float32Array(0) }), /has 0 frames/],
    ["frames as text", () => ({ ...mel, frames: "30" }), /has 30 frames; a whole number/],
    ["a plain array", () => ({ ...mel, values: Array.from(mel.values) }), /a plain array as its values/],
    ["doubles", () => ({ ...mel, values: Float64Array.from(mel.values) }), /kind Float64Array as its values/],
    ["no values", () => ({ frames: 30, format: mel.format }), /has undefined as its values/],
    ["no format", () => ({ frames: 30, values: mel.values }), /has no format.*vocoder\.format/],
    ["nothing", () => undefined, /is undefined. A mel is an object \{ frames, format, values \}/],
    [
      "another format",
      () => ({ ...mel, format: { ...mel.format, hopLength: 200 } }),
      /hopLength 200 in place of/,
    ],
    [
      "NaN",
      () => ({ ...mel, values: mel.values.map((v, i) => (i === 900 ? NaN : v)) }),
      /Frame 11 .* no numbers/,
    ],
    ["levels of no sound", () => ({ ...mel, values: mel.values.map((v) => v + 100) }), /Frame 0 .*ln 94\.0/],
  ])("with %s is refused", async (_, given, message) => {
    expect(await refusal(() => vocoder.synthesize(loosely(given()), { steps: 1 }))).toMatch(message);
  });

  it("of values up to the highest that is taken gives finite samples", async () => {
    for (const level of [-1000, -40, 20, 40]) {
      const values = new Float32Array(mel.values.length).fill(level);
      const given = vocoder.synthesize({ ...mel, values }, { steps: 1, refine: 2 });
      const { samples } = await given.catch((error: unknown) => {
        expect((error as Error).message).toMatch(/came out as no number/);
        return { samples: new Float32Array(1) };
      });
      expect(samples.every(Number.isFinite)).toBe(true);
    }
  });
});

describe("a stream", () => {
  it.each<[string, unknown, RegExp]>([
    ["nothing", undefined, /takes a mel, or an iterable of frames/],
    ["a number", 5, /takes a mel, or an iterable of frames/],
    ["an empty object", {}, /takes a mel, or an iterable of frames/],
    ["one Float32Array", new Float32Array(80), /Frame 0 of the mel comes as the number 0/],
    ["frames as plain arrays", [Array(80).fill(-6)], /Frame 0 of the mel comes as a plain array/],
    ["three quarters of a frame", [new Float32Array(60)], /60 values, which are no whole frames of 80 bands/],
    ["levels of no sound", [new Float32Array(80).fill(99)], /ln 99\.0/],
  ])("of %s is refused", async (_, source, message) => {
    const speak = async (): Promise<void> => {
      for await (const piece of vocoder.stream(loosely(source), { steps: 1 })) expect(piece.length).toBe(0);
    };
    expect(await refusal(speak)).toMatch(message);
  });
});

describe("an option of a synthesis", () => {
  it.each<[string, unknown, RegExp]>([
    ["steps", 1.5, /'steps' is 1\.5; it takes a whole number from 1 on/],
    ["steps", 0, /'steps' is 0/],
    ["steps", "6", /'steps' is 6; it takes a whole number/],
    ["steps", 1001, /1001 steps.*1 to 1000/],
    ["refine", -1, /'refine' is -1/],
    ["refine", NaN, /'refine' is NaN/],
    ["tile", 0, /'tile' is 0/],
    ["tile", Infinity, /'tile' is Infinity/],
    ["firstFrame", -3, /'firstFrame' is -3/],
    ["start", "pulses", /'start' is pulses; it takes 'harmonic' or 'noise'/],
    ["sampler", "magic", /no sampler 'magic'/],
    ["schedule", "magic", /no schedule 'magic'/],
    ["seed", 1.5, /The seed 1\.5 is not a whole number/],
    ["within", { frames: 3 }, /The mel of 'within' has no format/],
  ])("%s %s is refused", async (option, value, message) => {
    const options = { steps: 1, [option]: value };
    expect(await refusal(() => vocoder.synthesize(mel, options))).toMatch(message);
  });
});

describe("Vocoder.load", () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      "an engine that there is not",
      () => Vocoder.load(folder, loosely({ engine: "gpu" })),
      /engine 'gpu'.*device/,
    ],
    ["a device that there is not", () => Vocoder.load(folder, loosely({ device: "tpu" })), /no device 'tpu'/],
    ["no threads", () => Vocoder.load(folder, { threads: 0 }), /number of threads is 0/],
    ["half a thread", () => Vocoder.load(folder, { threads: 1.5 }), /number of threads is 1\.5/],
    ["a precision that there is not", () => Vocoder.load(folder, loosely({ precision: "int4" })), /'int4'/],
    ["options in place of the folder", () => Vocoder.load(loosely({ threads: 1 })), /folder first/],
  ])("refuses %s", async (_, attempt, message) => {
    expect(await refusal(attempt)).toMatch(message);
  });
});

describe("what writes files", () => {
  const wav = join(made, "x.wav");
  const half = new Float32Array(100).fill(0.5);
  it.each<[string, () => unknown, RegExp]>([
    ["samples that are in no list", () => vocode.writeWav(wav, loosely(half), 22050), /\[samples\]/],
    [
      "a plain array of samples",
      () => vocode.writeWav(wav, loosely([[0, 1]]), 22050),
      /one is a plain array/,
    ],
    ["numbers in place of pieces", () => vocode.writeWav(wav, loosely([0, 1]), 22050), /one is the number 0/],
    ["nothing in place of pieces", () => vocode.writeWav(wav, loosely(undefined), 22050), /got undefined/],
    ["no rate", () => vocode.writeWav(wav, [half], loosely(undefined)), /sample rate.*undefined/],
    ["a rate of 0", () => vocode.writeWav(wav, [half], 0), /sample rate.*0/],
    ["half a hertz", () => vocode.writeWav(wav, [half], 22050.5), /sample rate.*22050\.5/],
    ["an encoding that there is not", () => vocode.writeWav(wav, [half], 22050, loosely("8-bit")), /'8-bit'/],
    [
      "a mel without values",
      () => vocode.writeMel(join(made, "x.mel"), loosely({ frames: 1 })),
      /has no format/,
    ],
  ])("refuses %s, and leaves no file", async (_, attempt, message) => {
    expect(await refusal(attempt)).toMatch(message);
    expect(readdirSync(made)).toEqual([]);
  });

  it("refuses a mel of what is no Float32Array", async () => {
    const { format } = vocoder;
    expect(await refusal(() => vocode.computeMel(loosely([0, 0, 0]), format))).toMatch(
      /a plain array is given/,
    );
    expect(await refusal(() => vocode.computeMel(loosely(undefined), format))).toMatch(/undefined is given/);
  });
});
