// The metrics of a pair of clips that lie in files or in memory, at whatever rates.
import { readRecording } from "../host/node/recordings.js";
import type { ThreadScript } from "../host.js";
import { resample } from "../audio/resample.js";
import { type ClipMetrics, MEASURE_RATE, measureClip } from "./metrics/clip-metrics.js";

/** Samples in memory. */
export interface ClipSamples {
  readonly samples: Float32Array;
  /** Hz. */
  readonly sampleRate: number;
}

/** A file's path, or samples. */
export type ClipSource = string | ClipSamples;

/** Two clips to measure. */
export interface MeasureJob {
  readonly reference: ClipSource;
  readonly synthesis: ClipSource;
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
 * Reads and measures a pair.
 *
 * @throws FileError, RecordingError, EmptyClipError, ResamplingError
 */
export async function measurePair({ reference, synthesis }: MeasureJob): Promise<ClipMeasurement> {
  const clips = [await samplesOf(reference), await samplesOf(synthesis)] as const;
  const seconds = clips.map(({ samples, sampleRate }) => samples.length / sampleRate);
  const measured = {
    seconds: Math.min(...seconds),
    excessSeconds: seconds[1] - seconds[0],
  };
  const [p, q] = await atOneRate(clips);
  return { ...measured, metrics: await measureClip(p.samples, q.samples, p.sampleRate) };
}

/** A clip's samples, read where they lie in a file. @throws FileError, RecordingError */
export async function samplesOf(source: ClipSource): Promise<ClipSamples> {
  return typeof source === "string" ? readRecording(source) : source;
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

/** What a measuring thread can be asked: a pair keeps one core busy for a twentieth of its length. */
export type MeasureTasks = Readonly<{ measure: (job: MeasureJob) => Promise<ClipMeasurement> }>;

/** The tasks of a thread. */
export const measureScript: ThreadScript<MeasureTasks> = { tasks: { measure: measurePair } };
