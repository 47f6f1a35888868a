import { describe, expect, it } from "vitest";
import { SharedBand, SharedMemory } from "../../src/synthesis/memory.js";

describe("SharedMemory", () => {
  it("lends the smallest piece that is large enough, and each to one borrower", () => {
    const memory = new SharedMemory();
    const [small, large] = [memory.borrow(10), memory.borrow(20)];
    memory.giveBack(large);
    memory.giveBack(small);
    expect(memory.borrow(5)).toBe(small);
    expect(memory.borrow(5)).toBe(large);
    expect(memory.borrow(5)).toHaveLength(5);
  });
});

describe("SharedBand", () => {
  it("holds what came last, in memory that is used again", () => {
    const memory = new SharedMemory();
    const band = new SharedBand(memory);
    band.append(Float32Array.of(1, 2, 3));
    band.drop(2);
    band.append(Float32Array.of(4, 5));
    expect([...band.values]).toEqual([3, 4, 5]);
    const { buffer } = band.values;
    for (let turn = 0; turn < 9; turn++) {
      band.drop(2);
      band.append(Float32Array.of(turn, turn));
    }
    expect([...band.values]).toEqual([7, 8, 8]);
    expect(band.values.buffer).toBe(buffer);
    band.append(Float32Array.of(9));
    expect(band.values.buffer).not.toBe(buffer);
    band.release();
    expect(band.values).toHaveLength(0);
    expect(memory.borrow(3).buffer).toBe(buffer);
  });
});
