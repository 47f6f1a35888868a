import { describe, expect, it } from "vitest";
import { boxMuller } from "../../../src/diffusion/noise/normals.js";

const exact = (radiusWord: number, angleWord: number): [number, number] => {
  const radius = Math.sqrt(-2 * Math.log(((radiusWord | 1) >>> 0) / 2 ** 32));
  const angle = (2 * Math.PI * (angleWord >>> 0)) / 2 ** 32;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
};

const pair = (radiusWord: number, angleWord: number): [number, number] => {
  const out = new Float32Array(2);
  boxMuller(out, 0, radiusWord, angleWord);
  return [out[0], out[1]];
};

describe("boxMuller", () => {
  it("is within 1e-6 of the formula in float64 where u is below 0.99", () => {
    let worst = 0;
    for (let i = 0; i < 200_000; i++) {
      // two additive recurrences cover the square of words evenly
      const radiusWord = Math.floor(((i * 0.7548776662466927) % 1) * 0.99 * 2 ** 32);
      const angleWord = Math.floor(((i * 0.5698402909980532) % 1) * 2 ** 32);
      const [x, y] = pair(radiusWord, angleWord);
      const [exactX, exactY] = exact(radiusWord, angleWord);
      worst = Math.max(worst, Math.abs(x - exactX), Math.abs(y - exactY));
    }
    expect(worst).toBeLessThan(1e-6);
  });

  it("stays finite at the extreme words", () => {
    for (const radiusWord of [0, 1, 0x7fffffff, 0xfffffffe, 0xffffffff]) {
      for (const angleWord of [0, 1, 0x1fffffff, 0x20000000, 0x7fffffff, 0x80000000, 0xffffffff]) {
        const [x, y] = pair(radiusWord, angleWord);
        const [exactX, exactY] = exact(radiusWord, angleWord);
        // next to u = 1 float32 cannot tell R from 0
        expect(Math.abs(x - exactX)).toBeLessThan(4e-4);
        expect(Math.abs(y - exactY)).toBeLessThan(4e-4);
      }
    }
    expect(pair(0, 0)[0]).toBeCloseTo(6.6604, 4);
  });

  it("turns through the four quarters in order", () => {
    const signs = [0x10000000, 0x50000000, 0x90000000, 0xd0000000].map((angleWord) =>
      pair(12345, angleWord).map(Math.sign),
    );
    expect(signs).toEqual([
      [1, 1],
      [-1, 1],
      [-1, -1],
      [1, -1],
    ]);
  });
});
