// The metrics of a pair of clips at whatever rates.
import { resample } from "../audio/resample.js";
import { type ClipMetrics, MEASURE_RATE, measureClip } from "./metrics/clip-metrics.js";

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
