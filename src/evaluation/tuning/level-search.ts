// The search for levels: descent along directions of the curve λ(u), up and down by a step that halves when nothing
// helps any more. First the curve as a whole is moved (its noise end, its data end, its bend), which needs few trials;
// then single knots, between random moves of all of them at once, which leave valleys that lie askew to the axes.
// Derivative-free, since a plan's result has no cheap gradient (cf. the grid search for six steps of Chen et al. 2020,
// WaveGrad, section 4).
import { fillNormals } from "../../diffusion/noise.js";
import { allowedKnots, type CurveLimits } from "./level-curve.js";
import { challenge, type Scores } from "./race.js";

/** Moves in λ, from the first to the last: of the whole curve, then of single knots. */
const CURVE_MOVES = [1, 0.25] as const;
const KNOT_MOVES = [0.5, 0.06] as const;
/** Random moves after each round over the knots. */
const RANDOM_MOVES = 3;

/** What is searched. */
export interface LevelProblem {
  /** N of the schedule. */
  readonly steps: number;
  readonly limits: CurveLimits;
  /** The score of a curve on one clip; lower is better, and the same curve always has the same. */
  readonly score: (knots: Float64Array, clip: number) => Promise<number>;
  /** Asked before each challenger: whether the time is up. */
  readonly isOver: () => boolean;
  /** Of the random moves. */
  readonly seed: number;
  /** Told of each challenger: the scores of the best so far, and whether it is them. */
  readonly onChallenge?: (best: Scores, won: boolean) => void;
}

/** A curve and its scores. */
export interface ScoredKnots {
  readonly knots: Float64Array;
  readonly scores: Scores;
}

/**
 * Searches from a start. The result is never worse than the start, and the start itself where nothing is better.
 */
export async function searchLevels(problem: LevelProblem, start: ScoredKnots): Promise<ScoredKnots> {
  const search = new LevelSearch(problem, start);
  const count = start.knots.length;
  await search.descend(curveDirections(count), CURVE_MOVES, 0);
  if (count > 1) await search.descend(knotDirections(count), KNOT_MOVES, RANDOM_MOVES);
  return search.best;
}

/** The noise end with what follows in proportion, the data end likewise, and the bend between them. */
function curveDirections(count: number): Float64Array[] {
  const shape = (at: (u: number) => number): Float64Array =>
    Float64Array.from({ length: count }, (_, i) => at(count > 1 ? i / (count - 1) : 0));
  const ends = [shape((u) => 1 - u), shape((u) => u)];
  return count === 1 ? [ends[0]] : count === 2 ? ends : [...ends, shape((u) => 4 * u * (1 - u))];
}

function knotDirections(count: number): Float64Array[] {
  return Array.from({ length: count }, (_, direction) =>
    Float64Array.from({ length: count }, (_, i) => (i === direction ? 1 : 0)),
  );
}

class LevelSearch {
  best: ScoredKnots;
  readonly #problem: LevelProblem;
  #randomMoves = 0;

  constructor(problem: LevelProblem, start: ScoredKnots) {
    this.#problem = problem;
    this.best = start;
  }

  async descend(
    directions: readonly Float64Array[],
    [largest, smallest]: readonly [number, number],
    randomMoves: number,
  ): Promise<void> {
    const { isOver, seed } = this.#problem;
    const count = this.best.knots.length;
    const signs = directions.map(() => 1);
    for (let move = largest; move >= smallest;) {
      let improved = false;
      for (const [index, direction] of directions.entries()) {
        for (const turn of [1, -1]) {
          if (isOver()) return;
          const step = turn * signs[index] * move;
          if (await this.#attempt((knot, i) => knot + step * direction[i])) {
            // what helped is tried first the next time
            signs[index] *= turn;
            improved = true;
            break;
          }
        }
      }
      for (let draw = 0; draw < randomMoves; draw++) {
        if (isOver()) return;
        const normals = fillNormals(new Float32Array(count), { seed, step: this.#randomMoves++ });
        const moved = await this.#attempt((knot, i) => knot + (move * normals[i]) / 2);
        improved ||= moved;
      }
      if (!improved) move /= 2;
    }
  }

  async #attempt(move: (knot: number, index: number) => number): Promise<boolean> {
    const { steps, limits, score, onChallenge } = this.#problem;
    const knots = allowedKnots(this.best.knots.map(move), steps, limits);
    if (knots.every((knot, i) => knot === this.best.knots[i])) return false;
    const scores = await challenge((clip) => score(knots, clip), this.best.scores);
    if (scores) this.best = { knots, scores };
    onChallenge?.(this.best.scores, scores !== undefined);
    return scores !== undefined;
  }
}
