// Where a mel's frames lie in a signal of T samples and what stands outside it: frame i covers fftSize samples from
// i·hopLength − padding on, and beyond the ends the signal is reflected, as numpy.pad(mode="reflect") does.
import type { MelFormat } from "./format.js";

/** How far an output sees: mel frames before its own frame and after it. */
export interface Reach {
  readonly framesBefore: number;
  readonly framesAfter: number;
}

// Sums of a periodic Hann window with frames at a quarter of its length. Apart from the transforms in spectrum.ts, so that
// threads without a tensor library can use them.

/** The mean of the window's square. */
export const HANN_POWER = 0.375;
/** Frames that overlap everywhere: the radix of the transforms too. */
export const RADIX = 4;
/** What overlapping squared windows sum to. */
export const OVERLAP_SUM = HANN_POWER * RADIX;

/** Samples by which the signal is extended at each end (HiFi-GAN's meldataset.py for "same", librosa for "center"). */
export function framePadding(format: MelFormat): number {
  const { fftSize, hopLength } = format;
  return format.padding === "center" ? fftSize / 2 : Math.floor((fftSize - hopLength) / 2);
}

/**
 * Frames of a signal of `samples` samples: "center" 1 + ⌊T/hop⌋; "same" ⌊T/hop⌋ (⌊(T−1)/hop⌋ for an odd hop, whose
 * padding is rounded down). None for an empty signal, and for "same" none below one hop.
 */
export function frameCount(format: MelFormat, samples: number): number {
  if (samples < 1) return 0;
  const padded = samples + 2 * framePadding(format);
  return Math.max(0, 1 + Math.floor((padded - format.fftSize) / format.hopLength));
}

/** The fewest samples that give a frame. */
export function fewestSamples(format: MelFormat): number {
  return Math.max(1, format.fftSize - 2 * framePadding(format));
}

/** The sample at which a frame begins; negative where it begins in the reflection before the signal. */
export function frameStart(format: MelFormat, frame: number): number {
  return frame * format.hopLength - framePadding(format);
}

/**
 * The sample that stands at an index outside the signal: reflected at the first and last sample, neither repeated, as
 * often as it takes for a signal shorter than the padding. One sample repeats for ever.
 *
 * @param index any; one inside the signal comes back as it is
 * @param length samples of the signal, at least 1
 */
export function reflectedIndex(index: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const phase = ((index % period) + period) % period;
  return phase < length ? phase : period - phase;
}

/**
 * A format's analysis window: the periodic Hann window ½ − ½·cos(2πn/windowLength) (torch.hann_window,
 * librosa's "hann"), centred between zeros.
 *
 * @returns [fftSize]
 */
export function periodicHann(format: MelFormat): Float64Array {
  const { fftSize, windowLength } = format;
  const window = new Float64Array(fftSize);
  const before = Math.floor((fftSize - windowLength) / 2);
  for (let n = 0; n < windowLength; n++) {
    window[before + n] = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / windowLength);
  }
  return window;
}
