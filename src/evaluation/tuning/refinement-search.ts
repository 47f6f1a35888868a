// The search for K, p and momentum of the mel corrections, on waveforms of which the denoiser's part is done: a
// descent over grids, one value a step up or down.
import type { RefinementOptions } from "../../mel/consistency.js";
import { challenge, type Scores } from "./level-search.js";

/** The values that are tried. Beyond the last ones of p and momentum the corrections diverge. */
export const refinementGrid = {
  iterations: [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64],
  exponent: [0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5],
  momentum: [0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
} as const satisfies Record<keyof RefinementOptions, readonly number[]>;

/** What is searched. */
export interface RefinementProblem {
  /** The score of a refinement on one clip; lower is better. */
  readonly score: (refinement: RefinementOptions, clip: number) => Promise<number>;
  /** Most corrections. */
  readonly mostIterations: number;
  readonly isOver: () => boolean;
  readonly onChallenge?: (best: Scores) => void;
}

/** A refinement and its scores. */
export interface ScoredRefinement {
  readonly refinement: RefinementOptions;
  readonly scores: Scores;
}

/**
 * Searches from a start. The result is never worse than the start.
 */
export async function searchRefinement(
  problem: RefinementProblem,
  start: ScoredRefinement,
): Promise<ScoredRefinement> {
  let best = start;
  const tried = new Set([JSON.stringify(start.refinement)]);
  for (let improved = true; improved;) {
    improved = false;
    for (const key of ["iterations", "exponent", "momentum"] as const) {
      for (const direction of [1, -1]) {
        // on in the same direction as long as it helps
        for (let helped = true; helped;) {
          helped = false;
          const next = neighbour(best.refinement, key, direction);
          if (!next || next.iterations > problem.mostIterations || tried.has(JSON.stringify(next))) continue;
          if (problem.isOver()) return best;
          tried.add(JSON.stringify(next));
          const scores = await challenge((clip) => problem.score(next, clip), best.scores);
          if (scores) best = { refinement: next, scores };
          problem.onChallenge?.(best.scores);
          helped = scores !== undefined;
          improved ||= helped;
        }
      }
    }
  }
  return best;
}

/** The refinement with the next value up or down the grid; undefined past its ends. */
function neighbour(
  refinement: RefinementOptions,
  key: keyof RefinementOptions,
  direction: number,
): RefinementOptions | undefined {
  const present = refinement[key];
  const values: readonly number[] = refinementGrid[key];
  const next =
    direction > 0 ? values.find((value) => value > present) : values.findLast((value) => value < present);
  return next === undefined ? undefined : { ...refinement, [key]: next };
}
