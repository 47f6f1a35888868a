import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { muonStep, orthogonalised } from "../../../src/training/optimiser/optimiser.js";
import { randomValue } from "../../engine/values.js";

beforeAll(() => tf.setBackend("cpu"));

type Matrix = number[][];

const shapes: readonly (readonly [number, number])[] = [
  [8, 8],
  [6, 20],
  [20, 6],
];

function matrix(seed: number, [rows, columns]: readonly [number, number]): Matrix {
  const { data } = randomValue(seed, [rows, columns]);
  return Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * columns, (i + 1) * columns)));
}

const transpose = (a: Matrix): Matrix => a[0].map((_, j) => a.map((row) => row[j]));
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));
/** Σ factors·matrices, element by element. */
const combine = (...terms: readonly (readonly [number, Matrix])[]): Matrix =>
  terms[0][1].map((row, i) =>
    row.map((_, j) => terms.reduce((sum, [factor, term]) => sum + factor * term[i][j], 0)),
  );

/** Jordan et al. 2024: X ← aX + (bA + cA²)X with A = XXᵀ, five times, on the wide form of G/‖G‖. */
function newtonSchulz(gradient: Matrix): Matrix {
  if (gradient.length > gradient[0].length) return transpose(newtonSchulz(transpose(gradient)));
  const norm = Math.hypot(...gradient.flat());
  let x = combine([1 / (norm + 1e-7), gradient]);
  for (let step = 0; step < 5; step++) {
    const gram = product(x, transpose(x));
    x = combine([3.4445, x], [1, product(combine([-4.775, gram], [2.0315, product(gram, gram)]), x)]);
  }
  return x;
}

function expectClose(actual: tf.Tensor, expected: Matrix, tolerance: number): void {
  const values = actual.dataSync();
  const difference = Math.max(...expected.flat().map((value, i) => Math.abs(values[i] - value)));
  expect(difference).toBeLessThan(tolerance);
}

/** Eigenvalues of a symmetric matrix by Jacobi's rotations. */
function eigenvalues(symmetric: Matrix): number[] {
  const a = symmetric.map((row) => [...row]);
  const n = a.length;
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const angle = 0.5 * Math.atan2(2 * a[p][q], a[q][q] - a[p][p]);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (let k = 0; k < n; k++)
          [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
        for (let k = 0; k < n; k++)
          [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
      }
    }
  }
  return a.map((row, i) => row[i]);
}

function singularValues(x: Matrix): number[] {
  const gram = x.length <= x[0].length ? product(x, transpose(x)) : product(transpose(x), x);
  return eigenvalues(gram).map((value) => Math.sqrt(Math.max(0, value)));
}

describe.each(shapes)("Muon on a matrix [%i, %i]", (rows, columns) => {
  const shape = [rows, columns] as const;

  it("makes a gradient orthogonal as the reference does", () => {
    const gradient = matrix(1, shape);
    // singular values near 1, products of at most 20 terms, five times: some 1e−6 in float32
    expectClose(orthogonalised(tf.tensor2d(gradient)), newtonSchulz(gradient), 2e-5);
    const scaled = combine([1e4, gradient]);
    expectClose(orthogonalised(tf.tensor2d(scaled)), newtonSchulz(gradient), 2e-5);
  });

  it("leaves singular values near 1", () => {
    const gradient = matrix(2, shape);
    const before = singularValues(combine([1 / Math.hypot(...gradient.flat()), gradient]));
    expect(Math.max(...before) / Math.min(...before)).toBeGreaterThan(1.5);
    const result = orthogonalised(tf.tensor2d(gradient)).arraySync() as Matrix;
    for (const value of singularValues(result)) {
      // the quintic's fixed interval; singular values below 0.01 of the norm may stay below it
      expect(value).toBeGreaterThan(0.65);
      expect(value).toBeLessThan(1.25);
    }
  });

  it("steps with Nesterov momentum, weight decay and the shape's factor", () => {
    const settings = { momentum: 0.95, weightDecay: 0.01 };
    const rate = 0.02;
    let weight = matrix(3, shape);
    let momentum = combine([0, weight]);
    let ours = { weight: tf.tensor2d(weight) as tf.Tensor, momentum: tf.zeros([rows, columns]) };
    for (const seed of [4, 5, 6]) {
      const gradient = matrix(seed, shape);
      momentum = combine([0.95, momentum], [1, gradient]);
      const update = newtonSchulz(combine([1, gradient], [0.95, momentum]));
      const factor = Math.sqrt(Math.max(1, columns / rows));
      weight = combine([1 - rate * 0.01, weight], [-rate * factor, update]);
      ours = muonStep(ours.weight, tf.tensor2d(gradient), ours.momentum, settings, tf.scalar(rate));
    }
    expectClose(ours.momentum, momentum, 2e-6);
    expectClose(ours.weight, weight, 3e-6);
  });

  it("does not break on a gradient of zero", () => {
    const result = orthogonalised(tf.zeros([rows, columns])).dataSync();
    expect(result.every((value) => value === 0)).toBe(true);
  });
});
