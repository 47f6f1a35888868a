// What a person sees of a tuning: one line that rewrites itself on a terminal, a line now and then in a log.
import type { TuneProgress } from "../evaluation/tuning/tune-steps.js";
import { isInteractive, type OutputOptions, printNote } from "./output.js";
import { duration } from "./duration.js";

const LOG_INTERVAL_MS = 15_000;
const CLEAR_LINE = "\r\u001b[K";
const BAR = 12;

/** Tells how a tuning goes. Nothing is said with --quiet. */
export class TuningLine {
  readonly #options: OutputOptions;
  readonly #seconds: number;
  readonly #begun = performance.now();
  #lastLog = -Infinity;
  #lastPhase = "";

  /** @param seconds that the whole may take */
  constructor(options: OutputOptions, seconds: number) {
    this.#options = options;
    this.#seconds = seconds;
  }

  /** The latest trial. */
  show({ steps, phase, tried, before, best }: TuneProgress): void {
    if (this.#options.quiet) return;
    const spent = (performance.now() - this.#begun) / 1000;
    const left = `${duration(Math.max(0, this.#seconds - spent))} left`;
    const line = `${steps} steps · ${phase} · ${tried} tried · objective ${before.toFixed(4)} → ${best.toFixed(4)}`;
    if (isInteractive()) {
      const filled = Math.min(BAR, Math.round((BAR * spent) / this.#seconds));
      const text = `${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${left} · ${line}`;
      process.stderr.write(`${CLEAR_LINE}${text.slice(0, (process.stderr.columns || 80) - 1)}`);
    } else if (
      performance.now() - this.#lastLog > LOG_INTERVAL_MS ||
      `${steps}${phase}` !== this.#lastPhase
    ) {
      this.#lastLog = performance.now();
      printNote(this.#options, `${line} · ${left}`);
    }
    this.#lastPhase = `${steps}${phase}`;
  }

  /** A sentence that stays on the screen. */
  note(text: string): void {
    if (isInteractive() && !this.#options.quiet) process.stderr.write(CLEAR_LINE);
    printNote(this.#options, text);
  }
}
