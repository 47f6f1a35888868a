// How training goes: the mean loss and the speed since they were last asked for.
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import type { TrainConfig } from "./train-config.js";

/** Seconds of audio in a step. */
export function audioSecondsAStep(
  { batch, cropFrames }: Pick<TrainConfig, "batch" | "cropFrames">,
  { hopLength, sampleRate }: Pick<MelFormat, "hopLength" | "sampleRate">,
): number {
  return (batch * cropFrames * hopLength) / sampleRate;
}

/** Mean loss and speed since they were last taken. */
export class Meter {
  readonly #secondsAStep: number;
  #sum = 0;
  #count = 0;
  #since = performance.now();

  constructor(secondsAStep: number) {
    this.#secondsAStep = secondsAStep;
  }

  add(loss: number): void {
    this.#sum += loss;
    this.#count++;
  }

  /** Time that was not spent on steps. */
  leaveOut(milliseconds: number): void {
    this.#since += milliseconds;
  }

  /** The mean loss, NaN without any, and audio-seconds trained on a second; and begins anew. */
  take(): { readonly loss: number; readonly speed: number } {
    const now = performance.now();
    const speed = (1000 * this.#count * this.#secondsAStep) / (now - this.#since);
    const loss = this.#sum / this.#count;
    [this.#sum, this.#count, this.#since] = [0, 0, now];
    return { loss, speed };
  }
}
