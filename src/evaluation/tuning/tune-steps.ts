// The tuning of one number of steps: K, p and momentum on the waveforms that the start's levels leave, which cost no
// denoiser call; then the levels, the start level being the first of them; then the mel corrections again. The search
// hears short pieces; what it found is kept only if it also wins on all the clips, whole and with other noise.
import type { RefinementOptions } from "../../mel/consistency.js";
import {
  allowedKnots,
  challenge,
  type CurveLimits,
  knotsOf,
  levelsOf,
  meanOf,
  type ScoredKnots,
  type Scores,
  searchLevels,
} from "./level-search.js";

// The search for K, p and momentum of the mel corrections, on waveforms of which the denoiser's part is done: a
// descent over grids, one value a step up or down.

/** The values that are tried. Beyond the last ones of p and momentum the corrections diverge. */
const refinementGrid = {
  iterations: [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64],
  exponent: [0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5],
  momentum: [0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
} as const satisfies Record<keyof RefinementOptions, readonly number[]>;

/** What is searched. */
interface RefinementProblem {
  /** The score of a refinement on one clip; lower is better. */
  readonly score: (refinement: RefinementOptions, clip: number) => Promise<number>;
  /** Most corrections. */
  readonly mostIterations: number;
  readonly isOver: () => boolean;
  readonly onChallenge?: (best: Scores) => void;
}

/** A refinement and its scores. */
interface ScoredRefinement {
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

/** What is tuned. */
export interface TunableSettings {
  /** λ from noise to data, [N]; the first is the start level. */
  readonly logSnrs: ArrayLike<number>;
  readonly refinement: RefinementOptions;
}

/** What the search listens to: short pieces while it searches, whole clips with other noise in the end. */
export type ClipSet = "pieces" | "clips";

/** A process with a start and a sampler, and the clips that it is judged on. */
export interface TuningProcess {
  /** How many there are of each. */
  readonly counts: Readonly<Record<ClipSet, number>>;
  /** Seconds of audio in each. */
  readonly seconds: Readonly<Record<ClipSet, number>>;
  /** The waveform before any mel correction. */
  denoise(set: ClipSet, clip: number, logSnrs: ArrayLike<number>): Promise<Float32Array>;
  /** The objective of a waveform after its mel corrections; lower is better. */
  judge(set: ClipSet, clip: number, denoised: Float32Array, refinement: RefinementOptions): Promise<number>;
}

/** How to tune. */
interface TuneStepsOptions {
  readonly steps: number;
  /** What it begins from and may not fall behind. */
  readonly start: TunableSettings;
  /** Something else worth beginning from, with levels of any length: found for another number of steps, say. */
  readonly otherStart?: TunableSettings;
  readonly limits: CurveLimits;
  /** Most mel corrections. */
  readonly mostIterations: number;
  /** Seconds that all of it may take; the check at the end is not cut short. */
  readonly budget: number;
  readonly seed: number;
  readonly onProgress?: (progress: TuneProgress) => void;
  /** Seconds from any beginning; the wall clock without it. */
  readonly clock?: () => number;
}

/** Where a tuning is. */
export interface TuneProgress {
  readonly steps: number;
  readonly phase: "levels" | "mel corrections" | "check";
  /** Settings tried so far. */
  readonly tried: number;
  /** The objective on the pieces: of the start, and of the best so far. */
  readonly before: number;
  readonly best: number;
}

/** What came out. */
export interface TunedSteps {
  readonly steps: number;
  /** The better on all clips of what was found and the start. */
  readonly settings: TunableSettings;
  /** Whether it is what was found. */
  readonly improved: boolean;
  /** The objective on all clips, whole and with noise that the search did not hear. */
  readonly objective: { readonly before: number; readonly tuned: number };
  readonly tried: number;
  readonly seconds: number;
}

/** Of the time for searching: when the first search for mel corrections ends, and the one for levels. */
const CORRECTIONS_UNTIL = 0.2;
const LEVELS_UNTIL = 0.85;
/** The check takes what it takes; this much of the time at most is kept free for it. */
const LARGEST_RESERVE = 0.5;

/** Tunes one number of steps. */
export async function tuneSteps(process: TuningProcess, options: TuneStepsOptions): Promise<TunedSteps> {
  return new StepsTuning(process, options).run();
}

class StepsTuning {
  readonly #process: TuningProcess;
  readonly #options: TuneStepsOptions;
  readonly #clock: () => number;
  readonly #begun: number;
  #tried = 0;
  #before = NaN;
  /** When the search has to end. */
  #end = Infinity;
  #best: TunableSettings;
  #scores: Scores = [];
  /** The best levels' waveforms of the pieces, before any correction, and those of the latest challenger. */
  #denoised: Float32Array[] = [];
  #latest: Float32Array[] = [];

  constructor(process: TuningProcess, options: TuneStepsOptions) {
    this.#process = process;
    this.#options = options;
    this.#clock = options.clock ?? ((): number => performance.now() / 1000);
    this.#begun = this.#clock();
    this.#best = options.start;
  }

  async run(): Promise<TunedSteps> {
    const { start, otherStart, steps } = this.#options;
    await this.#scoreStart();
    await this.#searchRefinement(CORRECTIONS_UNTIL);
    await this.#searchLevels(LEVELS_UNTIL, otherStart);
    await this.#searchRefinement(1);
    this.#report("check", this.#scores);
    const found = this.#best;
    const objective = await this.#check(found);
    const improved = objective.tuned < objective.before;
    return {
      steps,
      settings: improved ? found : start,
      improved,
      objective: improved ? objective : { before: objective.before, tuned: objective.before },
      tried: this.#tried,
      seconds: this.#clock() - this.#begun,
    };
  }

  /** The start as it is, not by its knots: it is what must be beaten. */
  async #scoreStart(): Promise<void> {
    const { seconds } = this.#process;
    const { start, budget } = this.#options;
    const scores = await this.#allScores((clip) => this.#score(start.logSnrs, start.refinement, clip));
    this.#denoised = this.#latest;
    this.#scores = scores;
    this.#before = meanOf(scores);
    const check = (2 * (this.#clock() - this.#begun) * seconds.clips) / seconds.pieces;
    this.#end = this.#begun + budget - Math.min(check, LARGEST_RESERVE * budget);
  }

  async #searchRefinement(until: number): Promise<void> {
    const found = await searchRefinement(
      {
        score: (refinement, clip) => this.#process.judge("pieces", clip, this.#denoised[clip], refinement),
        mostIterations: this.#options.mostIterations,
        isOver: this.#isOver(until),
        onChallenge: (best) => {
          this.#tried++;
          this.#report("mel corrections", best);
        },
      },
      { refinement: this.#best.refinement, scores: this.#scores },
    );
    this.#best = { ...this.#best, refinement: found.refinement };
    this.#scores = found.scores;
  }

  async #searchLevels(until: number, otherStart: TunableSettings | undefined): Promise<void> {
    const { steps, limits, seed } = this.#options;
    const { logSnrs, refinement } = this.#best;
    const isOver = this.#isOver(until);
    const score = (knots: ArrayLike<number>, clip: number): Promise<number> =>
      this.#score(levelsOf(knots, steps), refinement, clip);
    let denoised = this.#denoised;
    let found: ScoredKnots | undefined;
    for (const start of [logSnrs, ...(otherStart && !isOver() ? [otherStart.logSnrs] : [])]) {
      const knots = allowedKnots(knotsOf(levelsOf(start, steps)), steps, limits);
      const isScored = start === logSnrs && sameLevels(levelsOf(knots, steps), logSnrs);
      const scores = isScored ? this.#scores : await this.#allScores((clip) => score(knots, clip));
      if (found && meanOf(scores) >= meanOf(found.scores)) continue;
      found = { knots, scores };
      if (!isScored) denoised = this.#latest;
    }
    const onChallenge = (best: Scores, won: boolean): void => {
      this.#tried++;
      if (won) denoised = this.#latest;
      this.#report("levels", best);
    };
    const { knots, scores } = await searchLevels({ steps, limits, seed, isOver, score, onChallenge }, found!);
    if (meanOf(scores) >= meanOf(this.#scores)) return;
    this.#best = { logSnrs: levelsOf(knots, steps), refinement };
    this.#scores = scores;
    this.#denoised = denoised;
  }

  async #allScores(score: (clip: number) => Promise<number>): Promise<number[]> {
    const scores: number[] = [];
    for (let clip = 0; clip < this.#process.counts.pieces; clip++) scores.push(await score(clip));
    return scores;
  }

  async #score(logSnrs: ArrayLike<number>, refinement: RefinementOptions, clip: number): Promise<number> {
    if (clip === 0) this.#latest = [];
    const denoised = await this.#process.denoise("pieces", clip, logSnrs);
    this.#latest.push(denoised);
    return this.#process.judge("pieces", clip, denoised, refinement);
  }

  /** The objective of the start and of what was found on all the clips. */
  async #check(found: TunableSettings): Promise<TunedSteps["objective"]> {
    const judged = async (clip: number, { logSnrs, refinement }: TunableSettings): Promise<number> =>
      this.#process.judge("clips", clip, await this.#process.denoise("clips", clip, logSnrs), refinement);
    const sums = { before: 0, tuned: 0 };
    const count = this.#process.counts.clips;
    for (let clip = 0; clip < count; clip++) {
      sums.before += (await judged(clip, this.#options.start)) / count;
      sums.tuned += (await judged(clip, found)) / count;
    }
    return sums;
  }

  #isOver(share: number): () => boolean {
    return () => this.#clock() >= this.#begun + share * (this.#end - this.#begun);
  }

  #report(phase: TuneProgress["phase"], best: Scores): void {
    const { steps, onProgress } = this.#options;
    onProgress?.({ steps, phase, tried: this.#tried, before: this.#before, best: meanOf(best) });
  }
}

function sameLevels(some: ArrayLike<number>, others: ArrayLike<number>): boolean {
  return Array.from(some).every((level, i) => Math.abs(level - others[i]) < 1e-9);
}
