// The toy's measurements are right: checked where the answer is known.
import { describe, expect, it } from "vitest";
import { noisePowerFromLogSnr } from "../../../src/diffusion/levels.js";
import { planFor } from "../../../src/diffusion/samplers/plan-for.js";
import { scheduleByName } from "../../../src/diffusion/schedules/named-schedules.js";
import { runToy, type ToySettings, wassersteinDistance } from "../../../src/diffusion/toy/toy-process.js";
import { gaussianMixture, marginalAt } from "../../../src/diffusion/toy/gaussian-mixture.js";
import { deviations, threeModes } from "../../support/mixtures.js";

const schedule = scheduleByName("cosine-60");
const settings: ToySettings = {
  mixture: threeModes,
  schedule,
  plan: planFor("dpmpp-2m", schedule),
  points: 3000,
  seed: 4,
  start: "noise",
};

describe("runToy", () => {
  it("keeps every state: N+1 of the forward process, one a call of the reverse process", async () => {
    const { forward, reverse } = await runToy(settings);
    expect(forward).toHaveLength(61);
    expect(reverse.map(({ logSnr }) => logSnr)).toEqual([...schedule.logSnrs]);
    for (const step of [0, 20, 40, 60]) {
      const mixture = step === 0 ? threeModes : marginalAt(threeModes, schedule.logSnrs[60 - step]);
      const [worst] = deviations(mixture, forward[step]);
      expect(Math.abs(worst.standardErrors), worst.what).toBeLessThan(5);
    }
  });

  it("finds as much noise in the states as in true noisy data, and a result near the data", async () => {
    const { reverse, error, samplingError } = await runToy(settings);
    for (const { noiseEnergy, expectedNoiseEnergy } of reverse) {
      // mean squares of 3000 points: 5 standard errors are 5·√(2/3000) = 13 %
      expect(Math.abs(noiseEnergy / expectedNoiseEnergy - 1)).toBeLessThan(0.15);
    }
    expect(error).toBeLessThan(0.05);
    expect(samplingError).toBeLessThan(0.05);
  });

  it("measures the noise that Wiener's filter sees in a single Gaussian", async () => {
    const [power, points] = [0.25, 20_000];
    const mixture = gaussianMixture([{ weight: 1, mean: [0], variance: [power] }]);
    const { reverse } = await runToy({ ...settings, mixture, points });
    for (const { logSnr, expectedNoiseEnergy } of reverse) {
      // √(1−ᾱ)·E[ε | z] = (1−ᾱ)/v·z with v = ᾱ·s² + 1−ᾱ, the variance of z: its mean square is (1−ᾱ)²/v
      const noisePower = noisePowerFromLogSnr(logSnr);
      const exact = noisePower ** 2 / ((1 - noisePower) * power + noisePower);
      // 5 standard errors of 20,000 points: 5·√(2/20,000) = 5 %
      expect(Math.abs(expectedNoiseEnergy / exact - 1)).toBeLessThan(0.05);
    }
  });

  it("lets its caller wait after each denoiser call", async () => {
    let turns = 0;
    await runToy({ ...settings, points: 10 }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 0));
      turns++;
    });
    expect(turns).toBe(60);
  });

  it("starts from true noisy data where it is asked to", async () => {
    const wrongStart = scheduleByName("wg-6");
    const { reverse } = await runToy({
      ...settings,
      schedule: wrongStart,
      plan: planFor("ddim", wrongStart),
      start: "data",
    });
    const [worst] = deviations(marginalAt(threeModes, wrongStart.logSnrs[0]), reverse[0].z);
    expect(Math.abs(worst.standardErrors), worst.what).toBeLessThan(5);
  });
});

describe("wassersteinDistance", () => {
  const gaussian = gaussianMixture([{ weight: 1, mean: [0], variance: [1] }]);

  it("of a single point from N(0, 1) is E|x|", () => {
    expect(wassersteinDistance(Float32Array.of(0), gaussian)).toBeCloseTo(Math.sqrt(2 / Math.PI), 4);
  });

  it("sees modes far narrower than the whole", () => {
    const needles = gaussianMixture([
      { weight: 1, mean: [-50], variance: [1e-8] },
      { weight: 3, mean: [50], variance: [1e-8] },
    ]);
    expect(wassersteinDistance(Float32Array.of(-50, 50, 50, 50), needles)).toBeLessThan(0.2);
    expect(wassersteinDistance(Float32Array.of(-50, -50, 50, 50), needles)).toBeCloseTo(25, 0);
  });

  it("of a shifted distribution is the shift", () => {
    const narrow = gaussianMixture([{ weight: 1, mean: [3], variance: [1e-4] }]);
    expect(wassersteinDistance(Float32Array.of(5, 5), narrow)).toBeCloseTo(2, 3);
    expect(wassersteinDistance(Float32Array.of(-20), narrow)).toBeCloseTo(23, 2);
  });
});
