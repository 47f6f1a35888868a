import { describe, expect, it } from "vitest";
import type { Excitation } from "../../src/models/excitation/shape.js";
import { framePhases, heldPitch } from "../../src/models/excitation/pulse-train.js";
import { ExcitationTrack } from "../../src/synthesis/start.js";

const [HOP, RATE] = [256, 22050];
// unvoiced, voiced, a gap, voiced, unvoiced
const voiced = Float32Array.from({ length: 60 }, (_, i) =>
  i < 7 || (i > 30 && i < 36) || i > 50 ? 0.1 : 0.9,
);
const said: Excitation = {
  voiced,
  pitch: Float64Array.from(voiced, (_, i) => 130 + 40 * Math.sin(i / 5)),
  bandVoicing: Float32Array.from({ length: 300 }, (_, i) => i / 300),
};
const held = heldPitch(said.pitch, voiced);
const phases = framePhases(held, HOP, RATE);

/** Whole cycles do not count. */
function cyclesApart(one: number, other: number): number {
  return Math.abs(one - other - Math.round(one - other));
}

describe("a track of excitation", () => {
  it.each([60, 10, 3, 1])("holds pitch and phase as for the whole, %i frames at a time", (step) => {
    const track = new ExcitationTrack(HOP, RATE);
    for (let frame = 0; frame < 60; frame += step) {
      track.append(said, frame, frame + step);
      const first = Math.max(0, frame - 2);
      const found = track.frames(first, frame + step);
      found.pitch.forEach((hertz, i) => {
        // what comes before the first voice does not sound, and is known with it
        if (first + i >= 7 || frame + step > 7) expect(hertz).toBeCloseTo(held[first + i], 9);
      });
      if (frame + step > 7) {
        found.phases.forEach((phase, i) => {
          expect(cyclesApart(phase, phases[first + i])).toBeLessThan(1e-9);
        });
      }
      expect([...found.voiced]).toEqual([...voiced.subarray(first, frame + step)]);
      expect([...found.bandVoicing]).toEqual([...said.bandVoicing.subarray(5 * first, 5 * (frame + step))]);
      track.forget(frame + step - 2);
      expect(track.end).toBe(frame + step);
    }
  });
});
