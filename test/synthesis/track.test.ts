import { describe, expect, it } from "vitest";
import { lentFloats } from "../../src/synthesis/memory.js";
import { Track } from "../../src/synthesis/wavefront.js";

describe("Track", () => {
  it("holds the rows between what was forgotten and what came last", () => {
    const track = new Track(2);
    track.append(Float32Array.of(0, 1, 10, 11));
    track.append(Float32Array.of(20, 21));
    expect([track.first, track.end]).toEqual([0, 3]);
    track.forget(1);
    expect([track.first, track.end]).toEqual([1, 3]);
    expect([...track.rows({ first: 1, end: 3 })]).toEqual([10, 11, 20, 21]);
    track.append(Float32Array.of(30, 31));
    expect([...track.rows({ first: 3, end: 4 })]).toEqual([30, 31]);
    track.forget(0);
    expect(track.first).toBe(1);
    track.forget(99);
    expect([track.first, track.end]).toEqual([4, 4]);
  });

  it("gives room to fill in, and its memory back when it holds little", () => {
    const memory = lentFloats();
    const track = new Track(2, memory);
    track.extend(40).fill(3);
    track.append(Float32Array.of(4, 5));
    expect([...track.rows({ first: 19, end: 21 })]).toEqual([3, 3, 4, 5]);
    const { buffer } = track.rows({ first: 0, end: 21 });
    track.forget(19);
    expect([...track.rows({ first: 19, end: 21 })]).toEqual([3, 3, 4, 5]);
    expect(memory.borrow(42).buffer).toBe(buffer);
    track.forget(21);
    expect([track.first, track.end]).toEqual([21, 21]);
    track.append(Float32Array.of(6, 7));
    expect([...track.rows({ first: 21, end: 22 })]).toEqual([6, 7]);
  });

  it("refuses rows that it does not hold, and values that are no rows", () => {
    const track = new Track(2);
    track.append(new Float32Array(6));
    track.forget(1);
    expect(() => track.rows({ first: 0, end: 1 })).toThrow(RangeError);
    expect(() => track.rows({ first: 2, end: 4 })).toThrow(RangeError);
    expect(() => {
      track.append(new Float32Array(3));
    }).toThrow(RangeError);
  });
});
