// Mel consistency: a waveform is moved towards the mel that it should have. One correction gives each bin of its short-time
// spectrum a gain, as Griffin and Lim (1984) move towards a known magnitude; K of them follow each other with momentum, as
// in the fast Griffin–Lim algorithm (Perraudin, Balazs and Søndergaard 2013):
//   x_{k+1} = C(x_k + momentum·(x_k − x_{k−1})),  C: x → STFT⁻¹(exp(p·W·clip(c − ln-mel(STFT(x)), ±2))·STFT(x))
// Here is what all three forms of it share: in WebAssembly (kernel/kernel-correction.ts), frame by frame for other formats
// (synthesis/frame-correction.ts) and in tensors (models/layers/mel-consistency.ts). Any range of samples can be computed
// from the input around it, with the same values as in the whole: tiles and threads share the work that way.
import { InputError } from "../errors.js";
import { framePadding, frameStart, type Reach, reflectedIndex } from "./frames.js";
import type { MelFormat } from "./format.js";

/** How a waveform is refined. */
export interface RefinementOptions {
  /** K, the number of corrections. */
  readonly iterations: number;
  /** p: each correction's gain is raised to it. 1.6 and more diverges. */
  readonly exponent: number;
  /** Each correction starts beyond the last waveform by this share of the last change; 1.2 and more diverges. */
  readonly momentum: number;
}

/** The corrections diverge beyond these; many of them with both large already near p = 2(1 + m)/(1 + 2m). */
const largestRefinement = { exponent: 1.6, momentum: 1.2 } as const;

/** Mel corrections that would diverge. */
export class RefinementError extends InputError {
  constructor(
    readonly field: keyof typeof largestRefinement,
    readonly value: number,
  ) {
    super(
      `The ${field} of the mel corrections is ${value}; it lies from 0 to ${largestRefinement[field]}, beyond which they diverge.`,
    );
  }
}

/**
 * The same refinement, if it is one that can converge.
 *
 * @throws RefinementError
 */
export function checkRefinement(refinement: RefinementOptions): RefinementOptions {
  for (const field of ["exponent", "momentum"] as const) {
    const value = refinement[field];
    if (!(value >= 0 && value <= largestRefinement[field])) throw new RefinementError(field, value);
  }
  return refinement;
}

/** More than `mostOfFew` corrections take more momentum, which buys PESQ for harmonicity. */
export const usualRefinement = {
  exponent: 1.2,
  mostOfFew: 24,
  momentum: { few: 0.8, many: 0.97 },
} as const;

/** K corrections with the usual exponent and momentum. */
export function refinementFor(iterations: number): RefinementOptions {
  const { exponent, mostOfFew, momentum } = usualRefinement;
  return { iterations, exponent, momentum: iterations <= mostOfFew ? momentum.few : momentum.many };
}

/** A part of a waveform. */
export interface WaveformPart {
  readonly samples: Float32Array;
  /** Where the part begins in the whole. */
  readonly first: number;
  /** Samples of the whole; Infinity while its end is not known. */
  readonly total: number;
}

/** A part of a mel. */
export interface MelPart {
  /** Natural-log mel, [frames, bands]. */
  readonly values: Float32Array;
  /** The part's first frame in the whole. */
  readonly first: number;
  /** Frames of the whole; Infinity while its end is not known. */
  readonly total: number;
}

/** Corrects waveforms towards mels of one format. Not for use by two threads at once. */
export interface MelCorrection {
  readonly format: MelFormat;
  /**
   * output[from … to) ← STFT⁻¹(gain · STFT(input)), gain = exp(p · the weighted mean of a bin's band corrections).
   *
   * @param input what lies within an FFT length of the range
   * @param output for the same samples as the input's, not the input itself
   * @param from as samples of the whole, like `to`
   * @param target the mel that the waveform should have
   * @param exponent p; 1 moves each band by all of its difference
   */
  correct(
    input: WaveformPart,
    output: Float32Array,
    from: number,
    to: number,
    target: MelPart,
    exponent: number,
  ): void;
  /**
   * The summed distance of a waveform's mel from a given one, in ln over the bands of the frames from … to.
   *
   * @param from as frames of the whole, like `to`; the waveform's part covers them
   */
  distance(input: WaveformPart, target: MelPart, from: number, to: number): number;
  dispose(): void;
}

/** No band is moved by more than this in one correction (in ln, e² = 17 dB). */
export const LARGEST_CORRECTION = 2;

/** What a frame of a corrected waveform, one hop of it, sees of the mel and of the waveform before. */
export function correctionReach(format: MelFormat): { readonly mel: Reach; readonly waveform: Reach } {
  const { fftSize, hopLength } = format;
  const padding = framePadding(format);
  const mel = {
    framesBefore: Math.ceil((fftSize - padding) / hopLength) - 1,
    framesAfter: Math.ceil(padding / hopLength),
  };
  const waveform = {
    framesBefore: mel.framesBefore + Math.ceil(padding / hopLength),
    framesAfter: mel.framesAfter + Math.ceil((fftSize - padding) / hopLength) - 1,
  };
  return { mel, waveform };
}

/** The frames that reach into the samples from … to of the whole: first and last. */
export function framesOver(
  format: MelFormat,
  { total }: MelPart,
  from: number,
  to: number,
): readonly [number, number] {
  const { fftSize, hopLength } = format;
  const start = frameStart(format, 0);
  return [
    Math.max(0, Math.floor((from - start - fftSize) / hopLength) + 1),
    Math.min(total - 1, Math.floor((to - 1 - start) / hopLength)),
  ];
}

/** Stands for the length of a signal whose end is not known yet, in the arithmetic of reflections. */
const FAR_AWAY = 2 ** 48;

/** The place in a part of a sample of the whole, reflected at the whole's ends. */
export function reflectedPlace({ first, total }: WaveformPart, sample: number): number {
  return reflectedIndex(sample, Math.min(total, FAR_AWAY)) - first;
}

/** Below it the summed squared window is not divided out: only at the very ends of a recording. */
export const SMALLEST_WINDOW_SUM = 0.01;

/** The summed squared window of those of so many frames that reach a sample. */
export function windowSum(format: MelFormat, window: Float32Array, sample: number, frames: number): number {
  const { fftSize, hopLength } = format;
  const place = sample - frameStart(format, 0);
  const first = Math.max(0, Math.floor((place - fftSize) / hopLength) + 1);
  const last = Math.min(frames - 1, Math.floor(place / hopLength));
  let sum = 0;
  for (let frame = first; frame <= last; frame++) sum += window[place - frame * hopLength] ** 2;
  return Math.max(sum, SMALLEST_WINDOW_SUM);
}

/** Samples from … to of the whole that as many frames reach as can reach any; empty where there are none. */
export function wholeSamples(
  format: MelFormat,
  frames: number,
  from: number,
  to: number,
): readonly [number, number] {
  const { fftSize, hopLength } = format;
  const start = frameStart(format, 0);
  const first = Math.min(to, Math.max(from, start + fftSize - hopLength));
  return [first, Math.max(first, Math.min(to, start + frames * hopLength))];
}
