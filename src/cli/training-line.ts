// What a person sees of a training: one line that rewrites itself on a terminal, a line now and then in a log.
import type { DevError } from "../training/dev-measure.js";
import type { TrainingProgress } from "../training/trainer.js";
import { isInteractive, type OutputOptions, printNote } from "./output.js";

const LOG_INTERVAL_MS = 30_000;
const CLEAR_LINE = "\r\u001b[K";

/** Tells how a training goes. Nothing is said with --quiet. */
export class TrainingLine {
  readonly #options: OutputOptions;
  #speed = 0;
  #lastLog = -Infinity;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  /** The latest steps. */
  show({ phase, step, total, loss, speed }: TrainingProgress, secondsAStep: number): void {
    if (this.#options.quiet) return;
    // smoothed over some ten reports, which the time left follows
    this.#speed = this.#speed === 0 || step < 50 ? speed : this.#speed + 0.1 * (speed - this.#speed);
    const left = duration(((total - step) * secondsAStep) / this.#speed);
    const line =
      `${phase} ${step}/${total} · loss ${loss.toFixed(4)} · ` +
      `${speed.toFixed(1)} audio-s/s · ${left} left`;
    if (isInteractive()) {
      process.stderr.write(`${CLEAR_LINE}${line.slice(0, (process.stderr.columns || 80) - 1)}`);
    } else if (performance.now() - this.#lastLog > LOG_INTERVAL_MS || step === total) {
      this.#lastLog = performance.now();
      printNote(this.#options, line);
    }
  }

  /** A measurement, which stays on the screen. */
  showMeasure(step: number, { mean, byLevel }: DevError, levels: readonly number[]): void {
    const each = byLevel.map((value, index) => `${levels[index]}: ${value.toFixed(3)}`).join("  ");
    this.note(`step ${step} · ε error on the held-out recordings ${mean.toFixed(4)}  (by log-SNR ${each})`);
  }

  /** A sentence that stays on the screen. */
  note(text: string): void {
    if (isInteractive() && !this.#options.quiet) process.stderr.write(CLEAR_LINE);
    printNote(this.#options, text);
  }
}

/** A duration in seconds as a person says it: "45 s", "12 min", "3 h 20 min". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "some time";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
