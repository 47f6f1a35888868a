// A signal of any length of which only a band is held: rows of values, one a mel frame, that come at one end and are
// forgotten at the other. [end − first, columns], row-major. A waveform is a track with `hop` columns.
import { lentFloats, type LentMemory } from "../lent-memory.js";

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
