import { describe, expect, it } from "vitest";
import { lentFloats } from "../../src/synthesis/memory.js";

describe("LentMemory", () => {
  it("lends again what fits, and no more than four times what is asked for", () => {
    const memory = lentFloats();
    const large = memory.borrow(1024);
    memory.giveBack(large);
    expect(memory.borrow(255)).not.toBe(large);
    expect(memory.borrow(256)).toBe(large);
    expect(memory.borrow(256)).not.toBe(large);
  });

  it("rounds lengths up, by a quarter at most, so that similar ones share", () => {
    const memory = lentFloats();
    const piece = memory.borrow(1050);
    expect(piece).toHaveLength(1280);
    memory.giveBack(piece);
    expect(memory.borrow(1280)).toBe(piece);
    for (const length of [1, 2, 3, 5, 7, 9, 100, 257]) {
      const { length: given } = memory.borrow(length);
      expect(given).toBeGreaterThanOrEqual(length);
      expect(given).toBeLessThanOrEqual(1.25 * length);
    }
  });

  it("lends an empty array, also after one was given back", () => {
    const memory = lentFloats();
    memory.giveBack(new Float32Array(0));
    expect(memory.borrow(0)).toHaveLength(0);
  });
});
