import { describe, expect, it } from "vitest";
import { diffuse, diffuseStep, mixWithNoise, posteriorMean } from "../../src/diffusion/forward-process.js";
import { alphaBarFromLogSnr, logSnrsFromBetas, posterior } from "../../src/diffusion/levels.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { cosineBetas, linearBetas } from "../../src/diffusion/schedules/named-schedules.js";
import { normalDistribution, testAgainst, testTwoSamples } from "../support/kolmogorov-smirnov.js";

const count = 20_000;
const seed = 4;
// two clearly non-Gaussian modes: half of the data at −1, half at 1
const x0 = Float32Array.from({ length: count }, (_, i) => (i % 2 === 0 ? -1 : 1));

/** x_t after t single steps. */
function walk(betas: Float64Array, t: number): Float32Array {
  let x: Float32Array = x0;
  for (let step = 0; step < t; step++) x = diffuseStep(x, betas[step], { seed, step }).z;
  return x;
}

describe("the forward process", () => {
  // p of a two-sample Kolmogorov–Smirnov test, 20,000 against 20,000 samples, seed 4
  it.each([
    ["linear", 50, 0.972, linearBetas(1e-4, 0.02, 1000)],
    ["linear", 300, 0.634, linearBetas(1e-4, 0.02, 1000)],
    ["linear", 1000, 0.912, linearBetas(1e-4, 0.02, 1000)],
    ["cosine", 100, 0.989, cosineBetas(200)],
  ] as const)(
    "in single steps ends where the closed form does: %s betas, t = %i, p = %d",
    (_, t, p, betas) => {
      const logSnr = logSnrsFromBetas(betas)[t - 1];
      const jumped = diffuse(x0, logSnr, { seed, step: 5000 });
      const result = testTwoSamples(walk(betas, t), jumped.z);
      expect(result.p).toBeCloseTo(p, 3);
    },
  );

  it("and the test would notice a wrong level: p < 1e-6 where the closed form is 50 steps ahead", () => {
    const betas = linearBetas(1e-4, 0.02, 1000);
    const { z } = diffuse(x0, logSnrsFromBetas(betas)[149], { seed, step: 5000 });
    expect(testTwoSamples(walk(betas, 100), z).p).toBeLessThan(1e-6);
  });

  it("ends in white noise: the last level of 1000 linear steps is standard normal, p = 0.636", () => {
    const { p } = testAgainst(walk(linearBetas(1e-4, 0.02, 1000), 1000), normalDistribution);
    expect(p).toBeCloseTo(0.636, 3);
  });

  it("returns the noise it added", () => {
    const { z, noise } = diffuse(x0, 0.5, { seed, step: 7, start: 100 });
    expect(noise).toEqual(fillNormals(new Float32Array(count), { seed, step: 7, start: 100 }));
    expect(z).toEqual(mixWithNoise(x0, noise, 0.5));
    const stepped = diffuseStep(x0, 0.36, { seed, step: 7 });
    expect(stepped.z[0]).toBeCloseTo(0.8 * x0[0] + 0.6 * stepped.noise[0], 6);
  });
});

describe("the posterior q(x_{t−1} | x_t, x₀)", () => {
  const betas = [0.01, 0.05, 0.2, 0.6];
  const logSnrs = [Infinity, ...logSnrsFromBetas(betas)];

  it("is Ho et al. 2020, eq. 7, written with betas", () => {
    betas.forEach((beta, i) => {
      const before = alphaBarFromLogSnr(logSnrs[i]);
      const after = alphaBarFromLogSnr(logSnrs[i + 1]);
      const { fromX0, fromZ, variance } = posterior(logSnrs[i], logSnrs[i + 1]);
      expect(fromX0).toBeCloseTo((Math.sqrt(before) * beta) / (1 - after), 12);
      expect(fromZ).toBeCloseTo((Math.sqrt(1 - beta) * (1 - before)) / (1 - after), 12);
      expect(variance).toBeCloseTo((beta * (1 - before)) / (1 - after), 12);
    });
  });

  it("is x₀ itself for the step to clean data", () => {
    expect(posterior(Infinity, 3)).toEqual({ fromX0: 1, fromZ: 0, variance: 0 });
  });

  it("undoes a step: x_t and x₀ of the forward process give back the distribution of x_{t−1}, p = 0.895", () => {
    const [, , cleaner, noisier] = logSnrs;
    const { z } = diffuse(x0, noisier, { seed, step: 1 });
    const step = posterior(cleaner, noisier);
    const noise = fillNormals(new Float32Array(count), { seed, step: 2 });
    const back = posteriorMean(x0, z, step).map((mean, i) => mean + Math.sqrt(step.variance) * noise[i]);
    const direct = diffuse(x0, cleaner, { seed, step: 3 }).z;
    expect(testTwoSamples(back, direct).p).toBeCloseTo(0.895, 3);
  });
});
