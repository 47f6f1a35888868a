// The shipped voice in 8 bits: a value that a tile rounded otherwise would become another whole number, and be heard of.
import { afterAll, beforeAll, expect, it } from "vitest";
import { Vocoder } from "../dist/node.js";
import { computeMel } from "../src/mel/analysis.js";
import { findPreset } from "../src/mel/presets.js";
import { largestDifference, pieces } from "./support/mel-pieces.js";
import { clipSamples } from "./support/mel-reference.js";

const speech = computeMel(clipSamples("speech_22k"), findPreset("hifigan-22k-80"));
const vocoders: Vocoder[] = [];

beforeAll(async () => {
  for (const threads of [1, 2]) {
    vocoders.push(await Vocoder.load(undefined, { engine: "graph", precision: "int8", threads }));
  }
}, 180_000);
afterAll(async () => {
  for (const vocoder of vocoders) await vocoder.dispose();
});

it(
  "an int8 vocoder makes the same waveform for any tile, on one thread and two, and as a stream",
  { timeout: 180_000 },
  async () => {
    const [first] = vocoders;
    const { samples } = await first.synthesize(speech);
    for (const vocoder of vocoders) {
      for (const tile of [37, 150]) {
        const tiled = await vocoder.synthesize(speech, { tile });
        expect(largestDifference(samples, tiled.samples)).toBeLessThan(1e-4);
      }
      const parts: number[] = [];
      for await (const piece of vocoder.stream(pieces(speech, [1, 40, 7]), { tile: 60 }))
        parts.push(...piece);
      expect(largestDifference(samples, Float32Array.from(parts))).toBeLessThan(1e-4);
    }
  },
);
