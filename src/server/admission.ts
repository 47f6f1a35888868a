// Who may work and who waits: so many pieces of work at once, so many waiting, and a word to everybody else when to come
// again. First come, first served; who gives up waiting leaves the queue.
import { VocodeError } from "../errors.js";

/** There is no place to wait in. */
export class BusyError extends VocodeError {
  readonly exitCode = 1;

  /** @param retryAfter seconds after which there should be a place */
  constructor(
    waiting: number,
    readonly retryAfter: number,
  ) {
    super(
      waiting === 0
        ? `All places are taken. Try again in ${retryAfter} s.`
        : `${waiting} requests are waiting already. Try again in ${retryAfter} s.`,
    );
  }
}

/** How many may be in. */
export interface Places {
  /** At work at once. */
  readonly parallel: number;
  /** Waiting for it. */
  readonly waiting: number;
  /** The longest expected wait in seconds: who would wait longer had better come again. Without it any. */
  readonly patience?: number;
}

/** What a piece of work is taken to last before any has. */
const FIRST_GUESS = 1;
/** Of the mean duration, what the latest piece of work counts. */
const NEWEST_SHARE = 0.2;

/** Lets work in. */
export class Admission {
  readonly #places: Places;
  readonly #queue: (() => void)[] = [];
  #atWork = 0;
  /** A running mean, in seconds. */
  #duration = FIRST_GUESS;

  constructor(places: Places) {
    this.#places = places;
  }

  get atWork(): number {
    return this.#atWork;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Waits for a place.
   *
   * @returns what gives the place back; may be called again
   * @throws BusyError where there is none to wait in; the signal's reason
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#atWork < this.#places.parallel) this.#atWork++;
    else {
      const { waiting, patience = Infinity } = this.#places;
      if (this.#queue.length >= waiting || this.#expectedWait() > patience)
        throw new BusyError(this.#queue.length, Math.max(1, Math.ceil(this.#expectedWait())));
      await this.#wait(signal);
    }
    const begun = performance.now();
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      const seconds = (performance.now() - begun) / 1000;
      this.#duration += NEWEST_SHARE * (seconds - this.#duration);
      // the place goes on to whoever waits first, and is never free between
      const next = this.#queue.shift();
      if (next) next();
      else this.#atWork--;
    };
  }

  /** Seconds that whoever comes now has before them. */
  #expectedWait(): number {
    return (this.#duration * (this.#queue.length + 1)) / this.#places.parallel;
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#queue.splice(this.#queue.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      const enter = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      this.#queue.push(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}
