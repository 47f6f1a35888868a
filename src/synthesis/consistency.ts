// Mel consistency (mel/consistency.ts) of waveforms in memory, whole or range by range; no training. The diffusion gives the
// start, the mel is the constraint. models/layers/mel-consistency.ts does the same in tensors.
import type { Mel, MelFormat } from "../mel/format.js";
import { naturalLog } from "../mel/encoding.js";
import type { MelCorrection, MelPart, RefinementOptions } from "../mel/consistency.js";
import { KernelCorrection } from "../kernel/kernel-correction.js";

// Mel corrections for a format: in WebAssembly where the kernel knows its transform, frame by frame elsewhere.

/** Opens corrections towards mels of a format. */
export async function createMelCorrection(format: MelFormat): Promise<MelCorrection> {
  if (KernelCorrection.isSupported(format)) return KernelCorrection.create(format);
  // loaded here, with an FFT of its own
  const { FrameCorrection } = await import("./frame-correction.js");
  return FrameCorrection.create(format);
}

/** A refinement of a part of a waveform; threads that share the work share its arrays, each [samples]. */
export interface RefinementState {
  /** The part's first sample in the whole. */
  readonly first: number;
  /** Samples of the whole; Infinity while its end is not known. */
  readonly total: number;
  /** x_k, in the end the result. */
  readonly current: Float32Array;
  /** What correction k reads; correction k+1 reads the other one, so that no thread overwrites what another reads. */
  readonly starts: readonly [Float32Array, Float32Array];
}

/**
 * The waveform after K corrections: x_{k+1} = C(x_k + momentum·(x_k − x_{k−1})), C one correction, x_{−1} = x_0.
 *
 * @param samples x_0, [samples]; left as it is
 * @param target the log-mel that the waveform should have
 */
export async function refine(
  samples: Float32Array,
  target: Mel,
  options: RefinementOptions,
): Promise<Float32Array> {
  const correction = await createMelCorrection(target.format);
  const state: RefinementState = {
    first: 0,
    total: samples.length,
    current: samples.slice(),
    starts: [samples.slice(), new Float32Array(samples.length)],
  };
  const mel = { values: naturalLog(target), first: 0, total: target.frames };
  try {
    for (let k = 0; k < options.iterations; k++) {
      refineRange(correction, state, k, mel, options, [0, samples.length]);
    }
  } finally {
    correction.dispose();
  }
  return state.current;
}

/** Correction k for the samples from range[0] to range[1] of the whole; all that they see must have come to k before. */
export function refineRange(
  correction: MelCorrection,
  { first, total, current, starts }: RefinementState,
  k: number,
  target: MelPart,
  { exponent, momentum }: RefinementOptions,
  [from, to]: readonly [number, number],
): void {
  const samples = starts[k % 2];
  const nextStart = starts[(k + 1) % 2];
  correction.correct({ samples, first, total }, nextStart, from, to, target, exponent);
  for (let n = from - first; n < to - first; n++) {
    const corrected = nextStart[n];
    nextStart[n] = corrected + momentum * (corrected - current[n]);
    current[n] = corrected;
  }
}
