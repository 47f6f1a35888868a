import { describe, expect, it } from "vitest";
import type { WeightSpec } from "../../src/models/weights.js";
import { initialise } from "../../src/training/start-weights.js";

/** The largest difference between the products of a matrix's vectors and those of orthonormal ones. */
function distanceFromOrthonormal(data: ArrayLike<number>, rows: number, columns: number): number {
  const [vectors, length] = rows < columns ? [rows, columns] : [columns, rows];
  const at = (vector: number, i: number): number =>
    rows < columns ? data[vector * columns + i] : data[i * columns + vector];
  let largest = 0;
  for (let a = 0; a < vectors; a++) {
    for (let b = 0; b <= a; b++) {
      let product = 0;
      for (let i = 0; i < length; i++) product += at(a, i) * at(b, i);
      largest = Math.max(largest, Math.abs(product - (a === b ? 1 : 0)));
    }
  }
  return largest;
}

const orthogonal = (name: string, ...shape: number[]): WeightSpec => ({
  name,
  shape,
  start: { kind: "orthogonal" },
});

describe("start values", () => {
  it.each([
    [[3, 5, 40], 15, 40],
    [[3, 32, 20], 96, 20],
    // square ones are the hard case: their last vectors nearly lie in the others' span
    [[200, 200], 200, 200],
    [[5, 1, 32], 5, 32],
    [[1, 8, 1], 8, 1],
  ])("of an orthogonal weight %j are orthonormal along the shorter side", (shape, rows, columns) => {
    const { weight } = initialise([orthogonal("weight", ...shape)], 1);
    expect(weight.shape).toEqual(shape);
    // float32 values of size 1/√n: their rounding adds up to some 1e−7
    expect(distanceFromOrthonormal(weight.data, rows, columns)).toBeLessThan(5e-7);
  });

  it("are constant or uniform where a weight says so", () => {
    const values = initialise(
      [
        { name: "constant", shape: [3], start: { kind: "constant", value: 0.2 } },
        { name: "uniform", shape: [100, 100], start: { kind: "uniform", bound: 0.5 } },
      ],
      1,
    );
    expect(values["constant"].data).toEqual(Float32Array.of(0.2, 0.2, 0.2));
    const uniform = [...values["uniform"].data];
    expect(Math.max(...uniform.map(Math.abs))).toBeLessThanOrEqual(0.5);
    const square = uniform.reduce((sum, value) => sum + value ** 2, 0) / uniform.length;
    expect(square).toBeCloseTo(0.25 / 3, 2);
    expect(uniform.reduce((sum, value) => sum + value, 0) / uniform.length).toBeCloseTo(0, 1);
  });

  it("depend on the seed, and each weight has its own", () => {
    const specs = [orthogonal("a", 4, 4), orthogonal("b", 4, 4)];
    expect(initialise(specs, 1)).toEqual(initialise(specs, 1));
    expect(initialise(specs, 2)["a"].data).not.toEqual(initialise(specs, 1)["a"].data);
    expect(initialise(specs, 1)["a"].data).not.toEqual(initialise(specs, 1)["b"].data);
  });
});
