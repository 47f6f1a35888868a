import { describe, expect, it } from "vitest";
import { pitchPath } from "../../src/audio/pitch.js";

const INTERVAL = 0.01;
const clear = { candidates: [{ hertz: 100, strength: 0.9 }], intensity: 0.5 };

describe("pitchPath", () => {
  it("is empty for no frames", () => {
    expect(pitchPath([], INTERVAL)).toHaveLength(0);
  });

  it("does not follow one frame's octave error", () => {
    const doubled = {
      candidates: [
        { hertz: 200, strength: 0.95 },
        { hertz: 101, strength: 0.9 },
      ],
      intensity: 0.5,
    };
    expect([...pitchPath([clear, clear, doubled, clear, clear], INTERVAL)]).toEqual([
      100, 100, 101, 100, 100,
    ]);
  });

  it("takes the octave where it stays", () => {
    const octave = { candidates: [{ hertz: 200, strength: 0.95 }], intensity: 0.5 };
    expect([...pitchPath([clear, clear, octave, octave], INTERVAL)]).toEqual([100, 100, 200, 200]);
  });

  it("is unvoiced in silence and where the periodicity is weak", () => {
    const quiet = { candidates: clear.candidates, intensity: 0.001 };
    const weak = { candidates: [{ hertz: 100, strength: 0.3 }], intensity: 0.5 };
    expect([...pitchPath([quiet, quiet, quiet], INTERVAL)]).toEqual([0, 0, 0]);
    expect([...pitchPath([weak, weak, weak], INTERVAL)]).toEqual([0, 0, 0]);
  });

  it("keeps to pitches of voices", () => {
    const high = { candidates: [{ hertz: 900, strength: 0.9 }], intensity: 0.5 };
    expect([...pitchPath([high, high, high], INTERVAL)]).toEqual([0, 0, 0]);
  });
});
