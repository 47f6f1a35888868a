import { describe, expect, it } from "vitest";
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "../../src/diffusion/levels.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import {
  conversion,
  convert,
  type Parameterisation,
  type Samples,
  withSameNoise,
} from "../../src/diffusion/parameterisation.js";

const parameterisations: readonly Parameterisation[] = ["epsilon", "x0", "v", "score"];
const count = 200;
const x0 = Float64Array.from(fillNormals(new Float32Array(count), { seed: 1, step: 0 }));
const epsilon = Float64Array.from(fillNormals(new Float32Array(count), { seed: 1, step: 1 }));

/** z and all four quantities at a level, from their definitions. */
function quantities(logSnr: number): Record<Parameterisation | "z", Float64Array> {
  const signal = sqrtAlphaBarFromLogSnr(logSnr);
  const noise = noiseScaleFromLogSnr(logSnr);
  return {
    z: x0.map((x, i) => signal * x + noise * epsilon[i]),
    epsilon,
    x0,
    v: x0.map((x, i) => signal * epsilon[i] - noise * x),
    score: epsilon.map((e) => -e / noise),
  };
}

/** Largest difference, relative to the largest value where that is above 1. */
function distance(a: Samples, b: Samples): number {
  const scale = Math.max(1, ...Array.from(b, Math.abs));
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]))) / scale;
}

/** The worst distance between a quantity and itself after a conversion to another and back. */
function worstRoundTrip(logSnr: number, store: (values: Samples) => Samples): number {
  const known = quantities(logSnr);
  const z = store(known.z);
  let worst = 0;
  for (const from of parameterisations) {
    for (const to of parameterisations) {
      const value = store(known[from]);
      const there = convert(from, to, logSnr, z, value);
      worst = Math.max(worst, distance(convert(to, from, logSnr, z, there), value));
    }
  }
  return worst;
}

const levels = Array.from({ length: 41 }, (_, i) => -10 + i / 2);
const inFloat32 = (values: Samples): Samples => Float32Array.from(values);

describe("conversions between ε, x₀, v and score", () => {
  it("agree with the definitions at every level from −10 to 10", () => {
    for (const logSnr of levels) {
      const known = quantities(logSnr);
      for (const from of parameterisations) {
        for (const to of parameterisations) {
          const converted = convert(from, to, logSnr, known.z, known[from]);
          expect(distance(converted, known[to])).toBeLessThan(1e-9);
        }
      }
    }
  });

  it("there and back are the identity to 1e-6 at λ from −10 to 10 (1e-12 in float64)", () => {
    for (const logSnr of levels) expect(worstRoundTrip(logSnr, (values) => values)).toBeLessThan(1e-12);
  });

  it("kept in float32, there and back hold 1e-6 for |λ| ≤ 6 and 1e-5 for |λ| ≤ 10", () => {
    for (const logSnr of levels) {
      expect(worstRoundTrip(logSnr, inFloat32)).toBeLessThan(Math.abs(logSnr) <= 6 ? 1e-6 : 1e-5);
    }
  });

  it("do not overflow in float64 far outside the usual range", () => {
    for (const logSnr of [-300, -80, 80, 300]) {
      for (const from of parameterisations) {
        for (const to of parameterisations) {
          const { fromZ, fromValue } = conversion(from, to, logSnr);
          expect(Number.isFinite(fromZ) && Number.isFinite(fromValue)).toBe(true);
        }
      }
    }
  });

  it("write into the array given, which may be the input", () => {
    const { z, v } = quantities(1);
    const value = v.slice();
    expect(convert("v", "x0", 1, z, value, value)).toBe(value);
    expect(distance(value, x0)).toBeLessThan(1e-12);
    expect(convert("v", "x0", 1, Float32Array.from(z), v)).toBeInstanceOf(Float32Array);
  });
});

describe("withSameNoise", () => {
  it("gives the estimate at a level beyond the trained range, with the noise found at the range's end", () => {
    const [told, logSnr] = [-4, -7];
    const { z } = quantities(logSnr);
    const estimate = x0.map((value, i) => 0.9 * value + 0.1 * epsilon[i]);
    const found = convert("x0", "epsilon", told, z, estimate);
    const { fromZ, fromValue } = withSameNoise(told, logSnr);
    const moved = estimate.map((value, i) => fromZ * z[i] + fromValue * value);
    expect(distance(moved, convert("epsilon", "x0", logSnr, z, found))).toBeLessThan(1e-12);
  });

  it("changes nothing between one level and itself", () => {
    const { fromZ, fromValue } = withSameNoise(3, 3);
    expect(fromZ).toBeCloseTo(0, 12);
    expect(fromValue).toBeCloseTo(1, 12);
  });
});
