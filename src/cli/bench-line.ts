// What a person sees of a benchmark: a bar with the time left on a terminal, a line now and then in a log.
import type { BenchmarkProgress } from "../evaluation/benchmark/run-benchmark.js";
import { isInteractive, type OutputOptions, printNote } from "./output.js";
import { duration } from "./duration.js";

const LOG_INTERVAL_MS = 30_000;
const CLEAR_LINE = "\r\u001b[K";
const BAR = 20;

/** Tells how a benchmark goes. Nothing is said with --quiet. */
export class BenchLine {
  readonly #options: Pick<OutputOptions, "quiet">;
  #lastLog = -Infinity;

  constructor(options: Pick<OutputOptions, "quiet">) {
    this.#options = options;
  }

  /** The measurement that begins. */
  show({ phase, setting, done, total, secondsLeft }: BenchmarkProgress): void {
    if (this.#options.quiet) return;
    const { sampler, steps, start, precision } = setting;
    const left = Number.isFinite(secondsLeft) ? ` · ${duration(secondsLeft)} left` : "";
    const line = `${done}/${total}${left} · ${phase} of ${steps} × ${sampler}, ${start}, ${precision}`;
    if (isInteractive()) {
      const filled = Math.round((BAR * done) / total);
      const text = `${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${line}`;
      process.stderr.write(`${CLEAR_LINE}${text.slice(0, (process.stderr.columns || 80) - 1)}`);
    } else if (performance.now() - this.#lastLog > LOG_INTERVAL_MS) {
      this.#lastLog = performance.now();
      printNote(this.#options, line);
    }
  }

  /** A sentence that stays on the screen. */
  note(text: string): void {
    this.end();
    printNote(this.#options, text);
  }

  /** Takes the rewriting line away. */
  end(): void {
    if (isInteractive() && !this.#options.quiet) process.stderr.write(CLEAR_LINE);
  }
}
