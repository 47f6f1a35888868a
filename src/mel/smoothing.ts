// Mels as acoustic models predict them: smoother than those of recordings. Their error makes them the mean of what might
// have been said, which blurs a mel along its bands and frames; a Gaussian of some tenths of a band and a frame or two has
// their roughness. Shapes: mels [frames, bands], natural logarithm.
import type { Mel } from "./format.js";

/** How much a mel is smoothed. */
export interface Smoothing {
  /** Standard deviation along the frequency, in bands. */
  readonly bands: number;
  /** The same along the time, in frames. */
  readonly frames: number;
  /** Deviation of the noise that is added. */
  readonly noise: number;
}

/** A mel smoothed, without noise. */
export function smoothedMel(mel: Mel, strength: Pick<Smoothing, "bands" | "frames">): Mel {
  return { ...mel, values: smoothed(mel.values, mel.format.bands, { ...strength, noise: 0 }) };
}

/** Below it a Gaussian is a single tap. */
const LEAST_DEVIATION = 0.05;
/** A Gaussian ends at so many deviations, as SciPy's do. */
const REACH = 4;

/**
 * A smoothed mel; beyond its edges it goes on as at them.
 *
 * @param normals unit noise [frames·bands]; without it none is added
 */
export function smoothed(
  mel: Float32Array,
  bandCount: number,
  { bands, frames, noise }: Smoothing,
  normals?: Float32Array,
): Float32Array {
  const frameCount = mel.length / bandCount;
  const alongFrames = blurred(mel, frameCount, bandCount, bandCount, 1, frames);
  const both = blurred(alongFrames, bandCount, frameCount, 1, bandCount, bands);
  return normals ? both.map((value, i) => value + noise * normals[i]) : both;
}

/**
 * A matrix blurred along one of its axes.
 *
 * @param length of the axis
 * @param stride between neighbours on it
 * @param lines of the matrix along it, `lineStride` apart
 */
function blurred(
  values: Float32Array,
  length: number,
  lines: number,
  stride: number,
  lineStride: number,
  deviation: number,
): Float32Array {
  const taps = gaussian(deviation);
  const reach = (taps.length - 1) / 2;
  const result = new Float32Array(values.length);
  for (let line = 0; line < lines; line++) {
    for (let at = 0; at < length; at++) {
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap++) {
        const from = Math.min(length - 1, Math.max(0, at + tap - reach));
        sum += taps[tap] * values[line * lineStride + from * stride];
      }
      result[line * lineStride + at * stride] = sum;
    }
  }
  return result;
}

/** The taps of a Gaussian, an odd number of them whose sum is 1. */
export function gaussian(deviation: number): Float64Array {
  if (deviation < LEAST_DEVIATION) return Float64Array.of(1);
  const reach = Math.max(1, Math.floor(REACH * deviation + 0.5));
  const taps = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - reach) / deviation) ** 2),
  );
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}
