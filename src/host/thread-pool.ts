// Threads that share work, in the two ways that there are: each takes the next task when it is free, or all of them and
// the calling thread take a part of one piece of work each.
import { InputError } from "../errors.js";
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

/** Something was used after its end, or was at work when it was ended. */
export class DisposedError extends InputError {
  /** @param what a noun with its article, for the message */
  constructor(what: string) {
    super(
      `${what} was disposed of while it was at work, or before. Wait for the work first, or load it anew.`,
    );
  }
}

/** What is open, at work and ended once: nothing that it holds is freed while it is at work. */
export class Lifetime {
  readonly #what: string;
  readonly #atWork = new Set<Promise<unknown>>();
  #end: Promise<void> | undefined;

  /** @param what a noun with its article, for messages */
  constructor(what: string) {
    this.#what = what;
  }

  /** Whether the end was asked for. */
  requireOpen(): void {
    if (this.#end) throw new DisposedError(this.#what);
  }

  /**
   * Does a piece of work, which the end waits for. Work that takes long calls `requireOpen` now and then.
   *
   * @throws DisposedError after the end, when everything is freed: who waits for both ends hears of it in order
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    try {
      this.requireOpen();
      const done = work();
      this.#atWork.add(done);
      try {
        return await done;
      } finally {
        this.#atWork.delete(done);
      }
    } catch (error) {
      if (error instanceof DisposedError) await this.#end?.catch(() => undefined);
      throw error;
    }
  }

  /** Frees what is held when nothing is at work any more; may be called again, and frees it once. */
  async end(free: () => Promise<void>): Promise<void> {
    await (this.#end ??= this.#endWith(free));
  }

  async #endWith(free: () => Promise<void>): Promise<void> {
    await Promise.allSettled(this.#atWork);
    await free();
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
