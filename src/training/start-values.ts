// Start values of weights, from a seed: constant, uniform or orthonormal as each weight says.
import type { Seed } from "../diffusion/noise.js";
import { fillNormals } from "../diffusion/noise.js";
import type { WeightSpec } from "../models/weights.js";
import type { TensorValue } from "../runtime/runtime.js";
import { purposes, StepRandom } from "./random.js";

/** Start values of weights, the same for the same seed. */
export function initialise(specs: readonly WeightSpec[], seed: Seed): Record<string, TensorValue> {
  return Object.fromEntries(
    specs.map(({ name, shape, start }, index) => {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      if (start.kind === "constant") data.fill(start.value);
      else if (start.kind === "uniform") {
        const random = new StepRandom(seed, "weights", index);
        for (let i = 0; i < data.length; i++) data[i] = random.between(-start.bound, start.bound);
      } else {
        const columns = shape[shape.length - 1];
        fillNormals(data, { seed, step: 2 ** 40 + purposes.weights * 2 ** 20 + index });
        orthonormalise(data, data.length / columns, columns);
      }
      return [name, { data, shape }];
    }),
  );
}

/**
 * Gram–Schmidt over the shorter side of a matrix of normals [rows, columns]. In float64, so that the vectors are
 * orthogonal to float32's precision also for square matrices, and with each vector in one piece: in place, the columns
 * of wavegrad's filters would take ten times as long.
 */
function orthonormalise(data: Float32Array, rows: number, columns: number): void {
  const [vectors, length] = rows < columns ? [rows, columns] : [columns, rows];
  const at = (vector: number, i: number): number =>
    rows < columns ? vector * columns + i : i * columns + vector;
  const done: Float64Array[] = [];
  for (let vector = 0; vector < vectors; vector++) {
    const values = Float64Array.from({ length }, (_, i) => data[at(vector, i)]);
    const whole = done.length - (done.length % 4);
    for (let first = 0; first < whole; first += 4) removeFour(values, done.slice(first, first + 4));
    for (const earlier of done.slice(whole)) {
      let product = 0;
      for (let i = 0; i < length; i++) product += values[i] * earlier[i];
      for (let i = 0; i < length; i++) values[i] -= product * earlier[i];
    }
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    for (let i = 0; i < length; i++) {
      values[i] /= norm;
      data[at(vector, i)] = values[i];
    }
    done.push(values);
  }
}

/** Takes four orthonormal vectors' parts out of another: four sums at once, since one waits for its last addition. */
function removeFour(values: Float64Array, [a, b, c, d]: readonly Float64Array[]): void {
  let [inA, inB, inC, inD] = [0, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    inA += value * a[i];
    inB += value * b[i];
    inC += value * c[i];
    inD += value * d[i];
  }
  for (let i = 0; i < values.length; i++) values[i] -= inA * a[i] + inB * b[i] + inC * c[i] + inD * d[i];
}
