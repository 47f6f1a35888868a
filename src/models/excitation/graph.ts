// The excitation in tensors: the model that reads it off a mel, [batch, frames, bands] → [batch, frames, 200 + 1 + 5]
// logits, and the signal of unit power density that is made of them, the start of a harmonic process. Pulses of all
// harmonics where the voice is periodic, noise elsewhere, mixed band by band in the whitened domain:
//   h = MDCT⁻¹(√V·MDCT(pulses) + √(1−V)·MDCT(noise))
import * as tf from "@tensorflow/tfjs-core";
import { type Composition, runComposition } from "../layers/composites.js";
import { encodeMel } from "../layers/conv-next-block.js";
import {
  createGridMdct,
  fromGrid,
  gridMdct,
  type GridMdct,
  inverseGridMdct,
  toGrid,
} from "../layers/hop-grid.js";
import { productOverLast } from "../layers/linear.js";
import { inverseMdct, mdct, type Mdct } from "../layers/mdct.js";
import type { Weights } from "../weights.js";
import { framePhases, heldPitch, HIGHEST_HARMONIC, pulses, UNHEARD_PITCH } from "./pulse-train.js";
import {
  bandsOfBins,
  excitationShape,
  LOWEST_PITCH,
  PITCH_CLASSES,
  PITCH_NEIGHBOURS,
  PITCH_STEP_CENTS,
  readExcitation,
  voicingBands,
} from "./shape.js";

/** The logits of a mel. */
export function excitationLogits(weights: Weights, mel: tf.Tensor, shape = excitationShape): tf.Tensor {
  return encodeMel(shape, weights, mel);
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
