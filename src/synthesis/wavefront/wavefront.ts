// The wavefront: stages that turn tracks into tracks, each as far as its inputs allow. While frames of a mel come in at
// one end, stage k stands behind stage k−1 by what it sees ahead, so that all of them together hold a band of frames and
// memory does not grow with length. Each stage computes a tile with what it sees on both sides and keeps the middle:
// the result does not depend on where the tiles lie, and a whole utterance is the case of one tile.
import type { Reach } from "../../models/reach.js";
import type { Span, Track } from "./track.js";

/** What a stage reads, and how far: an output at a frame needs `reach.after` frames before it and `reach.before` behind. */
export interface StageInput {
  readonly track: Track;
  readonly reach: Reach;
}

/** One step of the way from mel to waveform. */
export interface Stage {
  readonly inputs: readonly StageInput[];
  /** What it makes, all of them to the same frame; a stage without outputs only looks. */
  readonly outputs: readonly Track[];
  /** Whether it takes all that there is at once, not tile by tile. */
  readonly whole?: boolean;
  /**
   * Appends the frames of a span to the outputs. Spans follow each other without gaps.
   *
   * @param span everything that it needs of its inputs is there
   * @param total frames of the whole signal, once they are known
   */
  run(span: Span, total: number | undefined): Promise<void> | void;
}

/** Sees only the frame itself. */
export const noReach: Reach = { before: 0, after: 0 };

/** What a stage has to read for a span: the span and its reach, up to the ends of the signal. */
export function withReach({ first, end }: Span, { before, after }: Reach, track: Track): Span {
  return { first: Math.max(0, first - after), end: Math.min(track.end, end + before) };
}

/** Stages in an order in which each comes behind those that it reads from. */
export class Wavefront {
  readonly #stages: readonly Stage[];
  readonly #source: Track;
  readonly #result: Track;
  readonly #tile: number;
  /** How far each stage has come, in frames. */
  readonly #done: number[];
  #taken = 0;
  #total: number | undefined;

  /**
   * @param source what `push` appends to
   * @param result what `take` empties
   * @param tile frames that a stage computes at once, about
   */
  constructor(stages: readonly Stage[], source: Track, result: Track, tile: number) {
    this.#stages = stages;
    this.#source = source;
    this.#result = result;
    this.#tile = tile;
    this.#done = stages.map(() => 0);
  }

  /** Frames of the source behind an output frame that have to be there before it can be computed. */
  get lookAhead(): number {
    const ahead = new Map<Track, number>([[this.#source, 0]]);
    for (const { inputs, outputs } of this.#stages) {
      const most = Math.max(...inputs.map(({ track, reach }) => (ahead.get(track) ?? 0) + reach.before));
      for (const output of outputs) ahead.set(output, most);
    }
    return ahead.get(this.#result) ?? 0;
  }

  /** Frames that the stages have done, each counted for itself. */
  get framesDone(): number {
    return this.#done.reduce((sum, frames) => sum + frames, 0);
  }

  /** Takes the source's next rows. */
  push(rows: Float32Array): void {
    this.#source.append(rows);
  }

  /** Says that the source has ended. */
  end(): void {
    this.#total = this.#source.end;
  }

  /**
   * Brings every stage as far as it can come.
   *
   * @param afterEach called between tiles; what it throws ends the work
   */
  async advance(afterEach: () => void = () => undefined): Promise<void> {
    for (const [index, stage] of this.#stages.entries()) {
      const end = this.#reachable(stage);
      for (const span of tiles({ first: this.#done[index], end }, stage.whole ? Infinity : this.#tile)) {
        await stage.run(span, this.#total);
        this.#done[index] = span.end;
        // also what no stage reads, as the last estimate but one of a plan whose last step is of first order
        for (const track of stage.outputs) this.#forget(track);
        afterEach();
      }
      for (const { track } of stage.inputs) this.#forget(track);
    }
  }

  /** The rows of the result since the last call. */
  take(): Float32Array {
    const { end } = this.#result;
    // a stage that looks at the result may hold what was taken before
    const rows = this.#result.rows({ first: this.#taken, end }).slice();
    this.#taken = end;
    this.#forget(this.#result);
    return rows;
  }

  /** How far a stage's inputs let it come. */
  #reachable({ inputs }: Stage): number {
    return Math.min(
      ...inputs.map(({ track, reach }) =>
        track.end === this.#total ? track.end : Math.max(0, track.end - reach.before),
      ),
    );
  }

  /** Lets a track forget what none of its readers needs any more. */
  #forget(track: Track): void {
    let needed = track === this.#result ? this.#taken : Infinity;
    for (const [index, { inputs }] of this.#stages.entries()) {
      for (const input of inputs) {
        if (input.track === track) needed = Math.min(needed, this.#done[index] - input.reach.after);
      }
    }
    track.forget(Math.min(needed, track.end));
  }
}

/** A span in parts of equal length, each about a tile long: half a tile more is cheaper than another overlap. */
export function tiles({ first, end }: Span, tile: number): Span[] {
  if (end <= first) return [];
  const count = Math.max(1, Math.round((end - first) / tile));
  const border = (index: number): number => first + Math.round(((end - first) * index) / count);
  return Array.from({ length: count }, (_, index) => ({ first: border(index), end: border(index + 1) }));
}
