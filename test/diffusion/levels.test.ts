import { describe, expect, it } from "vitest";
import {
  alphaBarFromLogSnr,
  alphaBetween,
  betaBetween,
  logAlphaBarFromLogSnr,
  logSnrFromAlphaBar,
  logSnrFromLogAlphaBar,
  logSnrFromNoiseScale,
  logSnrFromSnr,
  logSnrFromSqrtAlphaBar,
  logSnrsFromBetas,
  noisePowerFromLogSnr,
  noiseScaleFromLogSnr,
  posteriorVarianceBetween,
  snrFromLogSnr,
  sqrtAlphaBarFromLogSnr,
} from "../../src/diffusion/levels.js";

const range = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);

describe("noise levels", () => {
  it.each<[string, (logSnr: number) => number, (value: number) => number, number]>([
    ["ᾱ", alphaBarFromLogSnr, logSnrFromAlphaBar, 20],
    ["√ᾱ", sqrtAlphaBarFromLogSnr, logSnrFromSqrtAlphaBar, 20],
    ["√(1−ᾱ)", noiseScaleFromLogSnr, logSnrFromNoiseScale, 20],
    // these two lose nothing at either end, the others only near 1, where float64 ends
    ["ln ᾱ", logAlphaBarFromLogSnr, logSnrFromLogAlphaBar, 300],
    ["SNR", snrFromLogSnr, logSnrFromSnr, 300],
  ])("become %s and come back the same", (_, forward, inverse, limit) => {
    for (const logSnr of range(-10, 10, 0.25)) expect(inverse(forward(logSnr))).toBeCloseTo(logSnr, 10);
    for (const logSnr of range(-limit, limit, limit / 10)) {
      expect(Math.abs(inverse(forward(logSnr)) - logSnr)).toBeLessThan(1e-6);
    }
  });

  it("agree with the definition: ᾱ + (1−ᾱ) = 1 and SNR is their ratio", () => {
    for (const logSnr of range(-10, 10, 0.5)) {
      const alphaBar = alphaBarFromLogSnr(logSnr);
      const noisePower = noisePowerFromLogSnr(logSnr);
      expect(alphaBar + noisePower).toBeCloseTo(1, 15);
      expect(alphaBar / noisePower / snrFromLogSnr(logSnr)).toBeCloseTo(1, 13);
      expect(sqrtAlphaBarFromLogSnr(logSnr) ** 2).toBeCloseTo(alphaBar, 15);
      expect(noiseScaleFromLogSnr(logSnr) ** 2).toBeCloseTo(noisePower, 15);
    }
  });

  it("keep the small share exact far outside the usual range", () => {
    for (const logSnr of [40, 100, 500]) {
      expect(noisePowerFromLogSnr(logSnr) / Math.exp(-logSnr)).toBeCloseTo(1, 12);
      expect(alphaBarFromLogSnr(-logSnr) / Math.exp(-logSnr)).toBeCloseTo(1, 12);
      expect(noiseScaleFromLogSnr(logSnr) / Math.exp(-logSnr / 2)).toBeCloseTo(1, 12);
      expect(sqrtAlphaBarFromLogSnr(-logSnr) / Math.exp(-logSnr / 2)).toBeCloseTo(1, 12);
    }
    expect(alphaBarFromLogSnr(Infinity)).toBe(1);
    expect(noiseScaleFromLogSnr(Infinity)).toBe(0);
    expect(alphaBarFromLogSnr(-Infinity)).toBe(0);
  });

  it("follow betas through the product of α", () => {
    const betas = [7e-6, 1.4e-4, 2.1e-3, 2.8e-2, 0.35, 0.7];
    let alphaBar = 1;
    const logSnrs = logSnrsFromBetas(betas);
    betas.forEach((beta, i) => {
      alphaBar *= 1 - beta;
      expect(alphaBarFromLogSnr(logSnrs[i])).toBeCloseTo(alphaBar, 14);
    });
  });

  it("give back the betas, α and β̃ of the steps between them", () => {
    const betas = [1e-12, 7e-6, 1.4e-4, 2.1e-3, 2.8e-2, 0.35, 0.7, 0.999];
    const logSnrs = [Infinity, ...logSnrsFromBetas(betas)];
    betas.forEach((beta, i) => {
      const [cleaner, noisier] = [logSnrs[i], logSnrs[i + 1]];
      expect(betaBetween(cleaner, noisier) / beta).toBeCloseTo(1, 12);
      expect(alphaBetween(cleaner, noisier)).toBeCloseTo(1 - beta, 12);
      const ratio = noisePowerFromLogSnr(cleaner) / noisePowerFromLogSnr(noisier);
      expect(posteriorVarianceBetween(cleaner, noisier)).toBeCloseTo(beta * ratio, 12);
    });
  });
});
