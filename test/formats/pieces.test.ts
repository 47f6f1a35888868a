import { describe, expect, it } from "vitest";
import { concatenate, concatenateBytes, RowCutter } from "../../src/formats/bytes.js";

describe("pieces one after the other", () => {
  it("are copied as bytes, and a single piece of a signal is not", () => {
    const piece = Uint8Array.of(1, 2);
    const whole = concatenateBytes([piece]);
    piece[0] = 9;
    expect([whole, concatenateBytes([])]).toEqual([Uint8Array.of(1, 2), new Uint8Array(0)]);
    expect(concatenateBytes([Uint8Array.of(1), Uint8Array.of(2, 3)])).toEqual(Uint8Array.of(1, 2, 3));
    const signal = Float32Array.of(1, 2);
    expect(concatenate([signal])).toBe(signal);
    expect(concatenate([signal, Float32Array.of(3)])).toEqual(Float32Array.of(1, 2, 3));
  });

  it("are cut into whole rows, whatever their sizes", () => {
    const cutter = new RowCutter(3);
    expect(cutter.push(Uint8Array.of(1, 2))).toEqual(new Uint8Array(0));
    expect(cutter.left).toBe(2);
    expect(cutter.push(Uint8Array.of(3, 4, 5, 6, 7))).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
    expect(cutter.left).toBe(1);
    expect(cutter.push(Uint8Array.of(8, 9))).toEqual(Uint8Array.of(7, 8, 9));
    expect(cutter.left).toBe(0);
  });
});
