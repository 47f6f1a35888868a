// The excitation model: what a mel says of the voice's source. A small ConvNeXt (graph.ts) reads the pitch, whether there
// is one, and how much of each band is voiced, frame by frame: 200 + 1 + 5 logits. Here are its shape, and what its
// logits mean.
import { type EncoderConfig, encoderWeights } from "../layers/shapes.js";
import type { WeightSpec } from "../weights.js";

/** Pitch classes, 20 cents each from 55 Hz: up to 554 Hz. */
export const PITCH_CLASSES = 200;
/** Cents between pitch classes. */
export const PITCH_STEP_CENTS = 20;
/** Hz of pitch class 0. */
export const LOWEST_PITCH = 55;
/** Centres in Hz of the bands whose voicing is told. */
export const voicingBands: readonly number[] = [500, 1500, 2750, 4500, 7500];

const CENTS_PER_OCTAVE = 1200;
/** Classes to each side of the largest that the pitch is averaged over. */
export const PITCH_NEIGHBOURS = 4;

/** The network's shape. */
export const excitationShape: EncoderConfig = { channels: 192, expanded: 576, dilations: [1, 2, 4, 1, 2] };

/** Logits a frame: pitch classes, then voiced, then the bands' voicing. */
export const EXCITATION_OUTPUTS = PITCH_CLASSES + 1 + voicingBands.length;

/** What is said of each frame of a mel. */
export interface Excitation {
  /** Hz, also where there is no voice; in float64, as phases are summed from it. [frames] */
  readonly pitch: Float64Array;
  /** Probability of a voice. [frames] */
  readonly voiced: Float32Array;
  /** Share of each band that is periodic. [frames, 5] */
  readonly bandVoicing: Float32Array;
}

/** The weights of the model. */
export function excitationWeights(bands: number, shape = excitationShape): WeightSpec[] {
  return encoderWeights(shape, bands, EXCITATION_OUTPUTS);
}

/** Weights of its Linear layers that may be 8-bit: those of the blocks, nine tenths of the model. */
export function excitationLayers({ dilations }: EncoderConfig): string[] {
  return dilations.flatMap((_, block) => [`blocks.${block}.up.weight`, `blocks.${block}.down.weight`]);
}

/** A pitch in Hz as a class, a fraction between two where it lies between. */
export function pitchClass(hertz: number): number {
  return (CENTS_PER_OCTAVE * Math.log2(hertz / LOWEST_PITCH)) / PITCH_STEP_CENTS;
}

/** A class, also a fraction, in Hz. */
export function pitchOfClass(value: number): number {
  return LOWEST_PITCH * 2 ** ((value * PITCH_STEP_CENTS) / CENTS_PER_OCTAVE);
}

/**
 * Logits as pitch and voicing.
 *
 * @param logits [frames, 206]
 */
export function readExcitation(logits: Float32Array): Excitation {
  const frames = logits.length / EXCITATION_OUTPUTS;
  const pitch = new Float64Array(frames);
  const voiced = new Float32Array(frames);
  const bandVoicing = new Float32Array(frames * voicingBands.length);
  for (let frame = 0; frame < frames; frame++) {
    const row = logits.subarray(frame * EXCITATION_OUTPUTS, (frame + 1) * EXCITATION_OUTPUTS);
    pitch[frame] = pitchOfClass(expectedClass(row.subarray(0, PITCH_CLASSES)));
    voiced[frame] = logistic(row[PITCH_CLASSES]);
    for (let band = 0; band < voicingBands.length; band++) {
      bandVoicing[frame * voicingBands.length + band] = logistic(row[PITCH_CLASSES + 1 + band]);
    }
  }
  return { pitch, voiced, bandVoicing };
}

/** The mean of the classes around the likeliest, weighted by their probabilities. */
function expectedClass(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  let [total, sum] = [0, 0];
  const last = Math.min(logits.length - 1, best + PITCH_NEIGHBOURS);
  for (let i = Math.max(0, best - PITCH_NEIGHBOURS); i <= last; i++) {
    const weight = Math.exp(logits[i] - logits[best]);
    total += weight;
    sum += weight * i;
  }
  return sum / total;
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Which two bands an MDCT bin lies between, and how near to the upper one: 0 at the lower, 1 at the upper. */
interface BinBands {
  readonly lower: number;
  readonly upper: number;
  readonly share: number;
}

/** The bands of every MDCT bin; beyond the outer bands' centres it is the outer one alone. */
export function bandsOfBins(bins: number, sampleRate: number): BinBands[] {
  return Array.from({ length: bins }, (_, bin) => {
    const hertz = ((bin + 0.5) * sampleRate) / (2 * bins);
    const above = voicingBands.findIndex((centre) => centre > hertz);
    const upper = above < 0 ? voicingBands.length - 1 : above;
    const lower = above < 0 ? voicingBands.length - 1 : Math.max(0, above - 1);
    const span = voicingBands[upper] - voicingBands[lower];
    return { lower, upper, share: span === 0 ? 0 : (hertz - voicingBands[lower]) / span };
  });
}

/**
 * The voicing of every MDCT bin: band voicing interpolated over frequency, constant beyond the outer bands, 0 in frames
 * without voice.
 *
 * @param voiced probability [frames]
 * @param bandVoicing [frames, 5]
 * @returns [frames, bins]
 */
export function binVoicing(
  voiced: Float32Array,
  bandVoicing: Float32Array,
  bins: number,
  sampleRate: number,
): Float32Array {
  const result = new Float32Array(voiced.length * bins);
  for (const [bin, { lower, upper, share }] of bandsOfBins(bins, sampleRate).entries()) {
    for (let frame = 0; frame < voiced.length; frame++) {
      if (voiced[frame] <= 0.5) continue;
      const at = frame * voicingBands.length;
      result[frame * bins + bin] = (1 - share) * bandVoicing[at + lower] + share * bandVoicing[at + upper];
    }
  }
  return result;
}
