// How far a long run is, on stderr: a line that rewrites itself on a terminal, a line now and then in a log file.
import { isInteractive, printNote, type OutputOptions } from "./output.js";

const LOG_INTERVAL_MS = 10_000;
const CLEAR_LINE = "\r\u001b[K";

/** Tells how many of a known number of things are done. Nothing is said with --quiet. */
export class Progress {
  readonly #options: OutputOptions;
  readonly #total: number;
  readonly #noun: string;
  #done = 0;
  #lastLog = performance.now();

  /** @param noun what is counted, in the plural: "recordings" */
  constructor(options: OutputOptions, total: number, noun: string) {
    this.#options = options;
    this.#total = total;
    this.#noun = noun;
  }

  /** Counts one more as done; `name` says which one. */
  advance(name: string): void {
    this.#done++;
    if (this.#options.quiet) return;
    const line = `${this.#done} of ${this.#total} ${this.#noun}`;
    if (isInteractive()) {
      process.stderr.write(
        `${CLEAR_LINE}${`${line} · ${name}`.slice(0, (process.stderr.columns || 80) - 1)}`,
      );
    } else if (performance.now() - this.#lastLog > LOG_INTERVAL_MS) {
      this.#lastLog = performance.now();
      printNote(this.#options, line);
    }
  }

  /** Takes the rewriting line away. */
  end(): void {
    if (isInteractive() && !this.#options.quiet) process.stderr.write(CLEAR_LINE);
  }
}
