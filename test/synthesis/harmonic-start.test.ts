// z₀ of a whole mel against its tiles, and against that of pieces which were cut out of the mel.
import { afterAll, describe, expect, it } from "vitest";
import { fillNormals } from "../../src/diffusion/noise.js";
import { openEngine } from "../../src/host/node/engines.js";
import { PitchFramesError } from "../../src/synthesis/given-pitch.js";
import { ExcitationSource } from "../../src/synthesis/excitation.js";
import { HarmonicStart, type HarmonicStartOptions, PieceError } from "../../src/synthesis/start.js";
import { largestDifference } from "../support/mel-pieces.js";
import { harmonicCheckpoint } from "../support/random-checkpoint.js";

const checkpoint = harmonicCheckpoint();
const format = checkpoint.config.mel;
const { bands, hopLength } = format;
const runtime = await openEngine({ engine: "graph", threads: 1, cacheFolder: null });
const source = await ExcitationSource.open(runtime, checkpoint);
afterAll(() => source.dispose());

// longer than what is read at once of a mel that a piece lies within
const FRAMES = 1300;
const noise = fillNormals(new Float32Array(FRAMES * bands), { seed: 8, step: 0 });
const mel = noise.map((value, i) => -5 + value + 2 * Math.sin(i / bands / 9));

type Options = Partial<HarmonicStartOptions>;

/** z₀ of the frames first … end as a mel of its own, tile by tile. */
async function startOf(tile: number, first = 0, end = FRAMES, options: Options = {}): Promise<Float32Array> {
  const start = new HarmonicStart(source, { format, seed: 1, logSnr: 3, ...options });
  const count = end - first;
  const z = new Float32Array(count * hopLength);
  const { framesBefore, framesAfter } = start.reach;
  for (let from = 0; from < count; from += tile) {
    const to = Math.min(count, from + tile);
    const seen = [first + Math.max(0, from - framesBefore), first + Math.min(count, to + framesAfter)];
    await start.fill(z.subarray(from * hopLength, to * hopLength), (first + from) * hopLength, {
      values: mel.subarray(seen[0] * bands, seen[1] * bands),
      first: seen[0] - first,
      total: count,
    });
  }
  return z;
}

describe("a harmonic start", () => {
  it("is the same for any tile", async () => {
    const whole = await startOf(FRAMES);
    for (const tile of [7, 256, 1024]) {
      expect(largestDifference(await startOf(tile), whole)).toBeLessThan(1e-5);
    }
  });

  it.each([
    [0, 50],
    [400, 460],
    [1100, FRAMES],
  ])("of the frames %i to %i within the whole is the whole's there", async (first, end) => {
    const whole = await startOf(FRAMES);
    const there = whole.subarray(first * hopLength, end * hopLength);
    const within = { values: mel, firstFrame: first };
    for (const tile of [FRAMES, 20]) {
      const piece = await startOf(tile, first, end, { within });
      expect(largestDifference(piece, there)).toBeLessThan(1e-5);
    }
    // by itself it has pulses of its own
    const alone = await startOf(FRAMES, first, end);
    if (first > 0) expect(largestDifference(alone, there)).toBeGreaterThan(0.1);
  });

  it("with the pitch given that is read is the same, and with another one not, for any tile", async () => {
    const whole = await startOf(FRAMES);
    const { pitch, voiced } = await source.read(mel);
    const read = pitch.map((hertz, frame) => (voiced[frame] > 0.5 ? hertz : 0));
    // what is read in pieces differs in the last bits, of which phases are summed
    expect(
      largestDifference(await startOf(FRAMES, 0, FRAMES, { choice: { pitch: read } }), whole),
    ).toBeLessThan(1e-3);
    const other = { pitch: read.map((hertz) => (hertz === 0 ? 220 : 1.1 * hertz)) };
    const changed = await startOf(FRAMES, 0, FRAMES, { choice: other });
    expect(largestDifference(changed, whole)).toBeGreaterThan(0.1);
    expect(largestDifference(await startOf(50, 0, FRAMES, { choice: other }), changed)).toBeLessThan(1e-5);
    const within = { values: mel, firstFrame: 400 };
    const piece = await startOf(20, 400, 460, { within, choice: other });
    const there = changed.subarray(400 * hopLength, 460 * hopLength);
    expect(largestDifference(piece, there)).toBeLessThan(1e-5);
  });

  it("refuses a pitch that ends before the mel, or goes on after it", async () => {
    const short = { choice: { pitch: new Float32Array(90) } };
    await expect(startOf(20, 0, 100, short)).rejects.toThrow(PitchFramesError);
    const long = { choice: { pitch: new Float32Array(102) } };
    await expect(startOf(20, 0, 100, long)).rejects.toThrow(/102 values and the mel 100 frames/);
  });

  it("refuses a piece that does not lie within", async () => {
    const within = { values: mel, firstFrame: FRAMES - 10 };
    await expect(startOf(20, 0, 20, { within })).rejects.toThrow(PieceError);
    await expect(startOf(20, 0, 20, { within })).rejects.toThrow(/ends at frame 1310 .* has 1300 frames/);
  });
});
