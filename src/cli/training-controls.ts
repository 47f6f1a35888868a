// How a person holds a training: Ctrl-C ends it after the step, a second one at once; SIGUSR1 pauses and continues.
import { setImmediate, setTimeout } from "node:timers/promises";
import type { TrainingLine } from "./training-line.js";

const STOPPING = ["SIGINT", "SIGTERM"] as const;
const PAUSE_CHECK_MS = 500;

/** The signals of a training, from its construction to `release`. */
export class TrainingControls {
  readonly #abort = new AbortController();
  readonly #line: TrainingLine;
  /** The command line's own handlers, which end the process at once: set aside for the second signal. */
  readonly #atOnce = STOPPING.map((signal) => process.rawListeners(signal) as NodeJS.SignalsListener[]);
  #paused = false;

  constructor(line: TrainingLine) {
    this.#line = line;
    for (const signal of STOPPING) process.removeAllListeners(signal).on(signal, this.#stop);
    process.on("SIGUSR1", this.#pause);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Lets the event loop turn, and waits while paused. */
  async wait(): Promise<void> {
    await setImmediate();
    while (this.#paused && !this.#abort.signal.aborted) await setTimeout(PAUSE_CHECK_MS);
  }

  release(): void {
    this.#giveBack();
    process.removeListener("SIGUSR1", this.#pause);
  }

  #giveBack(): void {
    for (const [index, signal] of STOPPING.entries()) {
      process.removeListener(signal, this.#stop);
      for (const listener of this.#atOnce[index].splice(0)) process.on(signal, listener);
    }
  }

  readonly #stop = (): void => {
    this.#giveBack();
    this.#line.note("Saving after this step; press Ctrl-C again to end at once.");
    this.#abort.abort();
  };

  readonly #pause = (): void => {
    this.#paused = !this.#paused;
    this.#line.note(this.#paused ? "Paused; another SIGUSR1 continues." : "Continued.");
  };
}
