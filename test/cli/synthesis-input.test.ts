// What there is to synthesise, before a voice is chosen for it.
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SynthesizeOptions } from "../../src/cli/options.js";
import { findSynthesisInput } from "../../src/cli/synthesis-input.js";
import { makeSpeech } from "../../src/cli/synthesis-run.js";
import { ChosenVoices } from "../../src/cli/voices.js";
import { UnknownVoiceError } from "../../src/host/node/voices.js";
import { encodeNpy } from "../../src/formats/npy.js";
import { writeMel } from "../../src/host/node/mel-files.js";
import { writeAtomically } from "../../src/host/node/write-files.js";
import { findPreset } from "../../src/mel/presets.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-input-"));
const format = findPreset("hifigan-22k-80");
const other = findPreset("vocos-24k-100");
const stated = join(folder, "stated.mel");
const unlabelled = join(folder, "unlabelled.npy");

beforeAll(async () => {
  await writeMel(stated, { frames: 4, format, values: new Float32Array(4 * 80).fill(-3) });
  await writeAtomically(unlabelled, encodeNpy([4, 100], new Float32Array(400).fill(-3)));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("the format that chooses a voice", () => {
  it.each([
    ["the mel's own", stated, undefined, format],
    ["the mel's own, though another is assumed", stated, other, format],
    ["the assumed one where the file states none", unlabelled, other, other],
    ["nobody's where nothing says it", unlabelled, undefined, undefined],
  ])("is %s", async (_, path, assumed, wanted) => {
    const found = await findSynthesisInput(path, assumed ? { assume: { format: assumed } } : {});
    expect(found.stated).toEqual(wanted);
    await found.close();
  });
});

describe("an input whose voice cannot be loaded", () => {
  it.skipIf(process.platform !== "linux")("is closed", async () => {
    const checkpoint = "no-such-voice";
    const options: SynthesizeOptions = { engine: "auto", checkpoint, bitDepth: "16", quiet: true };
    const open = (): string[] =>
      readdirSync("/proc/self/fd").filter((fd) => {
        try {
          return readlinkSync(join("/proc/self/fd", fd)) === stated;
        } catch {
          return false;
        }
      });
    const voices = new ChosenVoices(options);
    const speech = makeSpeech(voices, stated, join(folder, "out.wav"), options);
    await expect(speech).rejects.toThrow(UnknownVoiceError);
    expect(open()).toEqual([]);
    expect(voices.failed).toBe(true);
    // what was not loaded is no fault at the end
    await voices.dispose();
  });
});
