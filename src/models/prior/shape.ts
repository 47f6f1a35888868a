// What the spectral prior is made of, from the mel format alone: its weights, how far it sees and how much it computes.
import type { Reach } from "../../mel/frames.js";
import type { MelFormat } from "../../mel/format.js";
import { convolutionWeights, linearWeights } from "../layers/shapes.js";
import { constantStart, specsWithin, weightProducts, type WeightSpec } from "../weights.js";

/** Mel frames that the correction sees. */
const PRIOR_TAPS = 3;
const HIDDEN = 128;
const BIAS_START = -2.5;

/** The weights of a prior, for MDCT frames of so many bins. */
export function spectralPriorWeights({ bands, bins }: { bands: number; bins: number }): WeightSpec[] {
  return [
    { name: "bias", shape: [bins], start: constantStart(BIAS_START) },
    ...specsWithin("convolution", convolutionWeights(PRIOR_TAPS, bands, HIDDEN)),
    ...specsWithin("output", linearWeights(HIDDEN, bins, "zero")),
  ];
}

/** What a frame of σ sees of the mel. */
export const priorReach: Reach = { framesBefore: (PRIOR_TAPS - 1) / 2, framesAfter: (PRIOR_TAPS - 1) / 2 };

/** What a frame of the waveform sees of the whitened one: MDCT frames overlap by one, and a tile's closed ends by more. */
export const colourReach: Reach = { framesBefore: 2, framesAfter: 2 };

/** Multiply-adds of σ, for each mel frame; once an utterance. */
export function priorMultiplyAdds({ bands, hopLength }: MelFormat): number {
  const interpolation = bands * hopLength;
  return interpolation + weightProducts(spectralPriorWeights({ bands, bins: hopLength }));
}

/** Multiply-adds of an MDCT and its inverse with hop N, for each frame: whitening or colouring. */
export function colourMultiplyAdds(hopLength: number): number {
  return 4 * hopLength * hopLength;
}
