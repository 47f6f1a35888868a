// How a person holds a training: Ctrl-C ends it after the step, a second one at once; SIGUSR1 pauses and continues.
import { setImmediate, setTimeout } from "node:timers/promises";
import { type DevError, devLogSnrs, type Figures } from "../training/progress.js";
import type { PitchError } from "../training/excitation-data.js";
import type { TrainingProgress } from "../training/trainer.js";
import { duration, StatusLine } from "./status.js";
import type { OutputOptions } from "./output.js";

// What a person sees of a training.

const LOG_INTERVAL_MS = 30_000;
/** After so much time, or so many steps, the network's speed is known well enough to say how long it takes. */
const ESTIMATE_MS = 30_000;
const ESTIMATE_STEPS = 100;

/** Tells how a training goes. Nothing is said with --quiet. */
export class TrainingLine {
  readonly #line: StatusLine;
  readonly #secondsAStep: number;
  #phase: string | undefined;
  #speed = 0;
  #begun = 0;
  #estimated = false;
  #error: DevError | undefined;

  /** @param secondsAStep of audio */
  constructor(options: OutputOptions, secondsAStep: number) {
    this.#line = new StatusLine(options, { intervalMs: LOG_INTERVAL_MS, beginsAtOnce: true });
    this.#secondsAStep = secondsAStep;
  }

  /** The latest steps. */
  show(progress: TrainingProgress): void {
    const { phase, step, total, loss, figures, speed, secondsAStep = this.#secondsAStep } = progress;
    if (phase !== this.#phase) {
      [this.#phase, this.#speed, this.#begun] = [phase, speed, performance.now()];
      this.#estimated = false;
    }
    // smoothed over some ten reports, which the time left follows
    this.#speed += 0.1 * (speed - this.#speed);
    const left = ((total - step) * secondsAStep) / this.#speed;
    if (phase === "network" || phase === "finish") this.#estimate(step, total, left);
    const line =
      `${phase} ${step}/${total} · ${duration(left)} left · ${speed.toFixed(1)} audio-s/s · ` +
      `loss ${loss.toFixed(4)}${figureWords(figures)}${this.#error ? ` · ${errorWords(this.#error)}` : ""}`;
    this.#line.show(line, { isDue: step === total });
  }

  /** What the network's first steps promise, before the others of the training. */
  showEstimate(steps: number, seconds: number): void {
    this.note(
      `The network's ${steps} steps take about ${duration(seconds)} here, as measured on the first; what comes before ` +
        "them takes minutes.",
    );
  }

  /** A measurement, which stays on the screen. */
  showMeasure(step: number, error: DevError): void {
    this.#error = error;
    const each = error.byLevel.map((value, index) => `${devLogSnrs[index]}: ${value.toFixed(3)}`).join("  ");
    this.note(
      `step ${step} · ε error on the held-out recordings ${error.mean.toFixed(4)}  (by log-SNR ${each})`,
    );
  }

  /** How well the excitation model reads recordings that it was not trained on; stays on the screen. */
  showPitchMeasure({ medianCents, gross, voicing }: PitchError): void {
    this.note(
      `excitation model on the held-out recordings: pitch within ${medianCents.toFixed(1)} cents (median), ` +
        `${percent(gross)} of it over 200 cents away, ${percent(voicing)} of the frames wrongly voiced or unvoiced`,
    );
  }

  /** A sentence that stays on the screen. */
  note(text: string): void {
    this.#line.note(text);
  }

  /** Says once, early in the first minute, how long all the steps take. */
  #estimate(step: number, total: number, left: number): void {
    const isKnown = performance.now() - this.#begun > ESTIMATE_MS || step % ESTIMATE_STEPS === 0;
    if (this.#estimated || !isKnown || step === total) return;
    this.#estimated = true;
    this.note(
      `At ${this.#speed.toFixed(1)} audio-seconds a second, the other ${total - step} of ${total} steps take about ${duration(left)}.`,
    );
  }
}

/** What the losses tell besides: " · noise 0.1931 · stft 0.8254". */
function figureWords(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => ` · ${name} ${value.toFixed(4)}`)
    .join("");
}

/** Mean and first to last level: "ε 0.473 (λ −6…8: .98 .95 …)". */
function errorWords({ mean, byLevel }: DevError): string {
  const each = byLevel.map((value) => value.toFixed(2).replace(/^0/, "")).join(" ");
  return `ε error ${mean.toFixed(4)} (λ ${devLogSnrs[0]}…${devLogSnrs[devLogSnrs.length - 1]}: ${each})`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

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
