import { describe, expect, it } from "vitest";
import { summarisePitch } from "../../src/cli/pitch.js";

describe("summarisePitch", () => {
  it("finds the stretches with a voice, up to both ends", () => {
    const summary = summarisePitch(
      {
        hertz: Float32Array.of(100, 120, 0, 0, 200),
        bandVoicing: Float32Array.of(1, 0.5, 0.5, 0.25, 0, 0, 0, 0, 1, 0),
      },
      0.5,
    );
    expect(summary).toEqual({
      seconds: 2.5,
      voicedShare: 0.6,
      medianHertz: 120,
      lowestHertz: 100,
      highestHertz: 200,
      stretches: [
        { from: 0, to: 1, medianHertz: 120, lowestHertz: 100, highestHertz: 120, bandVoicing: [0.75, 0.375] },
        { from: 2, to: 2.5, medianHertz: 200, lowestHertz: 200, highestHertz: 200, bandVoicing: [1, 0] },
      ],
    });
  });

  it("has no pitch where there is no voice", () => {
    const silent = { hertz: new Float32Array(4), bandVoicing: new Float32Array(20) };
    expect(summarisePitch(silent, 0.5)).toEqual({ seconds: 2, voicedShare: 0, stretches: [] });
  });
});
