// The clips that a measurement listens to: recordings with their mels, whole or as short pieces.
import { computeMel } from "../mel/analysis.js";
import type { Mel, MelFormat } from "../mel/format.js";
import { resample } from "../audio/resample.js";
import { type ClipMetrics, MEASURE_RATE, measureClip } from "./metrics/clip-metrics.js";

// The metrics of a pair of clips at whatever rates.

/** Samples in memory. */
export interface ClipSamples {
  readonly samples: Float32Array;
  /** Hz. */
  readonly sampleRate: number;
}

/** A clip's metrics and what was measured. */
export interface ClipMeasurement {
  readonly metrics: ClipMetrics;
  /** Of the part that both clips have. */
  readonly seconds: number;
  /** By how much the synthesis is longer; negative where it is shorter. */
  readonly excessSeconds: number;
}

/**
 * Measures a synthesis against its recording.
 *
 * @throws EmptyClipError, ResamplingError
 */
export async function measureSamples(
  reference: ClipSamples,
  synthesis: ClipSamples,
): Promise<ClipMeasurement> {
  const clips = [reference, synthesis] as const;
  const seconds = clips.map(({ samples, sampleRate }) => samples.length / sampleRate);
  const measured = {
    seconds: Math.min(...seconds),
    excessSeconds: seconds[1] - seconds[0],
  };
  const [p, q] = await atOneRate(clips);
  return { ...measured, metrics: await measureClip(p.samples, q.samples, p.sampleRate) };
}

/** Both clips at one rate: their own, or else that of the metrics. */
export async function atOneRate(
  clips: readonly [ClipSamples, ClipSamples],
): Promise<readonly [ClipSamples, ClipSamples]> {
  if (clips[0].sampleRate === clips[1].sampleRate) return clips;
  const resampled = async ({ samples, sampleRate }: ClipSamples): Promise<ClipSamples> => ({
    samples: await resample(samples, sampleRate, MEASURE_RATE),
    sampleRate: MEASURE_RATE,
  });
  return [await resampled(clips[0]), await resampled(clips[1])];
}

/** A recording and its mel. */
export interface Clip {
  readonly name: string;
  /** At the mel format's rate, [n]. */
  readonly samples: Float32Array;
  /** [frames, bands] */
  readonly mel: Mel;
}

/**
 * Pieces from the middles of clips spread evenly over those given, so that all voices of a sorted list are among them.
 *
 * @param seconds of all pieces together
 * @param longest seconds of one piece
 */
export function piecesOf(
  clips: readonly Clip[],
  format: MelFormat,
  seconds: number,
  longest: number,
): Clip[] {
  const count = Math.min(clips.length, Math.max(1, Math.round(seconds / longest)));
  return Array.from({ length: count }, (_, i) => {
    const { name, samples } = clips[Math.floor(((i + 0.5) * clips.length) / count)];
    const length = Math.min(samples.length, Math.round(longest * format.sampleRate));
    const from = Math.floor((samples.length - length) / 2);
    const piece = samples.slice(from, from + length);
    return { name, samples: piece, mel: computeMel(piece, format) };
  });
}

/** Seconds of audio in clips. */
export function secondsOf(clips: readonly Clip[]): number {
  return clips.reduce((sum, { samples, mel }) => sum + samples.length / mel.format.sampleRate, 0);
}

/**
 * The mel of clips joined one after the other, over again where they are too short, cut to a length: what speed is
 * measured on.
 *
 * @param seconds at least a frame of it
 */
export function joinedMel(clips: readonly Clip[], format: MelFormat, seconds: number): Mel {
  const { bands, hopLength, sampleRate } = format;
  const frames = Math.max(1, Math.round((seconds * sampleRate) / hopLength));
  const values = new Float32Array(frames * bands);
  for (let filled = 0, index = 0; filled < values.length; index++) {
    const part = clips[index % clips.length].mel.values.subarray(0, values.length - filled);
    values.set(part, filled);
    filled += part.length;
  }
  return { frames, format, values };
}
