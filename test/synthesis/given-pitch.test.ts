import { describe, expect, it } from "vitest";
import type { Excitation } from "../../src/models/excitation/shape.js";
import {
  checkPitch,
  PitchFramesError,
  PitchValueError,
  requirePitchFrames,
  withPitch,
} from "../../src/synthesis/given-pitch.js";

const said: Excitation = {
  pitch: Float64Array.of(100, 150, 200),
  voiced: Float32Array.of(0.9, 0.2, 0.6),
  bandVoicing: new Float32Array(15).fill(0.5),
};

describe("a pitch that is given", () => {
  it("takes the place of the pitch and the voice that were read, and leaves the bands", () => {
    const given = withPitch(said, 1, { pitch: [500, 0, 300, NaN] });
    expect([...given.pitch]).toEqual([100, 300, 200]);
    expect([...given.voiced]).toEqual([0, 1, 0]);
    expect(given.bandVoicing).toBe(said.bandVoicing);
  });

  it("holds its last value for one frame more", () => {
    expect([...withPitch(said, 0, { pitch: [300, 310] }).pitch]).toEqual([300, 310, 310]);
  });

  it("is shifted by cents, as is one that is read", () => {
    expect([...withPitch(said, 0, { pitchShift: 1200 }).pitch]).toEqual([200, 300, 400]);
    expect(withPitch(said, 0, { pitchShift: 1200 }).voiced).toEqual(said.voiced);
    const { pitch } = withPitch(said, 0, { pitch: [300, 0, 400], pitchShift: -1200 });
    expect([...pitch]).toEqual([150, 75, 200]);
    expect(withPitch(said, 0, { pitchShift: 0 })).toEqual(said);
  });

  it.each([
    [[100, 5.3], /frame 1 is 5\.3.*20 to 4000.*logarithms/],
    [[-1], /frame 0 is -1/],
    [[Infinity], /Infinity/],
    [["100"], /frame 0 is 100/],
  ])("is refused where a value is none: %j", (pitch, message) => {
    expect(() => {
      checkPitch(pitch);
    }).toThrow(PitchValueError);
    expect(() => {
      checkPitch(pitch);
    }).toThrow(message);
  });

  it.each([[undefined], [440], ["p.npy"], [new DataView(new ArrayBuffer(4))]])("is no array: %s", (pitch) => {
    expect(() => {
      checkPitch(pitch);
    }).toThrow(/The pitch is an array/);
  });

  it.each([
    [9, 10],
    [10, 10],
    [11, 10],
  ])("of %i values suits %i frames", (values, frames) => {
    expect(() => {
      requirePitchFrames(new Float32Array(values), frames);
    }).not.toThrow();
  });

  it.each([
    [8, 10, false, /8 values and the mel 10 frames/],
    [12, 10, false, /12 values and the mel 10 frames.*resample/],
    [0, 1, false, /0 values and the mel 1 frame\./],
    [8, 10, true, /8 values and the mel at least 10 frames/],
  ])("of %i values is refused for %i frames", (values, frames, isOpen, message) => {
    const check = (): void => {
      requirePitchFrames(new Float32Array(values), frames, isOpen);
    };
    expect(check).toThrow(PitchFramesError);
    expect(check).toThrow(message);
  });

  it("may be longer than a mel that goes on", () => {
    expect(() => {
      requirePitchFrames(new Float32Array(100), 10, true);
    }).not.toThrow();
  });
});
