// The pitch and the voicing of a recording, one value a mel frame: candidates from each frame's autocorrelation, a path
// through them, and the periodicity of five bands at the path's pitch. Frame i is centred on sample hop·i + ⌊hop/2⌋.
import { bandVoicing, FILTER_TRANSFORM_SIZE } from "./band-voicing.js";
import { PitchAnalysis, transformSize } from "./pitch-candidates.js";
import { pitchPath } from "./pitch-path.js";
import type { RealTransform } from "./real-transform.js";

/** The source of a voice over time. */
export interface Pitch {
  /** F0 in Hz, 0 where there is no voice. [frames] */
  readonly hertz: Float32Array;
  /** How periodic each band is, 0 … 1; 0 where there is no voice. [frames, 5], bands as `VOICING_EDGES` */
  readonly bandVoicing: Float32Array;
}

/** The transforms that the analysis works with; made once for a sample rate. */
export interface PitchTransforms<T extends RealTransform = RealTransform> {
  readonly correlation: T;
  readonly filter: T;
}

/** Makes the transforms, given how to make one of a size. */
export async function createPitchTransforms<T extends RealTransform>(
  sampleRate: number,
  create: (size: number) => Promise<T>,
): Promise<PitchTransforms<T>> {
  return {
    correlation: await create(transformSize(sampleRate)),
    filter: await create(FILTER_TRANSFORM_SIZE),
  };
}

/**
 * Pitch and voicing of each whole frame of a recording.
 *
 * @param samples [n]
 * @param sampleRate Hz
 * @param hop samples between frames
 * @param transforms of this sample rate
 * @returns ⌊n/hop⌋ frames
 */
export function analysePitch(
  samples: Float32Array,
  sampleRate: number,
  hop: number,
  transforms: PitchTransforms,
): Pitch {
  const hertz = trackPitch(samples, sampleRate, hop, transforms.correlation);
  return { hertz, bandVoicing: bandVoicing(samples, sampleRate, hertz, hop, transforms.filter) };
}

/**
 * F0 alone: Hz of each whole frame of a recording, 0 where there is no voice.
 *
 * @param correlation a transform of `transformSize(sampleRate)` samples
 * @returns [⌊n/hop⌋]
 */
export function trackPitch(
  samples: Float32Array,
  sampleRate: number,
  hop: number,
  correlation: RealTransform,
): Float32Array {
  const analysis = new PitchAnalysis(samples, sampleRate, correlation);
  const frames = Array.from({ length: Math.floor(samples.length / hop) }, (_, frame) =>
    analysis.frameAt(frame * hop + Math.floor(hop / 2)),
  );
  return pitchPath(frames, hop / sampleRate);
}
