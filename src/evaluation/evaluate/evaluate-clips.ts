// An evaluation: clips whose two sides are got one after the other, measured on several threads. A clip that cannot be
// used does not stop the others.
import { InputError } from "../../errors.js";
import type { ClipMeasurement, MeasureJob } from "./measure-pair.js";
import { MeasurePool } from "./measure-pool.js";

/** A clip to measure, and how to get its two sides. */
export interface ClipTask {
  readonly name: string;
  /** @throws InputError where the clip cannot be used */
  prepare(): Promise<MeasureJob>;
}

/** A clip that was measured. */
export interface MeasuredClip extends ClipMeasurement {
  readonly name: string;
}

/** A clip that could not be used, and why. */
export interface FailedClip {
  readonly name: string;
  readonly error: string;
}

/** Everything that came of an evaluation, in the order of its tasks. */
export interface Evaluation {
  readonly clips: readonly MeasuredClip[];
  readonly failures: readonly FailedClip[];
}

/** What an evaluation does besides measuring. */
export interface EvaluateOptions {
  /** Threads that measure. */
  readonly threads: number;
  /** Called with each clip that is done, or failed. */
  readonly onClip?: (name: string) => void;
  /** Called with each pair that was measured; what it throws ends the evaluation. */
  readonly onPair?: (name: string, pair: MeasureJob) => Promise<void>;
}

/** Measures all clips. @throws what is not a clip's fault */
export async function evaluateClips(
  tasks: readonly ClipTask[],
  { threads, onClip, onPair }: EvaluateOptions,
): Promise<Evaluation> {
  const pool = new MeasurePool(Math.max(1, Math.min(tasks.length, threads)));
  const attempt = async (task: ClipTask): Promise<MeasuredClip | FailedClip> => {
    const { name } = task;
    let pair: MeasureJob;
    let measurement: ClipMeasurement;
    try {
      pair = await task.prepare();
      measurement = await pool.measure(pair);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      onClip?.(name);
      return { name, error: error.message };
    }
    await onPair?.(name, pair);
    onClip?.(name);
    return { name, ...measurement };
  };
  try {
    const results = await Promise.all(tasks.map(attempt));
    return {
      clips: results.filter((result) => "metrics" in result),
      failures: results.filter((result) => "error" in result),
    };
  } finally {
    await pool.dispose();
  }
}
