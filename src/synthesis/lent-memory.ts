// Memory that is lent out and used again. What each tile allocates anew waits for the garbage collector by the hundred
// megabytes, since the collector hardly sees what lies outside its heap; and memory that another thread has been sent may
// be held there for long.

/** A lent piece may be so many times as large as what was asked for: a small one shall not block a large one. */
const MOST_SPARE = 4;
/** Lengths are rounded up to quarters of a power of two, so that pieces of about a length serve each other. */
const STEPS_PER_OCTAVE = 4;

/** Pieces of memory that have one borrower each. */
export class LentMemory<Buffer extends ArrayBufferLike> {
  readonly #make: (length: number) => Float32Array<Buffer>;
  readonly #free: Float32Array<Buffer>[] = [];

  constructor(make: (length: number) => Float32Array<Buffer>) {
    this.#make = make;
  }

  /** Memory for at least so many values, whatever they are. */
  borrow(length: number): Float32Array<Buffer> {
    let best = -1;
    for (const [index, each] of this.#free.entries()) {
      const fits = each.length >= length && each.length <= MOST_SPARE * length;
      if (fits && (best < 0 || each.length < this.#free[best].length)) best = index;
    }
    return best < 0 ? this.#make(roundedUp(length)) : this.#free.splice(best, 1)[0];
  }

  /** Takes back what was lent. */
  giveBack(memory: Float32Array<Buffer>): void {
    if (memory.length > 0) this.#free.push(memory);
  }
}

/** Memory of one thread. */
export function lentFloats(): LentMemory<ArrayBuffer> {
  return new LentMemory((length) => new Float32Array(length));
}

function roundedUp(length: number): number {
  const step = Math.max(1, 2 ** Math.floor(Math.log2(Math.max(1, length))) / STEPS_PER_OCTAVE);
  return Math.ceil(length / step) * step;
}
