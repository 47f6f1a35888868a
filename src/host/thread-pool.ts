// Threads that share work, in the two ways that there are: each takes the next task when it is free, or all of them and
// the calling thread take a part of one piece of work each.
import type { Tasks, Thread } from "../host.js";

/** A queue of work that may not overlap: each piece begins when those before it have ended, well or not. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does a piece of work when its turn comes. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** Threads with the same script. */
export class ThreadPool<T extends Tasks> {
  readonly threads: readonly Thread[];
  readonly #idle: Thread[];
  readonly #waiting: ((thread: Thread) => void)[] = [];
  readonly #own: T | undefined;
  readonly #turns = new Turns();

  /** @param own the tasks for the calling thread, which does them where there is no other */
  constructor(threads: readonly Thread[], own?: T) {
    this.threads = threads;
    this.#idle = [...threads];
    this.#own = own;
  }

  /** Has a task done by the first thread that is free. @throws what the task throws */
  async ask<Name extends keyof T & string>(
    task: Name,
    given: Parameters<T[Name]>[0],
  ): Promise<Awaited<ReturnType<T[Name]>>> {
    if (this.threads.length === 0 && this.#own) {
      return (await this.#own[task](given)) as Awaited<ReturnType<T[Name]>>;
    }
    const thread = this.#idle.pop() ?? (await new Promise<Thread>((resolve) => this.#waiting.push(resolve)));
    try {
      return (await thread.ask(task, given)) as Awaited<ReturnType<T[Name]>>;
    } finally {
      const next = this.#waiting.shift();
      if (next) next(thread);
      else this.#idle.push(thread);
    }
  }

  /**
   * Has a task done by every thread. Only within a turn.
   *
   * @throws what one of them throws, when all have ended
   */
  async askAll<Name extends keyof T & string>(task: Name, given: Parameters<T[Name]>[0]): Promise<void> {
    const ended = await Promise.allSettled(this.threads.map((thread) => thread.ask(task, given)));
    for (const end of ended) if (end.status === "rejected") throw end.reason;
  }

  /** Does a piece of work that takes all threads when its turn comes: pieces follow each other. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#turns.take(work);
  }

  /**
   * Has a call done by the first threads, one set of numbers each, while the calling thread does its own part, and waits
   * for all of them. Only within a turn.
   *
   * @param calls the numbers for each thread, for as many threads as there are or fewer
   */
  async share(
    call: number,
    calls: readonly (readonly number[])[],
    own: () => Promise<void> | void,
  ): Promise<void> {
    calls.forEach((values, index) => {
      this.threads[index].begin(call, ...values);
    });
    const ended = await Promise.allSettled([(async () => own())()]);
    // whatever happens, no thread may still be at work when the next piece begins
    const failures: unknown[] = [];
    for (const end of ended) if (end.status === "rejected") failures.push(end.reason);
    calls.forEach((_, index) => {
      try {
        this.threads[index].finish();
      } catch (error) {
        failures.push(error);
      }
    });
    if (failures.length > 0) throw failures[0];
  }

  /** Ends the threads after what they have been asked; may be called again. */
  async dispose(): Promise<void> {
    await this.#turns.take(() => Promise.all(this.threads.map((thread) => thread.dispose())));
  }
}
