// A signal of any length of which only a band is held: rows of values, one a mel frame, that come at one end and are
// forgotten at the other. [end − first, columns], row-major. A waveform is a track with `hop` columns.

/** Rows first … end of a signal, in frames. */
export interface Span {
  readonly first: number;
  /** The frame behind the last. */
  readonly end: number;
}

/** Room for more than is needed when a track grows, so that it soon stops growing. */
const GROWTH = 1.25;

/**
 * The part of a signal between what is not known yet and what nobody needs any more. Its memory is used again and again:
 * what each tile allocates anew would wait for the garbage collector by the hundred megabytes.
 */
export class Track {
  /** Values a frame. */
  readonly columns: number;
  #first = 0;
  #values = new Float32Array(0);
  /** How many of them are held. */
  #length = 0;

  constructor(columns: number) {
    this.columns = columns;
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
    if (rows.length % this.columns !== 0) {
      throw new RangeError(`${rows.length} values are no rows of ${this.columns}.`);
    }
    const length = this.#length + rows.length;
    if (length > this.#values.length) {
      // an utterance that is done in one piece takes no more than its length
      const larger = new Float32Array(this.#values.length === 0 ? length : Math.ceil(GROWTH * length));
      larger.set(this.#values.subarray(0, this.#length));
      this.#values = larger;
    }
    this.#values.set(rows, this.#length);
    this.#length = length;
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
    this.#values.copyWithin(0, count, this.#length);
    this.#length -= count;
    this.#first = kept;
  }
}
