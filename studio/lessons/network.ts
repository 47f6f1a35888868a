// A small network that guesses the noise in a number: ε̂(z, λ), two hidden layers with SiLU, its gradient written out, and
// Adam (Kingma & Ba 2015, arXiv 1412.6980). Small enough to learn in a page, and to be read in a minute.
// Weights lie in one array: W₁ [H, 4], b₁ [H], W₂ [H, H], b₂ [H], w₃ [H], b₃.
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "../../src/diffusion/levels.js";
import { fillNormals } from "../../src/diffusion/noise.js";

const INPUTS = 4;
const HIDDEN = 48;
const B1 = HIDDEN * INPUTS;
const W2 = B1 + HIDDEN;
const B2 = W2 + HIDDEN * HIDDEN;
const W3 = B2 + HIDDEN;
const B3 = W3 + HIDDEN;

/** How many weights the network has. */
export const WEIGHTS = B3 + 1;

/** Weights to begin with: normal, of variance 1/inputs; the last layer is 0, so that the first guess is 0. */
export function initialWeights(seed: number): Float64Array {
  const normals = fillNormals(new Float32Array(WEIGHTS), { seed, step: 0 });
  return Float64Array.from(normals, (normal, i) => {
    if (i < B1) return normal / Math.sqrt(INPUTS);
    return i >= W2 && i < B2 ? normal / Math.sqrt(HIDDEN) : 0;
  });
}

/** What the network is told of noisy numbers at one level: z, √ᾱ, √(1−ᾱ) and λ/5, [n, 4] into `out` from `at` on. */
export function writeInputs(z: ArrayLike<number>, logSnr: number, out: Float64Array, at = 0): Float64Array {
  const signal = sqrtAlphaBarFromLogSnr(logSnr);
  const noise = noiseScaleFromLogSnr(logSnr);
  for (let i = 0; i < z.length; i++) out.set([z[i], signal, noise, logSnr / 5], (at + i) * INPUTS);
  return out;
}

/** Makes room for the inputs of n numbers. */
export function inputsFor(count: number): Float64Array {
  return new Float64Array(count * INPUTS);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** The layers of one example, kept for the way back. */
const first = new Float64Array(HIDDEN);
const second = new Float64Array(HIDDEN);
const firstOut = new Float64Array(HIDDEN);
const secondOut = new Float64Array(HIDDEN);

/** ε̂ of the example at `at`; leaves its layers above. */
function forward(w: Float64Array, inputs: Float64Array, at: number): number {
  for (let j = 0; j < HIDDEN; j++) {
    let sum = w[B1 + j];
    for (let i = 0; i < INPUTS; i++) sum += w[j * INPUTS + i] * inputs[at * INPUTS + i];
    first[j] = sum;
    firstOut[j] = sum * sigmoid(sum);
  }
  let guess = w[B3];
  for (let k = 0; k < HIDDEN; k++) {
    let sum = w[B2 + k];
    const row = W2 + k * HIDDEN;
    for (let j = 0; j < HIDDEN; j++) sum += w[row + j] * firstOut[j];
    second[k] = sum;
    secondOut[k] = sum * sigmoid(sum);
    guess += w[W3 + k] * secondOut[k];
  }
  return guess;
}

/** ε̂ of each example, [n]. */
export function predict(weights: Float64Array, inputs: Float64Array): Float32Array {
  return Float32Array.from({ length: inputs.length / INPUTS }, (_, at) => forward(weights, inputs, at));
}

/**
 * The mean squared error of ε̂ over a batch, and its gradient.
 *
 * @param inputs [n, 4]
 * @param noise ε, [n]
 * @param gradient receives the gradient, [WEIGHTS]
 */
export function lossAndGradient(
  weights: Float64Array,
  inputs: Float64Array,
  noise: Float32Array,
  gradient: Float64Array,
): number {
  const w = weights;
  const firstSlope = new Float64Array(HIDDEN);
  gradient.fill(0);
  let loss = 0;
  for (let at = 0; at < noise.length; at++) {
    const error = forward(w, inputs, at) - noise[at];
    loss += (error * error) / noise.length;
    const slope = (2 * error) / noise.length;
    gradient[B3] += slope;
    firstSlope.fill(0);
    for (let k = 0; k < HIDDEN; k++) {
      gradient[W3 + k] += slope * secondOut[k];
      const back = slope * w[W3 + k] * siluSlope(second[k]);
      gradient[B2 + k] += back;
      const row = W2 + k * HIDDEN;
      for (let j = 0; j < HIDDEN; j++) {
        gradient[row + j] += back * firstOut[j];
        firstSlope[j] += back * w[row + j];
      }
    }
    for (let j = 0; j < HIDDEN; j++) {
      const back = firstSlope[j] * siluSlope(first[j]);
      gradient[B1 + j] += back;
      for (let i = 0; i < INPUTS; i++) gradient[j * INPUTS + i] += back * inputs[at * INPUTS + i];
    }
  }
  return loss;
}

function siluSlope(x: number): number {
  const gate = sigmoid(x);
  return gate * (1 + x * (1 - gate));
}

/** Adam with its usual constants. */
export class Adam {
  readonly #mean = new Float64Array(WEIGHTS);
  readonly #square = new Float64Array(WEIGHTS);
  #steps = 0;

  /** Moves the weights against the gradient. */
  step(weights: Float64Array, gradient: Float64Array, rate: number): void {
    this.#steps++;
    const meanShare = 1 - 0.9 ** this.#steps;
    const squareShare = 1 - 0.999 ** this.#steps;
    for (let i = 0; i < weights.length; i++) {
      this.#mean[i] += 0.1 * (gradient[i] - this.#mean[i]);
      this.#square[i] += 0.001 * (gradient[i] * gradient[i] - this.#square[i]);
      weights[i] -= (rate * this.#mean[i]) / meanShare / (Math.sqrt(this.#square[i] / squareShare) + 1e-8);
    }
  }
}
