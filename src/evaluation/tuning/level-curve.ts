// The unknowns of a schedule search: a few knots of the curve λ(u). Up to six levels are their own knots; longer
// schedules are read off the line through six, since single levels of fifty cannot be told apart by listening.
import { resampledLevels } from "../../synthesis/tuned-settings.js";

/** Knots of a long schedule. */
export const MOST_KNOTS = 6;

/** Neighbouring levels lie at least so far apart in λ. */
export const SMALLEST_GAP = 0.02;

/** Where a curve's ends may lie, in λ. */
export interface CurveLimits {
  readonly first: readonly [number, number];
  readonly last: readonly [number, number];
}

/** The knots that describe a schedule of N levels best: the levels themselves up to six, else points on the curve. */
export function knotsOf(logSnrs: ArrayLike<number>): Float64Array {
  return resampledLevels(logSnrs, Math.min(logSnrs.length, MOST_KNOTS));
}

/**
 * The nearest curve that is allowed: the ends moved into their limits, then each knot between its neighbours by at
 * least as much as keeps all the levels apart.
 *
 * @param steps N of the schedule that it is for
 */
export function allowedKnots(
  knots: ArrayLike<number>,
  steps: number,
  { first, last }: CurveLimits,
): Float64Array {
  const count = knots.length;
  const moved = Float64Array.from(knots);
  moved[0] = Math.min(first[1], Math.max(first[0], moved[0]));
  if (count === 1) return moved;
  const gap = (SMALLEST_GAP * (steps - 1)) / (count - 1);
  const end = Math.min(last[1], Math.max(last[0], moved[count - 1]));
  for (let i = 1; i < count; i++) moved[i] = Math.max(moved[i], moved[i - 1] + gap);
  moved[count - 1] = Math.max(end, moved[0] + (count - 1) * gap);
  for (let i = count - 2; i > 0; i--) moved[i] = Math.min(moved[i], moved[i + 1] - gap);
  return moved;
}

/** The schedule of a curve: [knots] → [steps]. */
export function levelsOf(knots: ArrayLike<number>, steps: number): Float64Array {
  return resampledLevels(knots, steps);
}
