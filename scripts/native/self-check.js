// @ts-check
// Loads the addon in this process and computes with it: node scripts/native/self-check.js PACKAGE. Prints one line of
// JSON: versions, the largest difference to plain JavaScript in a convolution and its gradient, and a speed.
// The build runs this as a child, because an addon that does not fit the machine takes its whole process down.
import { performance } from "node:perf_hooks";
import util from "node:util";

// tfjs-node 4.22 calls two functions that Node 23 removed
Object.assign(util, {
  isArray: Array.isArray,
  /** @param {unknown} value */
  isNullOrUndefined: (value) => value === null || value === undefined,
});
// no word about processor features and missing GPUs on stderr
process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";

const packageName = process.argv[2] ?? "@tensorflow/tfjs-node";
/** @type {typeof import("@tensorflow/tfjs")} */
const tf = await import(packageName);

/** A convolution over [1, 64, 32, 16] and its gradient for the filter, as arrays. */
function convolveAndDifferentiate() {
  /** @type {import("@tensorflow/tfjs").Tensor4D} */
  const input = tf.randomUniform([1, 64, 32, 16], -1, 1, "float32", 1);
  /** @type {import("@tensorflow/tfjs").Tensor4D} */
  const filter = tf.randomUniform([3, 3, 16, 8], -1, 1, "float32", 2);
  const output = tf.conv2d(input, filter, 1, "same");
  const { grad } = tf.valueAndGrad((/** @type {typeof filter} */ weights) =>
    tf.conv2d(input, weights, 1, "same").square().mean(),
  )(filter);
  return [output.dataSync(), grad.dataSync()];
}

/**
 * The largest difference of two arrays, as a share of the largest value.
 *
 * @param {ArrayLike<number>} actual
 * @param {ArrayLike<number>} expected of the same length
 */
function relativeError(actual, expected) {
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
  }
  return difference / largest;
}

/** Billions of floating-point operations a second in a convolution of a denoiser's size, best of ten. */
function convolutionSpeed() {
  const [steps, width, taps] = [4096, 256, 3];
  /** @type {import("@tensorflow/tfjs").Tensor4D} */
  const input = tf.randomNormal([1, 1, steps, width]);
  /** @type {import("@tensorflow/tfjs").Tensor4D} */
  const filter = tf.randomNormal([1, taps, width, width]);
  let seconds = Infinity;
  for (let round = 0; round < 10; round++) {
    const start = performance.now();
    const output = tf.conv2d(input, filter, 1, "same");
    output.dataSync();
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
    output.dispose();
  }
  return (2 * steps * taps * width * width) / seconds / 1e9;
}

const backend = tf.getBackend();
const { binding, isUsingGpuDevice } =
  /** @type {{ binding: { TF_Version: string }, isUsingGpuDevice: boolean }} */ (
    /** @type {unknown} */ (tf.backend())
  );
const native = convolveAndDifferentiate();
const gigaflops = convolutionSpeed();
await tf.setBackend("cpu");
const plain = convolveAndDifferentiate();

console.log(
  JSON.stringify({
    backend,
    tensorFlow: binding.TF_Version,
    gpu: isUsingGpuDevice,
    largestError: Math.max(...native.map((values, i) => relativeError(values, plain[i]))),
    gigaflops,
  }),
);
