// What the dev measure measures: the error of ε̂ at fixed levels.

/** The levels at which the error is measured, λ. Not to be changed: runs are compared by it. */
export const devLogSnrs: readonly number[] = [-6, -4, -2, 0, 2, 4, 6, 8];

/** Mel frames of the crops in which it is measured. Not to be changed either. */
export const DEV_FRAMES = 64;

/** Errors relative to the noise's power; `byLevel` in the order of `devLogSnrs`. */
export interface DevError {
  readonly mean: number;
  readonly byLevel: readonly number[];
}
