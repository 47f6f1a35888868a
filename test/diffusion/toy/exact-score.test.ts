// The exact score and denoiser, against derivatives and integrals taken numerically.
import { describe, expect, it } from "vitest";
import { noisePowerFromLogSnr, sqrtAlphaBarFromLogSnr } from "../../../src/diffusion/levels.js";
import { convert } from "../../../src/diffusion/parameterisation.js";
import { density, exactDenoiser, responsibilities, score } from "../../../src/diffusion/toy/exact-score.js";
import { marginalAt, type GaussianMixture } from "../../../src/diffusion/toy/gaussian-mixture.js";
import { threeModes, threeModesIn64 } from "../../support/mixtures.js";

/** ∫ f(x) dx over [−6, 6] by the trapezoidal rule, which is exact to rounding for smooth f that vanishes at both ends. */
function integrate(f: (x: number) => number): number {
  const step = 1e-3;
  let sum = 0;
  for (let i = -6000; i <= 6000; i++) sum += f(i * step);
  return sum * step;
}

describe("density", () => {
  it("integrates to 1 at every level", () => {
    for (const logSnr of [-8, -1, 0, 3, 8]) {
      const marginal = marginalAt(threeModes, logSnr);
      expect(integrate((x) => density(marginal, [x]))).toBeCloseTo(1, 8);
    }
  });
});

describe("score", () => {
  it("is the derivative of the log-density", () => {
    const points = Float32Array.of(-2.5, -1.25, -0.5, 0, 0.75, 3);
    for (const logSnr of [-8, -1, 0, 3, 8]) {
      const marginal = marginalAt(threeModes, logSnr);
      score(marginal, points).forEach((value, i) => {
        const h = 1e-5;
        const slope =
          (Math.log(density(marginal, [points[i] + h])) - Math.log(density(marginal, [points[i] - h]))) /
          (2 * h);
        expect(Math.abs(value - slope)).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)));
      });
    }
  });

  it("is the gradient in 64 dimensions", () => {
    const marginal = marginalAt(threeModesIn64, 1);
    const point = Float32Array.from({ length: 64 }, (_, d) => 0.3 * Math.sin(d));
    const gradient = score(marginal, point);
    for (const d of [0, 17, 63]) {
      const shifted = (by: number): number =>
        Math.log(density(marginal, Float64Array.from(point).with(d, point[d] + by)));
      expect(gradient[d]).toBeCloseTo((shifted(1e-5) - shifted(-1e-5)) / 2e-5, 5);
    }
  });

  it("stays finite far from every mode", () => {
    const far = score(marginalAt(threeModes, 20), Float32Array.of(-1e4, 1e4));
    expect(far.every(Number.isFinite)).toBe(true);
    expect(far[0]).toBeGreaterThan(0);
    expect(far[1]).toBeLessThan(0);
  });
});

describe("responsibilities", () => {
  it("are the modes' shares of the density", () => {
    const shares = responsibilities(threeModes, Float32Array.of(-1.2, 0.9));
    const part = (k: number, x: number): number => {
      const { weight, mean, variance } = threeModes[k];
      const peak = weight / Math.sqrt(2 * Math.PI * variance[0]);
      return peak * Math.exp(-((x - mean[0]) ** 2) / (2 * variance[0]));
    };
    [-1.2, Math.fround(0.9)].forEach((x, point) => {
      const total = part(0, x) + part(1, x) + part(2, x);
      for (let k = 0; k < 3; k++) expect(shares[point * 3 + k]).toBeCloseTo(part(k, x) / total, 12);
    });
  });
});

describe("exactDenoiser", () => {
  it("returns E[ε | z]: x̂₀ is the mean of x₀ given z", async () => {
    const z = Float32Array.of(-1.5, -0.25, 0.5, 2);
    for (const logSnr of [-6, -2, 0, 2]) {
      const epsilon = await exactDenoiser(threeModes)(z, logSnr);
      const x0 = convert("epsilon", "x0", logSnr, z, epsilon);
      const signal = sqrtAlphaBarFromLogSnr(logSnr);
      const noisePower = noisePowerFromLogSnr(logSnr);
      x0.forEach((value, i) => {
        const joint = (x: number): number =>
          density(threeModes, [x]) * Math.exp(-((z[i] - signal * x) ** 2) / (2 * noisePower));
        const expected = integrate((x) => x * joint(x)) / integrate(joint);
        expect(Math.abs(value - expected)).toBeLessThan(1e-5);
      });
    }
  });

  it("shrinks a single Gaussian as Wiener's filter does", async () => {
    const gaussian: GaussianMixture = [{ weight: 1, mean: [0], variance: [0.25] }];
    const z = Float32Array.of(1, -2);
    const epsilon = await exactDenoiser(gaussian)(z, 0);
    const x0 = convert("epsilon", "x0", 0, z, epsilon);
    // ᾱ = ½: x̂₀ = √ᾱ·s²/(ᾱ·s² + 1−ᾱ)·z = √½·0.25/0.625·z
    expect(x0[0]).toBeCloseTo(Math.SQRT1_2 * 0.4, 6);
    expect(x0[1]).toBeCloseTo(-2 * Math.SQRT1_2 * 0.4, 6);
  });
});
