// What a synthesis says of itself afterwards: what it was made with, how long it took, and how well it came out.
import type { TunedStart } from "../checkpoint/tunings.js";
import type { Precision } from "../engine/engine.js";

/** How a waveform was synthesised. */
export interface SynthesisReport {
  readonly sampler: string;
  readonly schedule: string;
  readonly steps: number;
  /** What the process started from. */
  readonly start: TunedStart;
  /** λ₀ of a harmonic start. */
  readonly startLevel?: number;
  /** "given" where the pitch was not read off the mel. */
  readonly pitch?: "given";
  /** Cents that the pitch was raised by, where it was. */
  readonly pitchShift?: number;
  readonly refine: number;
  /** p and momentum of the corrections. */
  readonly refineExponent: number;
  readonly refineMomentum: number;
  readonly seed: string;
  readonly engine: string;
  readonly device: string;
  /** undefined where the engine decides. */
  readonly threads: number | undefined;
  readonly precision: Precision;
  /** Hz. */
  readonly sampleRate: number;
  readonly audioSeconds: number;
  /** From the mel in memory to the waveform in memory; for a stream without waiting. */
  readonly seconds: number;
  /** seconds/audioSeconds: below 1 is faster than real time. */
  readonly realTimeFactor: number;
  /** From the start to the first samples, waiting for frames included. */
  readonly firstSoundSeconds: number;
  /** Seconds of mel that have to follow a sample before it can be computed. */
  readonly lookAheadSeconds: number;
  /** The mean absolute difference between the waveform's log-mel and the given one, in ln. */
  readonly melDifference: number;
  /** The largest magnitude. */
  readonly peak: number;
  /** Samples beyond −1…1. */
  readonly clippedSamples: number;
}
