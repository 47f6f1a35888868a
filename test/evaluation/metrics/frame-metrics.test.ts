// The metrics' parts on numbers that can be checked by hand.
import { describe, expect, it } from "vitest";
import { ZeroPhaseBandPass } from "../../../src/evaluation/metrics/butterworth.js";
import { bestCorrelation, bestCorrelationByTransform } from "../../../src/evaluation/metrics/correlation.js";
import {
  LogMelError,
  LogSpectralError,
  MelCepstralDistance,
  StftDistance,
} from "../../../src/evaluation/metrics/spectral-distances.js";
import { pitchError } from "../../../src/evaluation/metrics/clip-metrics.js";
import { visitSpectrumPairs } from "../../../src/evaluation/metrics/spectra.js";
import { fillNormals } from "../../../src/diffusion/noise.js";
import { RealFft } from "../../../src/audio/real-fft.js";

const row = (...values: number[]): Float64Array => Float64Array.from(values);

describe("StftDistance", () => {
  it("is the convergence plus the mean log difference, over all frames together", () => {
    const distance = new StftDistance();
    distance.add(row(3, 1), row(3, Math.E));
    distance.add(row(0, 4), row(0, 4));
    const convergence = (Math.E - 1) / Math.sqrt(9 + 1 + 16);
    expect(distance.value).toBeCloseTo(convergence + 1 / 4, 12);
  });

  it("takes magnitudes below 1e−5 for 1e−5", () => {
    const distance = new StftDistance();
    distance.add(row(1e-9, 1), row(0, 1));
    expect(distance.value).toBeCloseTo(1e-9, 12);
  });

  it("is infinite where only the reference is silent", () => {
    const distance = new StftDistance();
    distance.add(row(0, 0), row(1, 0));
    expect(distance.value).toBe(Infinity);
  });
});

describe("the mel metrics", () => {
  it("take absolute and squared differences", () => {
    const [absolute, squared] = [new LogMelError(), new LogSpectralError()];
    for (const metric of [absolute, squared]) {
      metric.add(row(1, 2), row(1, 4));
      metric.add(row(-1, 0), row(0, 0));
    }
    expect(absolute.value).toBeCloseTo(3 / 4, 12);
    expect(squared.value).toBeCloseTo(5 / 4, 12);
  });

  it("MCD is the RMS difference in dB of smooth log spectra, whatever their level", () => {
    const bands = 128;
    const cosine = (d: number, size: number, level: number): Float64Array =>
      Float64Array.from(
        { length: bands },
        (_, b) => level + size * Math.cos((Math.PI * d * (b + 0.5)) / bands),
      );
    const distance = new MelCepstralDistance(bands);
    distance.add(cosine(3, 0, 0), cosine(3, 0.5, 2));
    // a cosine's RMS is its size over √2, and ln to dB of a magnitude is 20/ln 10
    expect(distance.value).toBeCloseTo(((20 / Math.LN10) * 0.5) / Math.SQRT2, 10);
    const fine = new MelCepstralDistance(bands);
    fine.add(cosine(14, 0, 0), cosine(14, 0.5, 0));
    expect(fine.value).toBeCloseTo(0, 10);
  });
});

describe("visitSpectrumPairs", () => {
  it("finds a sine at its bin, a quarter of the window's length high, in 1 + ⌊n/hop⌋ frames", async () => {
    const transform = await RealFft.create(512);
    const sine = Float32Array.from({ length: 2050 }, (_, n) => Math.sin((2 * Math.PI * 32 * n) / 512));
    let frames = 0;
    visitSpectrumPairs(
      sine,
      new Float32Array(2050),
      { windowLength: 512, hopLength: 128 },
      transform,
      (p, q) => {
        // reflection turns the sine's direction around at the ends
        if (frames > 1 && frames < 15) {
          expect(p[32]).toBeCloseTo(128, 3);
          expect(p[31]).toBeCloseTo(64, 3);
          expect(p[40]).toBeLessThan(1e-3);
        }
        expect(Math.max(...q)).toBe(0);
        frames++;
      },
    );
    expect(frames).toBe(17);
    transform.dispose();
  });
});

describe("ZeroPhaseBandPass", () => {
  it("is 6 dB down at its edges, passes the middle in phase and stops the rest", () => {
    const filter = new ZeroPhaseBandPass(4, [1000, 2500], 22050);
    const gainAt = (hertz: number): number => {
      const sine = Float32Array.from({ length: 22050 }, (_, n) =>
        Math.sin((2 * Math.PI * hertz * n) / 22050),
      );
      const filtered = filter.filter(sine);
      let [product, power] = [0, 0];
      for (let n = 5000; n < 17000; n++) {
        product += filtered[n] * sine[n];
        power += sine[n] * sine[n];
      }
      return product / power;
    };
    expect(gainAt(1600)).toBeCloseTo(1, 4);
    expect(gainAt(1000)).toBeCloseTo(0.5, 3);
    expect(gainAt(2500)).toBeCloseTo(0.5, 3);
    expect(Math.abs(gainAt(300))).toBeLessThan(1e-4);
    expect(Math.abs(gainAt(7000))).toBeLessThan(1e-4);
  });
});

describe("the best correlation", () => {
  it("has the period of a periodic signal as its lag", () => {
    const pulses = Float32Array.from({ length: 2000 }, (_, n) => (n % 100 === 0 ? 1 : 0));
    const best = bestCorrelation(pulses, 450, 300, [60, 140]);
    expect(best.lag).toBe(100);
    expect(best.correlation).toBeCloseTo(1, 9);
  });

  it("is the same by the transform", async () => {
    const transform = await RealFft.create(2048);
    const noise = fillNormals(new Float32Array(4096), { seed: 3, step: 0 });
    for (const begin of [0, 700, 2600]) {
      const direct = bestCorrelation(noise, begin, 1024, [44, 399]);
      const fast = bestCorrelationByTransform(noise, begin, 1024, [44, 399], transform);
      expect(fast.lag).toBe(direct.lag);
      expect(fast.correlation).toBeCloseTo(direct.correlation, 5);
    }
    transform.dispose();
  });
});

describe("pitchError", () => {
  it("counts cents where both are voiced, and voicing and gross errors over all frames", () => {
    const reference = Float32Array.of(100, 100, 100, 0, 0);
    const synthesis = Float32Array.of(100, 200, 0, 100, 0);
    const { cents, voicing, frame } = pitchError(reference, synthesis);
    expect(cents).toBeCloseTo(600, 6);
    expect(voicing).toBeCloseTo(2 / 5, 12);
    expect(frame).toBeCloseTo(3 / 5, 12);
  });

  it("says nothing of cents without voice", () => {
    expect(pitchError(Float32Array.of(0, 0), Float32Array.of(0, 90))).toEqual({
      cents: NaN,
      voicing: 0.5,
      frame: 0.5,
    });
  });
});
