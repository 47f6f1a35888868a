// Files of a pitch track: the forms that programs write, and damaged ones.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePitchTrack, parsePitchTrack, PitchFileError } from "../../src/audio/pitch-track.js";
import { InputError } from "../../src/errors.js";
import { encodeNpy } from "../../src/formats/npy.js";
import { findPreset } from "../../src/mel/presets.js";
import { mutated } from "../support/damaged-files.js";

const hifigan = findPreset("hifigan-22k-80");
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const track = Float32Array.of(0, 220, 221.5, 0, 110.25);

describe("a file of a pitch track", () => {
  it.each(["npy", "csv"] as const)("comes back as it was written, as .%s", (kind) => {
    expect([...parsePitchTrack(encodePitchTrack(track, hifigan, kind))]).toEqual([...track]);
  });

  it("says in text when each frame's centre is", () => {
    const lines = (format: typeof hifigan): string[] =>
      new TextDecoder().decode(encodePitchTrack(track, format, "csv")).split("\n");
    expect(lines(hifigan).slice(0, 3)).toEqual(["seconds,hertz", "0.00580,0", "0.01741,220.000"]);
    expect(lines({ ...hifigan, padding: "center" })[2]).toBe("0.01161,220.000");
  });

  it.each([
    ["a number a line", "0\n220\n221.5\n"],
    ["with line ends of Windows and a byte order mark", "\ufeff0\r\n220\r\n221.5\r\n"],
    ["of numpy.savetxt, with a comment", "# f0 in Hz\n0.000e+00\n2.200e+02\n2.215e+02\n"],
    ["of CREPE", "time,frequency,confidence\n0.00,0,0.1\n0.01,220,0.9\n0.02,221.5,0.8\n"],
    ["of pandas, with its index", ",f0\n0,0\n1,220.0\n2,221.5\n"],
    ["with semicolons and quotes", '"t";"F0 (Hz)"\n0;0\n1;220\n2;"221.5"\n'],
    ["with tabs", "Time_s\tF0_Hz\n0\t0\n1\t220\n2\t221.5\n"],
  ])("is read: %s", (_, content) => {
    expect([...parsePitchTrack(text(content))]).toEqual([0, 220, 221.5]);
  });

  it.each([
    ["NaN", "nan\n220\n"],
    ["an empty cell", 'f0\n""\n220\n'],
    ["Praat's word", "time F0\n0.1 --undefined--\n0.2 220\n"],
  ])("may write no voice as %s", (_, content) => {
    expect([...parsePitchTrack(text(content))]).toEqual([NaN, 220]);
  });

  it("may be an array of integers, or with an axis of length 1", () => {
    expect([...parsePitchTrack(encodeNpy([1, 5], track))]).toEqual([...track]);
    const header = encodeNpy([2], new Float32Array(2)).slice(0, -8);
    const integers = Buffer.concat([
      Buffer.from(Buffer.from(header).toString("latin1").replace("<f4", "<i4"), "latin1"),
      Buffer.from(Int32Array.of(0, 220).buffer),
    ]);
    expect([...parsePitchTrack(integers)]).toEqual([0, 220]);
  });

  it.each([
    ["nothing", "", /no values/],
    ["a title alone", "f0\n", /no values/],
    ["columns without names", "0.0,220\n0.1,221\n", /2 columns, and none is named f0/],
    ["a word among the numbers", "220\nhigh\n", /Value 2 .* is 'high'/],
    ["a row that is too short", "time,f0\n0,220\n1\n", /Value 2 .* a line of 2 cells/],
    ["JSON", "[220, 221]", /named f0/],
    ["a version number", "1.2.3\n220\n", /begins with '1\.2\.3'/],
    ["bytes", "\0\0\0", /neither \.npy nor text/],
  ])("is refused with the way out: %s", (_, content, message) => {
    expect(() => parsePitchTrack(text(content))).toThrow(PitchFileError);
    expect(() => parsePitchTrack(text(content))).toThrow(message);
  });

  it("is refused as a matrix", () => {
    expect(() => parsePitchTrack(encodeNpy([2, 3], new Float32Array(6)))).toThrow(/shape \(2, 3\)/);
  });

  it("is read or refused by name when it is damaged", () => {
    const originals = [encodePitchTrack(track, hifigan, "npy"), encodePitchTrack(track, hifigan, "csv")];
    fc.assert(
      fc.property(mutated(originals), (bytes) => {
        let read: Float32Array;
        try {
          read = parsePitchTrack(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          return;
        }
        expect(read.length).toBeGreaterThan(0);
        expect(read.length).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });
});
