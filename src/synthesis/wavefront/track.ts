// A signal of any length of which only a band is held: rows of values, one a mel frame, that come at one end and are
// forgotten at the other. [end − first, columns], row-major. A waveform is a track with `hop` columns.

/** Rows first … end of a signal, in frames. */
export interface Span {
  readonly first: number;
  /** The frame behind the last. */
  readonly end: number;
}

/** The part of a signal between what is not known yet and what nobody needs any more. */
export class Track {
  /** Values a frame. */
  readonly columns: number;
  #first = 0;
  #values = new Float32Array(0);

  constructor(columns: number) {
    this.columns = columns;
  }

  /** The first frame that is held. */
  get first(): number {
    return this.#first;
  }

  /** The frame behind the last that is known. */
  get end(): number {
    return this.#first + this.#values.length / this.columns;
  }

  /** Takes the next rows; they belong to the track then. */
  append(rows: Float32Array): void {
    if (rows.length % this.columns !== 0) {
      throw new RangeError(`${rows.length} values are no rows of ${this.columns}.`);
    }
    if (this.#values.length === 0) {
      // an utterance that is done in one piece is never copied
      this.#values = rows as Float32Array<ArrayBuffer>;
      return;
    }
    const joined = new Float32Array(this.#values.length + rows.length);
    joined.set(this.#values);
    joined.set(rows, this.#values.length);
    this.#values = joined;
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
    // a copy, so that the memory of what is forgotten comes free
    this.#values = this.#values.slice((kept - this.#first) * this.columns);
    this.#first = kept;
  }
}
