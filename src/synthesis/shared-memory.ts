// Memory that threads share, used again and again: what a thread has once been sent it may hold for long, so fresh memory
// for each piece of work would pile up.
import { LentMemory } from "./lent-memory.js";

/** Zeros in memory that threads share. */
export function sharedFloats(length: number): Float32Array<SharedArrayBuffer> {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
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
