// What training is told, what it tells while it runs, and what it ends with.
import type { WeightValue } from "../models/weights.js";
import type { Engine } from "../engine/engine.js";
import type { CropSource, PitchSource } from "./draws.js";
import type { PitchError } from "./excitation-data.js";
import type { Run } from "./run.js";
import { finishingConfig, type TrainConfig } from "./config.js";
import type { MelFormat } from "../mel/format.js";

// What the dev measure measures: the error of ε̂ at fixed levels.

/** The levels at which the error is measured, λ. Not to be changed: runs are compared by it. */
export const devLogSnrs: readonly number[] = [-6, -4, -2, 0, 2, 4, 6, 8];

/** Mel frames of the crops in which it is measured. Not to be changed either. */
export const DEV_FRAMES = 64;

/** Errors relative to the noise's power; `byLevel` in the order of `devLogSnrs`. */
export interface DevError {
  readonly mean: number;
  readonly byLevel: readonly number[];
}

// How training goes: the mean loss and the speed since they were last asked for.

/** What a line of measurements is made of besides the figures of losses. */
export const reservedMetrics: readonly string[] = [
  "step",
  "hours",
  "loss",
  "speed",
  "devError",
  "devErrorByLevel",
];

/** Figures of losses by name: a loss's own name for its value, and its name with a point for what it tells besides. */
export type Figures = Readonly<Record<string, number>>;

/** The figures in a line of measurements. */
export function figuresOf(metrics: Readonly<Record<string, unknown>>): Figures {
  return Object.fromEntries(
    Object.entries(metrics).filter(
      (entry): entry is [string, number] =>
        typeof entry[1] === "number" && !reservedMetrics.includes(entry[0]),
    ),
  );
}

/** Seconds of audio in a step. */
export function audioSecondsAStep(
  { batch, cropFrames }: Pick<TrainConfig, "batch" | "cropFrames">,
  { hopLength, sampleRate }: Pick<MelFormat, "hopLength" | "sampleRate">,
): number {
  return (batch * cropFrames * hopLength) / sampleRate;
}

/** Audio seen in the first steps of a run, of both phases, in seconds. */
export function audioSecondsSeen(
  config: TrainConfig,
  format: Pick<MelFormat, "hopLength" | "sampleRate">,
  steps: number,
): number {
  const before = Math.min(steps, config.steps);
  const finishing = (steps - before) * audioSecondsAStep(finishingConfig(config), format);
  return before * audioSecondsAStep(config, format) + finishing;
}

/** Mean loss, figures and speed since they were last taken. */
export class Meter {
  readonly #secondsAStep: number;
  #sum = 0;
  #figures: Record<string, number> = {};
  #count = 0;
  #since = performance.now();

  constructor(secondsAStep: number) {
    this.#secondsAStep = secondsAStep;
  }

  /** @param figures the same ones each time */
  add(loss: number, figures: Figures = {}): void {
    this.#sum += loss;
    for (const [name, value] of Object.entries(figures)) {
      this.#figures[name] = (this.#figures[name] ?? 0) + value;
    }
    this.#count++;
  }

  /** Time that was not spent on steps. */
  leaveOut(milliseconds: number): void {
    this.#since += milliseconds;
  }

  /** The means, of the loss NaN without any, and audio-seconds trained on a second; and begins anew. */
  take(): { readonly loss: number; readonly figures: Figures; readonly speed: number } {
    const now = performance.now();
    const count = this.#count;
    const speed = (1000 * count * this.#secondsAStep) / (now - this.#since);
    const loss = this.#sum / count;
    const entries = Object.entries(this.#figures).map(([name, sum]) => [name, sum / count] as const);
    [this.#sum, this.#figures, this.#count, this.#since] = [0, {}, 0, now];
    return { loss, figures: Object.fromEntries(entries), speed };
  }
}

/** What training tells while it runs. */
export interface TrainingProgress {
  readonly phase: "prior" | "excitation" | "network" | "finish";
  /** Steps done, of the phase's total. */
  readonly step: number;
  readonly total: number;
  /** Mean over the last steps. */
  readonly loss: number;
  /** What the losses tell besides, means over the last steps too. */
  readonly figures: Figures;
  /** Audio-seconds trained on a second, over the last steps. */
  readonly speed: number;
  /** Audio in a step, where it is not as much as in the network's. */
  readonly secondsAStep?: number;
}

/** How to train. */
export interface TrainingOptions {
  readonly runtime: Engine;
  /** Where an excitation model is to be trained, it has to tell the pitch too. */
  readonly source: CropSource & Partial<PitchSource>;
  /** The same recordings, or others, with mels that an acoustic model predicted: finishing takes some of its crops there. */
  readonly predicted?: CropSource | undefined;
  readonly config: TrainConfig;
  /** Where the run is kept, and what weights it begins with, if not with random ones. */
  readonly run: Run;
  /** Seconds between saved states. */
  readonly saveEvery: number;
  /** Steps between measurements on the held-out recordings. */
  readonly measureEvery: number;
  readonly onProgress?: (progress: TrainingProgress) => void;
  /**
   * Seconds that all steps of the network will take, told before the prior's begin; without it, they are not measured
   * there.
   */
  readonly onEstimate?: (seconds: number) => void;
  readonly onMeasure?: (step: number, error: DevError) => void;
  /** The trained excitation model's errors on the held-out recordings. */
  readonly onPitchMeasure?: (error: PitchError) => void;
  readonly onRemark?: (sentence: string) => void;
  /** Called with the averaged weights, and the step that they are of, whenever a state was saved. */
  readonly onSave?: (step: number, weights: TrainedWeights) => Promise<void>;
  /** Waited for before each step: lets a caller pause, and the event loop turn. */
  readonly beforeStep?: () => Promise<void>;
  /** Saves the state and ends. */
  readonly signal?: AbortSignal;
  /** Milliseconds between attempts to write on a full disk. */
  readonly diskWait?: number;
}

/** What training makes. */
export interface TrainedWeights {
  /** None for a denoiser without a prior. */
  readonly prior: Readonly<Record<string, WeightValue>>;
  /** Absent where the run has none. */
  readonly excitation?: Readonly<Record<string, WeightValue>>;
  /** Averaged over the last steps. */
  readonly network: Readonly<Record<string, WeightValue>>;
}

/** What a training ended with. */
export interface TrainingResult extends TrainedWeights {
  /** Steps done. */
  readonly steps: number;
  /** False where the signal ended it. */
  readonly finished: boolean;
  /** The step whose weights these are: the last, or the best that was measured where a phase that predicts noise is over. */
  readonly weightsOf: number;
  /** The weights' error on the held-out recordings; undefined where it was not measured. */
  readonly error: DevError | undefined;
}

/** Steps between progress reports. */
export const REPORT_EVERY = 10;
