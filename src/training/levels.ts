// Which noise levels a batch trains, unless the denoiser has levels of its own: a share of the crops anywhere in the trained
// range, the others around where the work is. Stratified: one shared offset moves all of a batch's draws, so every batch
// covers the whole distribution.
import type { TrainConfig } from "./config.js";
import { StepRandom } from "./draws.js";

/** λ of each crop of a step, [batch]. */
export function drawLogSnrs(config: TrainConfig, step: number): Float32Array {
  const { batch, uniformLevels, lowestLogSnr, highestLogSnr, logSnrMean, logSnrDeviation } = config;
  const offset = new StepRandom(config.seed, "levels", step).uniform();
  return Float32Array.from({ length: batch }, (_, item) => {
    const position = (item + offset) / batch;
    if (position < uniformLevels) {
      return lowestLogSnr + (highestLogSnr - lowestLogSnr) * (position / uniformLevels);
    }
    const normal = normalQuantile((position - uniformLevels) / (1 - uniformLevels));
    return Math.min(highestLogSnr, Math.max(lowestLogSnr, logSnrMean + logSnrDeviation * normal));
  });
}

/** The value below which a share p of the standard normal distribution lies (Acklam's approximation, to 1e−9). */
export function normalQuantile(p: number): number {
  if (p <= 0) return -Infinity;
  if (p >= 1) return Infinity;
  const tail = 0.02425;
  if (p < tail) return tailQuantile(Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - tail) return -tailQuantile(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  return (polynomial(CENTRE_UP, r) * q) / (polynomial(CENTRE_DOWN, r) * r + 1);
}

const CENTRE_UP = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const CENTRE_DOWN = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1,
];
const TAIL_UP = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_DOWN = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];

function tailQuantile(q: number): number {
  return polynomial(TAIL_UP, q) / (polynomial(TAIL_DOWN, q) * q + 1);
}

/** Coefficients of the highest power first. */
function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}
