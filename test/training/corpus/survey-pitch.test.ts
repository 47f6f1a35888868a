import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { surveyPitch } from "../../../src/training/corpus/survey.js";
import type { Source } from "../../../src/training/corpus/sources.js";
import { fillNormals } from "../../../src/diffusion/noise.js";
import { writeTone } from "../../support/corpus-files.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vocode-survey-pitch-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, samples: Int16Array, sampleRate: number): Source {
  const path = join(folder, name);
  writeTone(path, samples, sampleRate);
  return { name, path, size: 0, modified: 0, heldOut: false };
}

/** Pulses of some harmonics. */
function voice(hertz: number, seconds: number, sampleRate: number): Int16Array {
  return Int16Array.from({ length: seconds * sampleRate }, (_, n) => {
    const phase = (2 * Math.PI * hertz * n) / sampleRate;
    return 4000 * (Math.sin(phase) + 0.7 * Math.sin(2 * phase) + 0.5 * Math.sin(3 * phase));
  });
}

describe("the pitch of a corpus", () => {
  it("has its middle and its ends, at any rate", async () => {
    const found = await surveyPitch([
      write("low.wav", voice(90, 1, 16_000), 16_000),
      write("middle.wav", voice(150, 1, 22_050), 22_050),
      write("high.wav", voice(260, 1, 48_000), 48_000),
    ]);
    expect([found!.recordings, found!.seconds]).toEqual([3, 3]);
    expect(found!.voiced).toBeGreaterThan(0.9);
    for (const [value, expected] of [
      [found!.low, 90],
      [found!.median, 150],
      [found!.high, 260],
    ])
      expect(Math.abs(value / expected - 1)).toBeLessThan(0.005);
  });

  it("is looked for in the beginnings of some recordings all over the corpus", async () => {
    // every recording one Hz above the one before it, and the last one long
    const sources = Array.from({ length: 80 }, (_, i) =>
      write(`s${i}.wav`, voice(100 + i, i === 79 ? 20 : 0.4, 22_050), 22_050),
    );
    const found = await surveyPitch(sources);
    expect([found!.recordings, found!.seconds]).toEqual([40, expect.closeTo(39 * 0.4 + 8, 6)]);
    expect(found!.low).toBeGreaterThan(100);
    expect(found!.low).toBeLessThan(112);
    expect(found!.high).toBeCloseTo(179, 0);
  });

  it("is unknown where nothing is voiced", async () => {
    const noise = fillNormals(new Float32Array(22_050), { seed: 1, step: 0 });
    const samples = Int16Array.from(noise, (value) => 3000 * value);
    expect(await surveyPitch([write("noise.wav", samples, 22_050)])).toBeUndefined();
    expect(await surveyPitch([])).toBeUndefined();
  });
});
