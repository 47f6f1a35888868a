// Noise that a graph draws itself: a composite of the models' whose other form is plain JavaScript.
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { hashNoise } from "../../../../src/models/layers/hash-noise.js";
import { hashNoiseKernels } from "../../../../src/engine/trace/kernels/hash-noise.js";
import { describeKernels, type KernelCase } from "./compare.js";

const cases: KernelCase[] = [0, 1, 4294967295].map((seed) => ({
  kernel: "HashNormals",
  note: `seed ${seed}`,
  fn: (x) => tf.add(hashNoise(2, 5000, seed), tf.mul(x, 0)),
  inputs: [[1, 5000]],
  gradient: false,
}));

describeKernels("hashed noise", hashNoiseKernels, cases);

describe("hashed noise", () => {
  it("is unit normal, in rows and seeds that have nothing in common", async () => {
    await tf.setBackend("cpu");
    const count = 50_000;
    const [a, b, c] = [
      ...[0, 1].map((row) =>
        hashNoise(2, count, 3)
          .dataSync()
          .slice(row * count, (row + 1) * count),
      ),
      hashNoise(1, count, 4).dataSync(),
    ];
    const mean = (f: (n: number) => number): number =>
      Array.from({ length: count }, (_, n) => f(n)).reduce((sum, value) => sum + value, 0) / count;
    for (const row of [a, b, c]) {
      expect(Math.abs(mean((n) => row[n]))).toBeLessThan(0.02);
      expect(Math.abs(mean((n) => row[n] ** 2) - 1)).toBeLessThan(0.03);
      expect(Math.abs(mean((n) => row[n] ** 4) - 3)).toBeLessThan(0.2);
      expect(Math.abs(mean((n) => row[n] * row[(n + 1) % count]))).toBeLessThan(0.02);
    }
    expect(Math.abs(mean((n) => a[n] * b[n]))).toBeLessThan(0.02);
    expect(Math.abs(mean((n) => a[n] * c[n]))).toBeLessThan(0.02);
  });

  it.each([1, 3, 6, 7])("of seed %i is white at any distance of a power of two", async (seed) => {
    await tf.setBackend("cpu");
    const values = hashNoise(1, 100_000, seed).dataSync();
    for (let distance = 1; distance <= 2 ** 15; distance *= 2) {
      const pairs = values.length - distance;
      let sum = 0;
      for (let n = 0; n < pairs; n++) sum += values[n] * values[n + distance];
      expect(Math.abs(sum) / Math.sqrt(pairs), String(distance)).toBeLessThan(4);
    }
  });

  it("of a sample does not depend on the others", async () => {
    await tf.setBackend("cpu");
    const [short, long] = [100, 300].map((count) => hashNoise(1, count, 7).dataSync());
    expect(short).toEqual(long.slice(0, 100));
  });
});
