// The excitation: a signal of unit power density that has the voice's pitch, the start of a harmonic process. Pulses of
// all harmonics where the voice is periodic, noise elsewhere, mixed band by band in the whitened domain:
//   h = MDCT⁻¹(√V·MDCT(pulses) + √(1−V)·MDCT(noise))
import * as tf from "@tensorflow/tfjs-core";
import { voicingBands } from "./excitation-model.js";
import { inverseMdct, mdct, type Mdct } from "./mdct.js";

const BANDS = voicingBands.length;

/** Which two bands an MDCT bin lies between, and how near to the upper one: 0 at the lower, 1 at the upper. */
export interface BinBands {
  readonly lower: number;
  readonly upper: number;
  readonly share: number;
}

/** The bands of every MDCT bin; beyond the outer bands' centres it is the outer one alone. */
export function bandsOfBins(bins: number, sampleRate: number): BinBands[] {
  return Array.from({ length: bins }, (_, bin) => {
    const hertz = ((bin + 0.5) * sampleRate) / (2 * bins);
    const above = voicingBands.findIndex((centre) => centre > hertz);
    const upper = above < 0 ? BANDS - 1 : above;
    const lower = above < 0 ? BANDS - 1 : Math.max(0, above - 1);
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
      const at = frame * BANDS;
      result[frame * bins + bin] = (1 - share) * bandVoicing[at + lower] + share * bandVoicing[at + upper];
    }
  }
  return result;
}

/** Pulses and noise mixed: signals [batch, T], voicing [batch, T/N, N] → [batch, T]. */
export function mixExcitation(
  transform: Mdct,
  pulseSignal: tf.Tensor,
  noise: tf.Tensor,
  voicing: tf.Tensor,
): tf.Tensor {
  const periodic = tf.mul(tf.sqrt(voicing), mdct(transform, pulseSignal));
  const random = tf.mul(tf.sqrt(tf.sub(1, voicing)), mdct(transform, noise));
  return inverseMdct(transform, tf.add(periodic, random));
}
