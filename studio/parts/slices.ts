// Long computations in short pieces, so that the page answers while they run.

/** How long a piece may take, in milliseconds: a frame has 16. */
const SLICE = 8;

/** Waits for a task of its own, after what the page has to do in between. */
export function nextTask(): Promise<void> {
  return new Promise((go) => setTimeout(go, 0));
}

/** Lets the page go on as soon as a slice is used up. */
export class Slices {
  #began = performance.now();

  /** Await it often: it waits only where the slice is used up. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#began < SLICE) return;
    await nextTask();
    this.#began = performance.now();
  }
}

/** Runs the newest of several requests: a computation that a newer one has overtaken is told to stop. */
export class Newest {
  #asked = 0;

  /**
   * @param work gets a function that says whether it is still wanted
   */
  async run(work: (isWanted: () => boolean, slices: Slices) => Promise<void>): Promise<void> {
    const mine = ++this.#asked;
    await nextTask();
    await work(() => mine === this.#asked, new Slices());
  }
}
