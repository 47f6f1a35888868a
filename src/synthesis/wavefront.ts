// The wavefront: stages that turn tracks into tracks, each as far as its inputs allow. While frames of a mel come in at
// one end, stage k stands behind stage k−1 by what it sees ahead, so that all of them together hold a band of frames and
// memory does not grow with length. Each stage computes a tile with what it sees on both sides and keeps the middle:
// the result does not depend on where the tiles lie, and a whole utterance is the case of one tile.
import type { Reach } from "../mel/frames.js";
import { lentFloats, type LentMemory } from "./memory.js";

// Where tiles and parts of tiles begin. Engines convolve and multiply so many frames at a time and round a rest otherwise;
// in 8 bits that last bit decides which whole number a layer's input becomes. So what is computed of a signal begins at
// multiples of this many frames, and a frame comes out alike in any tile and any part, to the last bit. Ends need none of
// it, as the reach beyond them is longer.

/** Frames. */
export const FRAME_ALIGNMENT = 16;

/** The last aligned frame up to one, from 0 on. */
export function alignedFrame(frame: number): number {
  return FRAME_ALIGNMENT * Math.floor(Math.max(0, frame) / FRAME_ALIGNMENT);
}

// A signal of any length of which only a band is held: rows of values, one a mel frame, that come at one end and are
// forgotten at the other. [end − first, columns], row-major. A waveform is a track with `hop` columns.

/** Rows first … end of a signal, in frames. */
export interface Span {
  readonly first: number;
  /** The frame behind the last. */
  readonly end: number;
}

/** A track that holds less than this share of its memory gives it back for a smaller piece. */
const LEAST_SHARE = 1 / 4;

/** The part of a signal between what is not known yet and what nobody needs any more. */
export class Track {
  /** Values a frame. */
  readonly columns: number;
  /** Where it borrows: tracks that are full at different times can share. */
  readonly memory: LentMemory<ArrayBuffer>;
  #first = 0;
  #values = new Float32Array(0);
  /** How many of them are held. */
  #length = 0;

  constructor(columns: number, memory = lentFloats()) {
    this.columns = columns;
    this.memory = memory;
  }

  /** The first frame that is held. */
  get first(): number {
    return this.#first;
  }

  /** The frame behind the last that is known. */
  get end(): number {
    return this.#first + this.#length / this.columns;
  }

  /** Takes a copy of the next rows. */
  append(rows: Float32Array): void {
    this.extend(rows.length).set(rows);
  }

  /**
   * The next rows, to be filled in.
   *
   * @param count of values
   * @returns a view that is valid until the next change; what it holds is of no meaning
   */
  extend(count: number): Float32Array {
    if (count % this.columns !== 0) {
      throw new RangeError(`${count} values are no rows of ${this.columns}.`);
    }
    const before = this.#length;
    if (before + count > this.#values.length) this.#move(0, before + count);
    this.#length += count;
    return this.#values.subarray(before, this.#length);
  }

  /** The rows of a span, as a view that is valid until the next change. */
  rows({ first, end }: Span): Float32Array {
    if (first < this.#first || end > this.end) {
      throw new RangeError(`Frames ${first} to ${end} are not among ${this.#first} to ${this.end}.`);
    }
    return this.#values.subarray((first - this.#first) * this.columns, (end - this.#first) * this.columns);
  }

  /** Lets go of all frames before one. */
  forget(before: number): void {
    if (before <= this.#first) return;
    const kept = Math.min(before, this.end);
    const count = (kept - this.#first) * this.columns;
    const left = this.#length - count;
    if (left < LEAST_SHARE * this.#values.length) this.#move(count, left);
    else this.#values.copyWithin(0, count, this.#length);
    this.#length = left;
    this.#first = kept;
  }

  /** Goes to memory for `length` values, with those that are held from `begin` on. */
  #move(begin: number, length: number): void {
    const next = length === 0 ? new Float32Array(0) : this.memory.borrow(length);
    next.set(this.#values.subarray(begin, this.#length));
    this.memory.giveBack(this.#values);
    this.#values = next;
  }
}

/** What a stage reads, and how far around the frame that it makes. */
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
export const noReach: Reach = { framesBefore: 0, framesAfter: 0 };

/** What a stage has to read for a span: the span and its reach, up to the ends of the signal. */
export function withReach({ first, end }: Span, { framesBefore, framesAfter }: Reach, track: Track): Span {
  return { first: Math.max(0, first - framesBefore), end: Math.min(track.end, end + framesAfter) };
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
      const most = Math.max(...inputs.map(({ track, reach }) => (ahead.get(track) ?? 0) + reach.framesAfter));
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
        track.end === this.#total ? track.end : Math.max(0, track.end - reach.framesAfter),
      ),
    );
  }

  /** Lets a track forget what none of its readers needs any more. */
  #forget(track: Track): void {
    let needed = track === this.#result ? this.#taken : Infinity;
    for (const [index, { inputs }] of this.#stages.entries()) {
      for (const input of inputs) {
        if (input.track === track) needed = Math.min(needed, this.#done[index] - input.reach.framesBefore);
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
