// @ts-check
// What the self-check's process left behind, as a result or as a reason, and in words.

/**
 * @typedef {object} CheckResult
 * @property {string} backend the tfjs backend's name
 * @property {string} tensorFlow TensorFlow's version
 * @property {boolean} gpu whether a GPU computes
 * @property {number} largestError difference to plain JavaScript, as a share of the largest value
 * @property {number} gigaflops speed of a convolution
 */

/** @typedef {{ status: number | null, signal: string | null, stdout: string, stderr: string }} Ended */

/** float32 sums of a few hundred products, in another order, differ by less. */
const tolerance = 1e-5;

/**
 * Reads what the self-check printed.
 *
 * @param {Ended} ended
 * @returns {{ result: CheckResult, problem?: undefined } | { result?: undefined, problem: string }}
 */
export function readCheck({ status, signal, stdout, stderr }) {
  if (signal === "SIGILL") {
    return {
      problem: "this processor lacks an instruction set (AVX) that TensorFlow's library is built for.",
    };
  }
  if (signal !== null) return { problem: `its process was ended by ${signal}.` };
  if (status !== 0) return { problem: /^\w*Error.*$/m.exec(stderr)?.[0] ?? stderr.trim() };
  /** @type {CheckResult} */
  const result = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  if (result.backend !== "tensorflow") return { problem: `tfjs chose the backend '${result.backend}'.` };
  // JSON writes NaN as null
  const error = result.largestError ?? NaN;
  if (!(error < tolerance)) {
    return { problem: `its convolution differs from plain JavaScript's by ${error.toExponential(1)}.` };
  }
  return { result };
}

/**
 * One sentence on an addon that works.
 *
 * @param {string} packageName
 * @param {CheckResult} result
 */
export function describeCheck(packageName, { backend, tensorFlow, gpu, largestError, gigaflops }) {
  return (
    `${packageName} runs: backend '${backend}', TensorFlow ${tensorFlow} on the ${gpu ? "GPU" : "CPU"}; ` +
    `a convolution and its gradient equal plain JavaScript's to ${largestError.toExponential(1)}; ` +
    `${gigaflops.toFixed(0)} GFLOP/s.`
  );
}
