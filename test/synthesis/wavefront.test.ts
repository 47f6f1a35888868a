// Stages that add up their neighbours, whose results are whole numbers: exact, whatever the tiles.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Reach } from "../../src/mel/frames.js";
import { type Span, type Stage, tiles, Track, Wavefront, withReach } from "../../src/synthesis/wavefront.js";

/** The sum of what lies within reach, zeros beyond the ends. */
function neighbourSum(
  values: Float32Array,
  { first, end }: Span,
  reach: Reach,
  offset: number,
): Float32Array {
  return Float32Array.from({ length: end - first }, (_, i) => {
    const at = first + i - offset;
    return values
      .slice(Math.max(0, at - reach.framesBefore), at + reach.framesAfter + 1)
      .reduce((a, b) => a + b, 0);
  });
}

function sumStage(track: Track, reach: Reach): Stage & { made: Track; spans: Span[] } {
  const made = new Track(1);
  const spans: Span[] = [];
  return {
    made,
    spans,
    inputs: [{ track, reach }],
    outputs: [made],
    run: (span) => {
      spans.push(span);
      const tile = withReach(span, reach, track);
      made.append(neighbourSum(track.rows(tile).slice(), span, reach, tile.first));
    },
  };
}

interface Chain {
  readonly front: Wavefront;
  readonly source: Track;
  readonly stages: ReturnType<typeof sumStage>[];
}

/** Stages one behind the other, and one that looks at the result and makes nothing. */
function chain(reaches: readonly Reach[], tile: number): Chain {
  const source = new Track(1);
  const stages: ReturnType<typeof sumStage>[] = [];
  for (const reach of reaches) stages.push(sumStage(stages.at(-1)?.made ?? source, reach));
  const result = stages.at(-1).made;
  const looks: Stage = {
    inputs: [{ track: result, reach: { framesBefore: 3, framesAfter: 2 } }],
    outputs: [],
    run: () => undefined,
  };
  return { front: new Wavefront([...stages, looks], source, result, tile), source, stages };
}

const reachArbitrary = fc.record({ framesBefore: fc.nat(5), framesAfter: fc.nat(5) });

describe("Wavefront", () => {
  it("gives the same for any pieces and tiles", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(reachArbitrary, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(9), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 12 }),
        async (reaches, pieces, tile) => {
          const count = pieces.reduce((a, b) => a + b, 0);
          const values = Float32Array.from({ length: count }, (_, i) => (i * 7) % 11);
          const expected = reaches.reduce<Float32Array>(
            (signal, reach) => neighbourSum(signal, { first: 0, end: count }, reach, 0),
            values,
          );
          const { front } = chain(reaches, tile);
          const result: number[] = [];
          let given = 0;
          for (const piece of pieces) {
            front.push(values.slice(given, given + piece));
            given += piece;
            if (given === count) front.end();
            await front.advance();
            result.push(...front.take());
            // nothing comes later than the look-ahead says
            if (given < count) expect(result.length).toBe(Math.max(0, given - front.lookAhead));
          }
          expect(result).toEqual([...expected]);
        },
      ),
    );
  });

  it("holds a band of frames, however long the signal is", async () => {
    const reaches = [
      { framesBefore: 2, framesAfter: 3 },
      { framesBefore: 4, framesAfter: 1 },
    ];
    const { front, source, stages } = chain(reaches, 10);
    const held: number[] = [];
    for (let piece = 0; piece < 50; piece++) {
      front.push(new Float32Array(10));
      await front.advance();
      front.take();
      held.push([source, ...stages.map(({ made }) => made)].reduce((sum, t) => sum + t.end - t.first, 0));
    }
    // what each stage sees before and behind its last frame: 2 + 3, 4 + 1, 3 + 2
    expect(new Set(held.slice(5))).toEqual(new Set([15]));
  });

  it("lets go of what a stage makes and none reads", async () => {
    const source = new Track(1);
    const stage = sumStage(source, { framesBefore: 1, framesAfter: 1 });
    const unread = new Track(1);
    const both: Stage = {
      inputs: stage.inputs,
      outputs: [...stage.outputs, unread],
      run: (span) => {
        void stage.run(span, undefined);
        unread.append(new Float32Array(span.end - span.first));
      },
    };
    const front = new Wavefront([both], source, stage.made, 10);
    for (let piece = 1; piece <= 5; piece++) {
      front.push(new Float32Array(10));
      await front.advance();
      front.take();
      expect([unread.first, unread.end]).toEqual([10 * piece - 1, 10 * piece - 1]);
    }
  });

  it("stops between tiles where it is told to", async () => {
    const { front, stages } = chain([{ framesBefore: 0, framesAfter: 0 }], 4);
    front.push(new Float32Array(40));
    front.end();
    await expect(
      front.advance(() => {
        throw new Error("enough");
      }),
    ).rejects.toThrow("enough");
    expect(stages[0].spans).toHaveLength(1);
  });

  it("cuts a span into parts of equal length, up to one and a half tiles each", () => {
    expect(tiles({ first: 3, end: 3 }, 4)).toEqual([]);
    expect(tiles({ first: 3, end: 8 }, 4)).toEqual([{ first: 3, end: 8 }]);
    expect(tiles({ first: 0, end: 6 }, 4)).toEqual([
      { first: 0, end: 3 },
      { first: 3, end: 6 },
    ]);
    expect(tiles({ first: 0, end: 6 }, Infinity)).toEqual([{ first: 0, end: 6 }]);
  });
});
