// The excitation: a signal of unit power density that has the voice's pitch, the start of a harmonic process. Pulses of
// all harmonics where the voice is periodic, noise elsewhere, mixed band by band in the whitened domain:
//   h = MDCT⁻¹(√V·MDCT(pulses) + √(1−V)·MDCT(noise))
import * as tf from "@tensorflow/tfjs-core";
import {
  LOWEST_PITCH,
  PITCH_CLASSES,
  PITCH_NEIGHBOURS,
  PITCH_STEP_CENTS,
  readExcitation,
  voicingBands,
} from "./graph.js";
import { inverseMdct, mdct, type Mdct } from "../layers/mdct.js";
import { type Composition, runComposition } from "../layers/composites.js";
import {
  createGridMdct,
  fromGrid,
  gridMdct,
  type GridMdct,
  inverseGridMdct,
  toGrid,
} from "../layers/hop-grid.js";
import { productOverLast } from "../layers/linear.js";
import { framePhases, heldPitch, HIGHEST_HARMONIC, pulses, UNHEARD_PITCH } from "./pulse-train.js";

const BANDS = voicingBands.length;

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

// The excitation of a whole signal in tensor ops, for exported graphs: what synthesis makes part by part of the excitation
// model's logits, from the pitch to the mixture of pulses and noise. Logits [1, F, 206], signals [1, F·hop].

/** How a signal is cut into frames. */
interface FrameRate {
  readonly hopLength: number;
  readonly sampleRate: number;
}

// one kernel, since tfjs has no float64, which the phase needs
const pulseTrain: Composition<{ logits: tf.Tensor }, Record<string, number>> = {
  name: "PulseTrain",
  forward: ({ logits }, { hop, sampleRate }) => {
    const { pitch, voiced } = readExcitation(logits.dataSync() as Float32Array);
    const held = heldPitch(pitch, voiced);
    const signal = pulses(held, framePhases(held, hop, sampleRate), sampleRate, hop);
    return tf.tensor2d(signal, [1, signal.length]);
  },
};

/** The pulses of the pitch that logits say. */
export function pulsesOfLogits(logits: tf.Tensor, { hopLength, sampleRate }: FrameRate): tf.Tensor {
  return runComposition(
    pulseTrain,
    { logits },
    {
      classes: PITCH_CLASSES,
      neighbours: PITCH_NEIGHBOURS,
      lowestPitch: LOWEST_PITCH,
      stepCents: PITCH_STEP_CENTS,
      hop: hopLength,
      sampleRate,
      highestHarmonic: HIGHEST_HARMONIC,
      unheardPitch: UNHEARD_PITCH,
    },
  );
}

/** The voicing of every MDCT bin that logits say, 0 in frames without voice. [1, F, hop] */
function binVoicingOfLogits(logits: tf.Tensor, { hopLength, sampleRate }: FrameRate): tf.Tensor {
  const [, frames] = logits.shape;
  const bands = voicingBands.length;
  const shares = new Float32Array(bands * hopLength);
  for (const [bin, { lower, upper, share }] of bandsOfBins(hopLength, sampleRate).entries()) {
    shares[lower * hopLength + bin] += 1 - share;
    shares[upper * hopLength + bin] += share;
  }
  const part = (begin: number, size: number): tf.Tensor => tf.slice(logits, [0, 0, begin], [1, frames, size]);
  const voicing = productOverLast(
    tf.sigmoid(part(PITCH_CLASSES + 1, bands)),
    tf.tensor2d(shares, [bands, hopLength]),
  );
  const isVoiced = tf.cast(tf.greater(part(PITCH_CLASSES, 1), 0), "float32");
  return tf.mul(tf.clipByValue(voicing, 0, 1), isVoiced);
}

/**
 * The excitation h.
 *
 * @param noise unit normal [1, F·hop]
 * @returns [1, F·hop]
 */
export function excitationOfLogits(logits: tf.Tensor, noise: tf.Tensor, rate: FrameRate): tf.Tensor {
  const grids = toGrid(tf.concat([noise, pulsesOfLogits(logits, rate)], 0), rate.hopLength);
  const [random, pulseGrid] = tf.split(grids, 2, 0);
  return fromGrid(excitationGrid(createGridMdct(rate.hopLength), logits, pulseGrid, random, rate));
}

/**
 * The same of pulses and noise that lie as grids (../layers/hop-grid.ts).
 *
 * @param pulseGrid [1, hop, 1, F+1]
 * @param random [1, hop, 1, F+1]
 * @returns [1, hop, 1, F+1]
 */
export function excitationGrid(
  transform: GridMdct,
  logits: tf.Tensor,
  pulseGrid: tf.Tensor,
  random: tf.Tensor,
  rate: FrameRate,
): tf.Tensor {
  const byFrame = binVoicingOfLogits(logits, rate);
  const [batch, frames, bins] = byFrame.shape;
  const voicing = tf.reshape(tf.transpose(byFrame, [0, 2, 1]), [batch, bins, 1, frames]);
  const periodic = tf.mul(tf.sqrt(voicing), gridMdct(transform, pulseGrid));
  const aperiodic = tf.mul(tf.sqrt(tf.sub(1, voicing)), gridMdct(transform, random));
  return inverseGridMdct(transform, tf.add(periodic, aperiodic));
}
