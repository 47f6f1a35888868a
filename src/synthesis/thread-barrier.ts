// A barrier for threads: none passes before all have arrived. Two integers of shared memory: arrivals and generation.

/** A barrier's memory. */
export function createBarrier(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

/** Blocks the calling thread until `threads` threads have called it with the same barrier. Can be used again at once. */
export function waitForAll(barrier: Int32Array, threads: number): void {
  const generation = Atomics.load(barrier, 1);
  if (Atomics.add(barrier, 0, 1) === threads - 1) {
    Atomics.store(barrier, 0, 0);
    Atomics.add(barrier, 1, 1);
    Atomics.notify(barrier, 1);
  } else {
    while (Atomics.load(barrier, 1) === generation) Atomics.wait(barrier, 1, generation);
  }
}
