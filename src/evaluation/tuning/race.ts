// A challenger against the best so far, clip by clip with the same noise in both: the differences scatter far less
// than the scores, and a challenger that is clearly behind after a few clips is given up (racing, as in Maron and
// Moore 1994).
import { AUDIBLE } from "./objective.js";

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
