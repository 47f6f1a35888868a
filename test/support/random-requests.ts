// Random requests of the main job: any mel a person may have and any options together, of which many do not go together.
// Each gives the waveform that was asked for, or says in a sentence what is wrong.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect } from "vitest";
import { VocodeError } from "../../dist/errors.js";
import type { SynthesisOptions } from "../../dist/synthesis/settings.js";
import { Vocoder } from "../../dist/node.js";
import { writeWav, readRecording } from "../../src/host/node/recordings.js";
import type { Mel } from "../../src/mel/format.js";
import { findPreset } from "../../src/mel/presets.js";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { samplerNames } from "../../src/diffusion/samplers/plan-for.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { harmonicCheckpoint, randomCheckpoint } from "./random-checkpoint.js";

const NO_NUMBERS = [NaN, Infinity, -Infinity];

interface MelRequest {
  readonly frames: number;
  readonly preset: string;
  readonly level: number;
  /** What one of the values becomes; null leaves it. */
  readonly fault: number | null;
}

const mels = fc.record<MelRequest>({
  frames: fc.integer({ min: 0, max: 70 }),
  preset: fc.constantFrom(...Array<string>(11).fill("hifigan-22k-80"), "bigvgan-24k-100"),
  level: fc.constantFrom(-11.5, -5, 0, 3),
  fault: fc.oneof(
    { weight: 11, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom(...NO_NUMBERS) },
  ),
});

/** Mostly left out, mostly right. */
function sometimes<T>(right: readonly T[], wrong: readonly T[] = []): fc.Arbitrary<T | undefined> {
  const values: fc.WeightedArbitrary<T | undefined>[] = [
    { weight: 24, arbitrary: fc.constant(undefined) },
    { weight: 11, arbitrary: fc.constantFrom(...right) },
  ];
  if (wrong.length > 0) values.push({ weight: 1, arbitrary: fc.constantFrom(...wrong) });
  return fc.oneof(...values);
}

const options = fc
  .record({
    steps: sometimes([1, 2, 3, 6], [0, -1, 1.5, 1001, NaN]),
    sampler: sometimes(samplerNames),
    schedule: sometimes(["logsnr-3", "wg-6", "cosine-4"], ["tuned-6", "nothing-7"]),
    start: sometimes(["noise", "harmonic"] as const),
    startLevel: sometimes([-1, 0.5, 4], [-9, NaN]),
    seed: sometimes([0, 1, 4294967295]),
    refine: sometimes([0, 1, 5, 20], [-1, 0.5]),
    refineExponent: sometimes([1, 1.2], [0, 7]),
    refineMomentum: sometimes([0, 0.7], [3]),
    tile: sometimes([1, 9, 64]),
    firstFrame: sometimes([0, 1000]),
  })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))
  .map((given): SynthesisOptions => given);

function melOf({ frames, preset, level, fault }: MelRequest): Mel {
  const format = findPreset(preset);
  const values = fillNormals(new Float32Array(frames * format.bands), { seed: 4, step: frames });
  const leveled = values.map((value) => level + value);
  if (fault !== null && leveled.length > 0) leveled[leveled.length >> 1] = fault;
  return { frames, format, values: leveled };
}

/** Opens vocoders for the tests of a file, and gives what checks so many random requests of them. */
export function randomRequests(): (count: number, seed: number) => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
  const vocoders: Vocoder[] = [];
  beforeAll(async () => {
    for (const checkpoint of [harmonicCheckpoint(), randomCheckpoint()]) {
      await saveCheckpoint(folder, checkpoint, "random");
      vocoders.push(await Vocoder.load(folder, { engine: "graph", threads: 1, cacheFolder: null }));
    }
  });
  afterAll(async () => {
    for (const vocoder of vocoders) await vocoder.dispose();
    rmSync(folder, { recursive: true });
  });

  return async (count, seed) => {
    const made = { speech: 0, refusals: 0 };
    const request = fc.tuple(fc.constantFrom(0, 1), mels, options);
    const property = fc.asyncProperty(request, async ([which, wanted, chosen]) => {
      const mel = melOf(wanted);
      let speech;
      try {
        speech = await vocoders[which].synthesize(mel, chosen);
      } catch (error) {
        expect(error).toBeInstanceOf(VocodeError);
        expect((error as VocodeError).message).toMatch(/^.{20,}[.!]$/s);
        made.refusals++;
        return;
      }
      made.speech++;
      expect(wanted.fault === null || mel.frames === 0).toBe(true);
      expect(speech.samples).toHaveLength(mel.frames * mel.format.hopLength);
      expect(speech.samples.every(Number.isFinite)).toBe(true);
      if (speech.samples.length === 0) return;
      const path = join(folder, "speech.wav");
      await writeWav(path, [speech.samples], speech.sampleRate);
      expect((await readRecording(path)).samples).toHaveLength(speech.samples.length);
    });
    await fc.assert(property, { numRuns: count, seed });
    // a generator of refusals alone would show nothing
    expect(made.speech).toBeGreaterThan(count / 10);
    expect(made.refusals).toBeGreaterThan(count / 10);
  };
}
