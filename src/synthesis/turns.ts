// Work that may not overlap takes turns: each piece begins when those before it have ended, well or not.

/** A queue of work. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does a piece of work when its turn comes. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work);
    this.#last = run.catch(() => undefined);
    return run;
  }
}
