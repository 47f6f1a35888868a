import { describe, expect, it } from "vitest";
import { RealFft } from "../../src/audio/real-fft.js";

describe("RealFft", () => {
  it("equals the Fourier sum written out", async () => {
    const size = 64;
    const fft = await RealFft.create(size);
    const signal = Float32Array.from({ length: size }, (_, n) => Math.sin(n * n) + 0.3);
    fft.samples.set(signal);
    fft.forward();
    for (let bin = 0; bin <= size / 2; bin++) {
      let re = 0;
      let im = 0;
      signal.forEach((value, n) => {
        re += value * Math.cos((2 * Math.PI * bin * n) / size);
        im -= value * Math.sin((2 * Math.PI * bin * n) / size);
      });
      const last = bin === size / 2;
      expect(fft.spectrum[last ? 1 : 2 * bin]).toBeCloseTo(re, 4);
      if (bin > 0 && !last) expect(fft.spectrum[2 * bin + 1]).toBeCloseTo(im, 4);
    }
    fft.dispose();
  });

  it("comes back as size times the samples", async () => {
    const fft = await RealFft.create(1024);
    const signal = Float32Array.from({ length: 1024 }, (_, n) => Math.cos(0.1 * n * n));
    fft.samples.set(signal);
    fft.forward();
    fft.samples.fill(0);
    fft.inverse();
    signal.forEach((value, n) => {
      expect(fft.samples[n] / 1024).toBeCloseTo(value, 5);
    });
    fft.dispose();
  });

  it("keeps two transforms apart", async () => {
    const [first, second] = await Promise.all([RealFft.create(32), RealFft.create(32)]);
    first.samples.fill(1);
    second.samples.fill(0);
    first.forward();
    second.forward();
    expect([first.spectrum[0], second.spectrum[0]]).toEqual([32, 0]);
  });
});
