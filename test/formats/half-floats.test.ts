import { describe, expect, it } from "vitest";
import { narrowToFloat16, widenBfloat16, widenFloat16 } from "../../src/formats/bytes.js";

const patterns = Uint16Array.from({ length: 65_536 }, (_, pattern) => pattern);
const values = widenFloat16(patterns);
const isNumber = (pattern: number): boolean => (pattern & 0x7c00) !== 0x7c00 || (pattern & 0x3ff) === 0;
const narrow = (value: number): number => narrowToFloat16(Float32Array.of(value))[0];

describe("float16", () => {
  it("widens known patterns", () => {
    const known: readonly (readonly [number, number])[] = [
      [0x0000, 0],
      [0x8000, -0],
      [0x0001, 2 ** -24],
      [0x03ff, 1023 * 2 ** -24],
      [0x0400, 2 ** -14],
      [0x3555, 0.333251953125],
      [0x3c00, 1],
      [0xc000, -2],
      [0x7bff, 65504],
      [0x7c00, Infinity],
      [0xfc00, -Infinity],
    ];
    for (const [pattern, value] of known) expect(values[pattern]).toBe(value);
    expect(values[0x7e01]).toBeNaN();
  });

  it("widens short arrays as it does long ones", () => {
    for (let first = 0; first < 65_536; first += 4096) {
      const part = widenFloat16(patterns.subarray(first, first + 4096));
      expect(part).toEqual(values.subarray(first, first + 4096));
    }
  });

  it("narrows every value of its own to the same pattern, and NaN to NaN", () => {
    const back = narrowToFloat16(values);
    const wrong = patterns.filter((pattern) =>
      isNumber(pattern)
        ? back[pattern] !== pattern
        : !Number.isNaN(values[pattern]) || isNumber(back[pattern]),
    );
    expect([...wrong]).toEqual([]);
  });

  it("rounds to the nearest, ties to even, between all neighbours of both signs", () => {
    const wrong: number[] = [];
    const toFloat32 = Math.fround;
    for (let pattern = 0; pattern < 0x7bff; pattern++) {
      const [low, high] = [values[pattern], values[pattern + 1]];
      // all three lie in float32 exactly or one float32 step away
      const middle = (low + high) / 2;
      const step = middle * 2 ** -23;
      const even = pattern % 2 === 0 ? pattern : pattern + 1;
      const cases = [
        [middle, even],
        [toFloat32(middle - step), pattern],
        [toFloat32(middle + step), pattern + 1],
        [toFloat32(low + (high - low) / 4), pattern],
        [toFloat32(high - (high - low) / 4), pattern + 1],
      ];
      for (const [value, expected] of cases) {
        if (narrow(value) !== expected || narrow(-value) !== (expected | 0x8000)) wrong.push(value);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("rounds to 0 below its smallest value and to infinity beyond its largest", () => {
    // half of the smallest subnormal is a tie with 0, which is even
    expect(narrow(2 ** -25)).toBe(0);
    expect(narrow(2 ** -25 * (1 + 2 ** -23))).toBe(1);
    expect(narrow(1e-40)).toBe(0);
    expect(narrow(-1e-40)).toBe(0x8000);
    // 65,520 lies in the middle of 65,504 and 2¹⁶
    expect(narrow(65_519.99)).toBe(0x7bff);
    expect(narrow(65_520)).toBe(0x7c00);
    expect(narrow(3e38)).toBe(0x7c00);
    expect(narrow(-3e38)).toBe(0xfc00);
    expect(narrow(-Infinity)).toBe(0xfc00);
  });

  it("narrows a piece of a longer array", () => {
    const whole = Float32Array.of(9, 1, -2, 9);
    expect([...narrowToFloat16(whole.subarray(1, 3))]).toEqual([0x3c00, 0xc000]);
  });
});

describe("bfloat16", () => {
  it("is the upper half of a float32", () => {
    const wide = widenBfloat16(Uint16Array.of(0x3f80, 0xc040, 0x0001, 0x7f80, 0x8000));
    expect([...wide]).toEqual([1, -3, 2 ** -133, Infinity, -0]);
  });
});
