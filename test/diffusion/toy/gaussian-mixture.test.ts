// Mixtures as data: validation, the forward process in closed form, moments, and drawing from them.
import { describe, expect, it } from "vitest";
import { seededNoise } from "../../../src/diffusion/samplers/sampling-plan.js";
import {
  drawFrom,
  gaussianMixture,
  marginalAt,
  meanOf,
  MixtureError,
  varianceOf,
} from "../../../src/diffusion/toy/gaussian-mixture.js";
import { deviations, threeModes, threeModesIn64 } from "../../support/mixtures.js";

describe("gaussianMixture", () => {
  it("scales the weights to sum to 1", () => {
    const mixture = gaussianMixture([
      { weight: 3, mean: [0], variance: [1] },
      { weight: 1, mean: [2], variance: [1] },
    ]);
    expect(mixture.map(({ weight }) => weight)).toEqual([0.75, 0.25]);
  });

  it.each([
    ["no modes", [], -1],
    ["a negative weight", [{ weight: -1, mean: [0], variance: [1] }], 0],
    ["a variance of 0", [{ weight: 1, mean: [0], variance: [0] }], 0],
    ["a mean that is no number", [{ weight: 1, mean: [NaN], variance: [1] }], 0],
    ["unequal lengths", [{ weight: 1, mean: [0, 1], variance: [1] }], 0],
    [
      "modes of unequal dimensions",
      [
        { weight: 1, mean: [0], variance: [1] },
        { weight: 1, mean: [0, 1], variance: [1, 1] },
      ],
      1,
    ],
  ])("refuses %s", (_, modes, mode) => {
    let error: unknown;
    try {
      gaussianMixture(modes);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(MixtureError);
    expect(error).toMatchObject({ mode, exitCode: 2 });
  });
});

describe("marginalAt", () => {
  it("is white noise at one end and the data at the other", () => {
    const noise = marginalAt(threeModes, -40);
    expect(meanOf(noise)[0]).toBeCloseTo(0, 8);
    expect(varianceOf(noise)[0]).toBeCloseTo(1, 8);
    marginalAt(threeModes, 40).forEach(({ mean, variance }, k) => {
      expect(mean[0]).toBeCloseTo(threeModes[k].mean[0], 12);
      expect(variance[0]).toBeCloseTo(threeModes[k].variance[0], 12);
    });
  });

  it("keeps the power of data of unit power", () => {
    const power = varianceOf(threeModes)[0];
    const unit = threeModes.map(({ weight, mean, variance }) => ({
      weight,
      mean: [(mean[0] - meanOf(threeModes)[0]) / Math.sqrt(power)],
      variance: [variance[0] / power],
    }));
    for (const logSnr of [-3, 0, 3]) expect(varianceOf(marginalAt(unit, logSnr))[0]).toBeCloseTo(1, 12);
  });
});

describe("drawFrom", () => {
  it.each([
    ["on the line", threeModes, 20_000],
    ["in 64 dimensions", threeModesIn64, 500],
  ])("draws from the mixture %s", (_, mixture, points) => {
    const [worst] = deviations(mixture, drawFrom(mixture, points, seededNoise(1), 0));
    expect(Math.abs(worst.standardErrors), worst.what).toBeLessThan(5);
  });

  it("gives the same points for the same seed", () => {
    const first = drawFrom(threeModes, 10, seededNoise(1), 0);
    expect(drawFrom(threeModes, 10, seededNoise(1), 0)).toEqual(first);
    expect(drawFrom(threeModes, 10, seededNoise(2), 0)).not.toEqual(first);
  });
});
