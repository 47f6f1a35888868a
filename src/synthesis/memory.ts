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

/** Zeros in memory that threads share; a page without shared memory has no threads, and any memory serves. */
export function sharedFloats(length: number): Float32Array<SharedArrayBuffer> {
  const Buffer = typeof SharedArrayBuffer === "undefined" ? ArrayBuffer : SharedArrayBuffer;
  return new Float32Array(
    new Buffer(length * Float32Array.BYTES_PER_ELEMENT),
  ) as Float32Array<SharedArrayBuffer>;
}

/** Shared memory that is lent out. */
export class SharedMemory extends LentMemory<SharedArrayBuffer> {
  constructor() {
    super(sharedFloats);
  }
}

/** Values that come at one end and go at the other, in borrowed memory. */
export class SharedBand {
  readonly #memory: SharedMemory;
  #values = sharedFloats(0);
  #length = 0;

  constructor(memory: SharedMemory) {
    this.#memory = memory;
  }

  /** What is held, as a view that is valid until the next change. */
  get values(): Float32Array<SharedArrayBuffer> {
    return this.#values.subarray(0, this.#length);
  }

  /** Puts values behind those that there are. */
  append(values: Float32Array): void {
    const length = this.#length + values.length;
    if (length > this.#values.length) {
      const larger = this.#memory.borrow(length);
      larger.set(this.values);
      this.#memory.giveBack(this.#values);
      this.#values = larger;
    }
    this.#values.set(values, this.#length);
    this.#length = length;
  }

  /** Lets go of the first values. */
  drop(count: number): void {
    this.#values.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  /** Gives the memory back. */
  release(): void {
    this.#memory.giveBack(this.#values);
    this.#values = sharedFloats(0);
    this.#length = 0;
  }
}
