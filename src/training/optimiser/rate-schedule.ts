// How the learning rate and the weights' average run over a training of a fixed number of steps.

/** The shape of the learning rate after its warm-up. */
export type RateShape =
  /** A cosine from 1 to 0.02. */
  | "cosine"
  /** 1 for the first half, then linear to 0.01. */
  | "constant-linear"
  /** Linear from 1 to 0, without warm-up. */
  | "linear";

const WARM_UP = 100;
const COSINE_END = 0.02;
const LINEAR_END = 0.01;
const LONGEST_AVERAGE = 0.999;

/** The factor of the learning rate at step i = 0, 1 … of `total`. */
export function rateFactor(shape: RateShape, step: number, total: number): number {
  const progress = step / total;
  if (shape === "linear") return 1 - progress;
  const warmUp = Math.min(1, (step + 1) / WARM_UP);
  if (shape === "cosine") {
    return warmUp * (COSINE_END + (1 - COSINE_END) * 0.5 * (1 + Math.cos(Math.PI * progress)));
  }
  return warmUp * Math.min(1, 1 - (1 - LINEAR_END) * (2 * progress - 1));
}

/** How much of the moving average stays at step i: short at first, so that it forgets the start. */
export function averageDecay(step: number): number {
  return Math.min(LONGEST_AVERAGE, (1 + step) / (10 + step));
}
