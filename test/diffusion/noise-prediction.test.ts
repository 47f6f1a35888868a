import { describe, expect, it } from "vitest";
import { diffuse } from "../../src/diffusion/forward-process.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { lossWeight, noisePredictionLoss, type LossNorm } from "../../src/diffusion/noise-prediction.js";
import { convert, type Parameterisation } from "../../src/diffusion/parameterisation.js";

const count = 500;
const x0 = fillNormals(new Float32Array(count), { seed: 3, step: 0 });
const mistake = fillNormals(new Float32Array(count), { seed: 3, step: 2 });

/** The unweighted loss on another quantity than ε, for the same prediction. */
function lossOn(target: Parameterisation, logSnr: number, norm: LossNorm): number {
  const { z, noise } = diffuse(x0, logSnr, { seed: 3, step: 1 });
  const predicted = noise.map((e, i) => e + 0.3 * mistake[i]);
  const wide = (values: Float32Array): Float64Array =>
    convert("epsilon", target, logSnr, Float64Array.from(z), values);
  return noisePredictionLoss(wide(predicted), wide(noise), norm);
}

describe("the noise-prediction loss", () => {
  it("is the mean of absolute or squared errors, times the weight", () => {
    const predicted = Float32Array.of(1, 2, -1, 0);
    const noise = Float32Array.of(0, 0, 0, 0);
    expect(noisePredictionLoss(predicted, noise, "l1")).toBe(1);
    expect(noisePredictionLoss(predicted, noise, "l2")).toBe(1.5);
    expect(noisePredictionLoss(predicted, noise, "l2", 2)).toBe(3);
    expect(noisePredictionLoss(noise, noise, "l1")).toBe(0);
  });

  it.each(["l1", "l2"] as const)("weighted as x₀ or v is the %s loss on x₀ or v", (norm) => {
    for (const logSnr of [-8, -3, 0, 2, 8]) {
      const onNoise = lossOn("epsilon", logSnr, norm);
      for (const target of ["x0", "v"] as const) {
        const ratio = (lossWeight(target, logSnr, norm) * onNoise) / lossOn(target, logSnr, norm);
        expect(ratio).toBeCloseTo(1, 10);
      }
    }
  });
});

describe("weightings", () => {
  it("simple counts every level the same", () => {
    expect([-8, 0, 8].map((logSnr) => lossWeight("simple", logSnr))).toEqual([1, 1, 1]);
  });

  it("truncated-snr is the larger of the losses on ε and x₀", () => {
    expect(lossWeight("truncated-snr", 4)).toBe(1);
    expect(lossWeight("truncated-snr", -4)).toBeCloseTo(Math.exp(4), 10);
  });

  it("min-snr is min(SNR, 5)/SNR: all of the noisy levels, less of the clean ones", () => {
    expect(lossWeight("min-snr", -4)).toBe(1);
    expect(lossWeight("min-snr", Math.log(5))).toBeCloseTo(1, 12);
    expect(lossWeight("min-snr", Math.log(50))).toBeCloseTo(0.1, 12);
    expect(lossWeight("min-snr", Math.log(50), "l1")).toBeCloseTo(Math.sqrt(0.1), 12);
  });

  it("are finite at the ends of any schedule", () => {
    for (const weighting of ["simple", "x0", "v", "truncated-snr", "min-snr"] as const) {
      for (const logSnr of [-80, 80]) {
        const weight = lossWeight(weighting, logSnr);
        expect(Number.isFinite(weight) && weight > 0).toBe(true);
      }
    }
  });
});
