// The search for levels: descent along directions of the curve λ(u), up and down by a step that halves when nothing
// helps any more. First the curve as a whole is moved (its noise end, its data end, its bend), which needs few trials;
// then single knots, between random moves of all of them at once, which leave valleys that lie askew to the axes.
// Derivative-free, since a plan's result has no cheap gradient (cf. the grid search for six steps of Chen et al. 2020,
// WaveGrad, section 4).
import { fillNormals } from "../../diffusion/noise.js";
import { resampledLevels } from "../../synthesis/settings.js";

// What tuning makes small: one number for how far a synthesis is from its recording, out of measures that reward
// different things, so that none can be bought with another.
//
//   J = mstft + 3·mel + 0.1·(|hnr1| + |hnr2| + |hnr3|)/3 + 0.06·(|peak2| + |peak3|)/2 + 0.001·K
//
// The weights make what counts as one audible difference in our tables worth the same, 0.03: 0.03 in the
// multi-resolution STFT distance, 0.01 nepers in the mel, 0.3 dB in the harmonicity of a band, 0.5 in the kurtosis of
// its pulses. Mel error (PESQ follows it) and STFT distance alone would be won by ever more mel corrections, which
// smear the pitch pulses: harmonicity and pulse shape speak against that. The last term is the price of a correction
// in time: one costs about a tenth of a denoiser call, so ten must buy a third of an audible difference.

/** The measures of one clip that count, as `measureClip` of the metrics gives them. */
interface ObjectiveTerms {
  /** Multi-resolution STFT distance. */
  readonly mstft: number;
  /** Mean absolute difference of the ln-mels. */
  readonly mel: number;
  /** Harmonics-to-noise ratio of the synthesis less the recording's in three bands, dB; 0 is best. */
  readonly hnr1: number;
  readonly hnr2: number;
  readonly hnr3: number;
  /** Kurtosis of the synthesis less the recording's in the upper two bands; 0 is best. */
  readonly peak2: number;
  readonly peak3: number;
}

/** Factors of the objective's terms; see above. */
const objectiveWeights = {
  mstft: 1,
  mel: 3,
  harmonicity: 0.1,
  pulses: 0.06,
  correction: 0.001,
} as const;

/** What counts as one audible difference. */
export const AUDIBLE = 0.03;

/**
 * The objective of one clip.
 *
 * @param refine K, the corrections that it took
 * @returns J: 0 for the recording itself; lower is better
 */
export function objective(terms: ObjectiveTerms, refine: number): number {
  const { mstft, mel, hnr1, hnr2, hnr3, peak2, peak3 } = terms;
  const harmonicity = (Math.abs(hnr1) + Math.abs(hnr2) + Math.abs(hnr3)) / 3;
  const pulses = (Math.abs(peak2) + Math.abs(peak3)) / 2;
  return (
    objectiveWeights.mstft * mstft +
    objectiveWeights.mel * mel +
    objectiveWeights.harmonicity * harmonicity +
    objectiveWeights.pulses * pulses +
    objectiveWeights.correction * refine
  );
}

// A challenger against the best so far, clip by clip with the same noise in both: the differences scatter far less
// than the scores, and a challenger that is clearly behind after a few clips is given up (racing, as in Maron and
// Moore 1994).

/** How far a challenger may lie behind after one clip; after n clips √n times as far. */
const PATIENCE = AUDIBLE / 2;

/** Scores on every clip; lower is better. */
export type Scores = readonly number[];

/**
 * Scores a challenger.
 *
 * @param score of one clip
 * @param best the scores to beat
 * @returns its scores if they are lower in sum, else undefined
 */
export async function challenge(
  score: (clip: number) => Promise<number>,
  best: Scores,
): Promise<Scores | undefined> {
  const scores: number[] = [];
  let behind = 0;
  for (const [clip, bestScore] of best.entries()) {
    const own = await score(clip);
    // what diverged is no number, and no better than anything
    if (!Number.isFinite(own)) return undefined;
    scores.push(own);
    behind += own - bestScore;
    if (behind > PATIENCE * Math.sqrt(clip + 1)) return undefined;
  }
  return behind < 0 ? scores : undefined;
}

/** The mean of scores. */
export function meanOf(scores: Scores): number {
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

// The unknowns of a schedule search: a few knots of the curve λ(u). Up to six levels are their own knots; longer
// schedules are read off the line through six, since single levels of fifty cannot be told apart by listening.

/** Knots of a long schedule. */
const MOST_KNOTS = 6;

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

/** Moves in λ, from the first to the last: of the whole curve, then of single knots. */
const CURVE_MOVES = [1, 0.25] as const;
const KNOT_MOVES = [0.5, 0.06] as const;
/** Random moves after each round over the knots. */
const RANDOM_MOVES = 3;

/** What is searched. */
interface LevelProblem {
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
