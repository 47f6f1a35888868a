// How far a long run is, on stderr: a line that rewrites itself on a terminal, a line now and then in a log file.
import { isInteractive, type OutputOptions, printNote } from "./output.js";

// A duration as a person says it, for time left and for lengths of audio.

/** "45 s", "12 min", "3 h 20 min"; "some time" where it is not known. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "some time";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const LOG_INTERVAL_MS = 10_000;
// what is done sooner needs no forecast, and would get a poor one
const FORECAST_AFTER_MS = 2_000;
const CLEAR_LINE = "\r\u001b[K";

/** Tells how many of a known number of things are done, and how long the others will take. Nothing is said with --quiet. */
export class Progress {
  readonly #options: OutputOptions;
  readonly #total: number;
  readonly #noun: string;
  readonly #begun = performance.now();
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
    const line = `${this.#done} of ${this.#total} ${this.#noun}${this.#timeLeft()}`;
    if (isInteractive()) {
      process.stderr.write(
        `${CLEAR_LINE}${`${line} · ${name}`.slice(0, (process.stderr.columns || 80) - 1)}`,
      );
    } else if (performance.now() - this.#lastLog > LOG_INTERVAL_MS) {
      this.#lastLog = performance.now();
      printNote(this.#options, line);
    }
  }

  #timeLeft(): string {
    const elapsed = performance.now() - this.#begun;
    if (elapsed < FORECAST_AFTER_MS || this.#done >= this.#total) return "";
    return ` · ${duration((elapsed / 1000) * (this.#total / this.#done - 1))} left`;
  }

  /** Takes the rewriting line away. */
  end(): void {
    if (isInteractive() && !this.#options.quiet) process.stderr.write(CLEAR_LINE);
  }
}

const BAR_WIDTH = 24;

/** Tells how much of one long piece of work is done and how long the rest will take. Nothing is said with --quiet. */
export class WorkProgress {
  readonly #options: OutputOptions;
  readonly #begun = performance.now();
  #lastWord = performance.now();

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  /** @param done of `total`; without a total it is only told that the work goes on, in `words` */
  update(done: number, total: number, words = ""): void {
    if (this.#options.quiet) return;
    const now = performance.now();
    const terminal = isInteractive();
    if (now - this.#lastWord < (terminal ? 100 : LOG_INTERVAL_MS)) return;
    this.#lastWord = now;
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const left = share > 0 ? ` · ${duration(((now - this.#begun) / 1000) * (1 / share - 1))} left` : "";
    const percent = total > 0 ? `${String(Math.floor(100 * share)).padStart(3)} %${left}` : "";
    const line = [percent, words].filter(Boolean).join(" · ");
    if (!terminal) {
      printNote(this.#options, line.trim());
      return;
    }
    const filled = Math.round(BAR_WIDTH * share);
    const bar = total > 0 ? `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ` : "";
    process.stderr.write(`${CLEAR_LINE}${`${bar}${line}`.slice(0, (process.stderr.columns || 80) - 1)}`);
  }

  /** Takes the rewriting line away. */
  end(): void {
    if (isInteractive() && !this.#options.quiet) process.stderr.write(CLEAR_LINE);
  }
}
