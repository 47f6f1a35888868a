// Mels converted between formats that hear different things, against the mels of the recording itself.
import { beforeAll, describe, expect, it } from "vitest";
import { melOfRecording } from "../../src/audio/resample.js";
import { encodeNpy } from "../../src/formats/npy.js";
import { readRecording } from "../../src/host/node/recordings.js";
import { convertMel, MelFormatMismatchError } from "../../src/mel/conversion.js";
import { encodingOf, naturalLog } from "../../src/mel/encoding.js";
import { parseMel } from "../../src/mel/file.js";
import type { Mel } from "../../src/mel/format.js";
import { findPreset, presetNames } from "../../src/mel/presets.js";
import { LossyConversionError, reformatMel } from "../../src/mel/reformat.js";
import { audioFixture } from "../support/audio-fixtures.js";

const hifigan = findPreset("hifigan-22k-80");
const f5 = findPreset("f5-24k-100");
/** Its windows are half as long as the others'. */
const WHISPERED = "bigvgan-44k-128-256x";
const mels = new Map<string, Mel>();
const melOf = (name: string): Mel => mels.get(name)!;

beforeAll(async () => {
  const recording = await readRecording(audioFixture("speech.wav"));
  for (const name of presetNames()) mels.set(name, await melOfRecording(recording, findPreset(name)));
});

/** Mean difference, and mean absolute difference, of ln where both are above the floor. */
function differences(first: Mel, second: Mel): { bias: number; error: number } {
  const [a, b] = [naturalLog(first), naturalLog(second)];
  const silence = Math.log(first.format.floor) + 0.01;
  let [bias, error, count] = [0, 0, 0];
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] <= silence || b[i] <= silence) continue;
    bias += a[i] - b[i];
    error += Math.abs(a[i] - b[i]);
    count++;
  }
  return { bias: bias / count, error: error / count };
}

describe("a mel in another format", () => {
  // every rate, hop, window, power and scale that there is: a wrong gain, time or bank shows at once
  it.each(presetNames().filter((name) => name !== WHISPERED))(
    "of %s becomes nearly HiFi-GAN's of the same recording",
    (name) => {
      const { mel, loss } = reformatMel(melOf(name), hifigan);
      const { bias, error } = differences(mel, melOf("hifigan-22k-80"));
      expect(Math.abs(bias)).toBeLessThan(0.15);
      expect(error).toBeLessThan(0.35);
      expect(loss).toBeLessThan(0.35);
      expect(Math.abs(mel.frames - melOf("hifigan-22k-80").frames)).toBeLessThanOrEqual(2);
    },
  );

  it.each(["styletts2-24k-80", "f5-24k-100", "gptsovits4-32k-100", "diffsinger-44k-128"])(
    "of HiFi-GAN becomes nearly that of %s",
    (name) => {
      const { mel, conversions } = reformatMel(melOf("hifigan-22k-80"), findPreset(name));
      const { bias, error } = differences(mel, melOf(name));
      expect(Math.abs(bias)).toBeLessThan(0.15);
      expect(error).toBeLessThan(0.35);
      expect(conversions.join(" ")).toMatch(/It says nothing of 8000 to \d+ Hz/);
    },
  );

  it("is the lossless conversion where there is one", () => {
    const found = reformatMel(melOf("matcha-22k-80"), hifigan);
    expect(found).toEqual({ ...convertMel(melOf("matcha-22k-80"), hifigan), loss: 0 });
  });

  it("keeps its frames where the hops agree, and says half a hop of another padding", () => {
    const { mel, leadingSamples } = reformatMel(melOf("tacotron2-22k-80"), { ...hifigan, bands: 90 });
    expect(mel.frames).toBe(melOf("tacotron2-22k-80").frames);
    expect(leadingSamples).toBe(128);
  });

  it("is at the floor where nothing is known, and says so", () => {
    const { mel, conversions } = reformatMel(melOf("hifigan-22k-80"), f5);
    const floor = Math.fround(Math.log(f5.floor));
    const highest = Array.from({ length: mel.frames }, (_, frame) => mel.values[frame * 100 + 99]);
    expect(new Set(highest)).toEqual(new Set([floor]));
    expect(conversions[0]).toMatch(/every 11\.61 ms resampled to every 10\.67 ms.* off by 0\.\d+ \(mean of/);
    expect(reformatMel(melOf("f5-24k-100"), hifigan).conversions[1]).toBe(
      "What it holds from 8000 to 12000 Hz was dropped.",
    );
  });

  it("is silent where the mel is", () => {
    const values = new Float32Array(20 * 100).fill(Math.log(f5.floor));
    const { mel, loss } = reformatMel({ frames: 20, format: f5, values }, hifigan);
    expect(new Set(mel.values)).toEqual(new Set([Math.fround(Math.log(1e-5))]));
    expect(loss).toBe(0);
  });

  it.each([1, 2])("may have %i frames", (frames) => {
    const values = melOf("f5-24k-100").values.slice(0, frames * 100);
    const { mel } = reformatMel({ frames, format: f5, values }, hifigan);
    expect(mel.values).toHaveLength(mel.frames * 80);
    expect(mel.values.every(Number.isFinite)).toBe(true);
  });

  it("is refused where frames are too few, or too much would be lost", () => {
    const dense = findPreset(WHISPERED);
    const short = (): unknown => reformatMel(melOf(WHISPERED), hifigan);
    expect(short).toThrow(LossyConversionError);
    expect(short).toThrow(/windows of 23 ms do not show the harmonics that those of 46 ms do/);
    const sparse = (): unknown => reformatMel(melOf("cosyvoice2-24k-80"), dense);
    expect(sparse).toThrow(LossyConversionError);
    expect(sparse).toThrow(/a frame every 20\.00 ms, and says nothing of every 5\.80 ms/);
    const coarse = (): unknown => reformatMel(melOf("hifigan-22k-80"), { ...hifigan, bands: 3 });
    expect(coarse).toThrow(LossyConversionError);
    expect(coarse).toThrow(/there and back it is off by \d\.\d\d/);
  });

  it("is read for a voice where its format is named, and refused where it is not", () => {
    const { frames, values } = melOf("f5-24k-100");
    const bytes = encodeNpy([frames, 100], values);
    const assume = { format: f5, encoding: encodingOf(f5) };
    const { mel, conversions } = parseMel(bytes, { expected: hifigan, assume, lossy: true });
    expect(mel).toEqual(reformatMel(melOf("f5-24k-100"), hifigan).mel);
    expect(conversions.join(" ")).toMatch(/converted from f5-24k-100 to hifigan-22k-80/);
    expect(() => parseMel(bytes, { expected: hifigan, assume })).toThrow(MelFormatMismatchError);
    expect(() => parseMel(bytes, { expected: hifigan, lossy: true })).toThrow(/100/);
  });
});
