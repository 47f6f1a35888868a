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
const CLEAR_LINE = "\r\u001b[K";
const USUAL_COLUMNS = 80;

/** How a line is shown. */
interface Showing {
  /** What a terminal has in its place, such as the line after a bar. */
  readonly onScreen?: string;
  /** Whether a log has it though the line before was not long ago. */
  readonly isDue?: boolean;
}

/**
 * The one line that says how far a command is: on a terminal it rewrites itself, and in a log file there is one now and
 * then. All that tells of progress goes through it. Nothing is said with --quiet.
 */
export class StatusLine {
  readonly #options: Pick<OutputOptions, "quiet">;
  readonly #interval: number;
  #lastLog: number;

  /**
   * @param log the least time between lines in a log, and whether the first one comes at once
   */
  constructor(
    options: Pick<OutputOptions, "quiet">,
    log: { readonly intervalMs?: number; readonly beginsAtOnce?: boolean } = {},
  ) {
    this.#options = options;
    this.#interval = log.intervalMs ?? LOG_INTERVAL_MS;
    this.#lastLog = log.beginsAtOnce ? -Infinity : performance.now();
  }

  /** Puts a line in place of the one before; in a log, if it is time for one. */
  show(line: string, { onScreen = line, isDue = false }: Showing = {}): void {
    if (this.#options.quiet) return;
    if (isInteractive()) {
      const columns = process.stderr.columns || USUAL_COLUMNS;
      process.stderr.write(`${CLEAR_LINE}${onScreen.slice(0, columns - 1)}`);
    } else if (isDue || performance.now() - this.#lastLog > this.#interval) {
      this.#lastLog = performance.now();
      printNote(this.#options, line);
    }
  }

  /** A sentence that stays on the screen. */
  note(text: string): void {
    this.end();
    printNote(this.#options, text);
  }

  /** Takes the line away. */
  end(): void {
    if (isInteractive() && !this.#options.quiet) process.stderr.write(CLEAR_LINE);
  }
}

/** A bar of so many characters, filled to a share. */
export function bar(share: number, width: number): string {
  const filled = Math.min(width, Math.round(width * share));
  return "█".repeat(filled) + "░".repeat(width - filled);
}

// what is done sooner needs no forecast, and would get a poor one
const FORECAST_AFTER_MS = 2_000;

/** Tells how many of a known number of things are done, and how long the others will take. Nothing is said with --quiet. */
export class Progress {
  readonly #line: StatusLine;
  readonly #total: number;
  readonly #noun: string;
  readonly #begun = performance.now();
  #done = 0;

  /** @param noun what is counted, in the plural: "recordings" */
  constructor(options: OutputOptions, total: number, noun: string) {
    this.#line = new StatusLine(options);
    this.#total = total;
    this.#noun = noun;
  }

  /** Counts one more as done; `name` says which one. */
  advance(name: string): void {
    this.#done++;
    const line = `${this.#done} of ${this.#total} ${this.#noun}${this.#timeLeft()}`;
    this.#line.show(line, { onScreen: `${line} · ${name}` });
  }

  #timeLeft(): string {
    const elapsed = performance.now() - this.#begun;
    if (elapsed < FORECAST_AFTER_MS || this.#done >= this.#total) return "";
    return ` · ${duration((elapsed / 1000) * (this.#total / this.#done - 1))} left`;
  }

  /** Takes the rewriting line away. */
  end(): void {
    this.#line.end();
  }
}

const BAR_WIDTH = 24;
/** A terminal is not written to more often. */
const SCREEN_INTERVAL_MS = 100;

/** Tells how much of one long piece of work is done and how long the rest will take. Nothing is said with --quiet. */
export class WorkProgress {
  readonly #line: StatusLine;
  readonly #begun = performance.now();
  #lastWord = performance.now();

  constructor(options: OutputOptions) {
    this.#line = new StatusLine(options);
  }

  /** @param done of `total`; without a total it is only told that the work goes on, in `words` */
  update(done: number, total: number, words = ""): void {
    const now = performance.now();
    if (now - this.#lastWord < SCREEN_INTERVAL_MS) return;
    this.#lastWord = now;
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const left = share > 0 ? ` · ${duration(((now - this.#begun) / 1000) * (1 / share - 1))} left` : "";
    const percent = total > 0 ? `${String(Math.floor(100 * share)).padStart(3)} %${left}` : "";
    const line = [percent, words].filter(Boolean).join(" · ");
    this.#line.show(line.trim(), { onScreen: total > 0 ? `${bar(share, BAR_WIDTH)} ${line}` : line });
  }

  /** Takes the rewriting line away. */
  end(): void {
    this.#line.end();
  }
}
