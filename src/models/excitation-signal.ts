// The excitation: a signal of unit power density that has the voice's pitch, the start of a harmonic process. Pulses of
// all harmonics where the voice is periodic, noise elsewhere, mixed band by band in the whitened domain:
//   h = MDCT⁻¹(√V·MDCT(pulses) + √(1−V)·MDCT(noise))
import * as tf from "@tensorflow/tfjs-core";
import { voicingBands } from "./excitation-model.js";
import { inverseMdct, mdct, type Mdct } from "./mdct.js";

/** Harmonics go up to this share of the sample rate. */
const HIGHEST_HARMONIC = 0.45;
const BANDS = voicingBands.length;

/**
 * The pitch of every frame: a gap without voice holds the value before it, up to the frame before the next voiced one,
 * and frames before the first voiced one take its value.
 *
 * @param pitch Hz [frames]
 * @param voiced probability [frames]
 * @returns Hz [frames]; `fallback` where nothing is voiced
 */
export function heldPitch(pitch: Float32Array, voiced: Float32Array, fallback = 100): Float32Array {
  const held = new Float32Array(pitch.length);
  const first = voiced.findIndex((probability) => probability > 0.5);
  let last = first < 0 ? fallback : pitch[first];
  for (let frame = 0; frame < pitch.length; frame++) {
    if (voiced[frame] > 0.5) last = pitch[frame];
    held[frame] = last;
  }
  return held;
}

/** The phase at each frame's first sample in cycles, in float64, so that any part of the pulses can begin anywhere. */
export function framePhases(pitch: Float32Array, hop: number, sampleRate: number): Float64Array {
  const phases = new Float64Array(pitch.length + 1);
  for (let frame = 0; frame < pitch.length; frame++) {
    phases[frame + 1] = phaseBehind(phases[frame], pitch, frame, hop, sampleRate);
  }
  return phases;
}

/** The phase behind a frame, given that at its first sample, in cycles; it depends on the pitch one frame around. */
export function phaseBehind(
  phase: number,
  pitch: ArrayLike<number>,
  frame: number,
  hop: number,
  sampleRate: number,
): number {
  const hertz = framePitch(pitch, frame, hop);
  return (phase + hertz.reduce((sum, value) => sum + value, 0) / sampleRate) % 1;
}

/**
 * F0 at each sample of a frame: ln F0 is a line between the frames' centres, constant beyond the first and last. So F0
 * itself grows by the same factor from sample to sample, which takes no power for each of them.
 */
function framePitch(pitch: ArrayLike<number>, frame: number, hop: number): Float64Array {
  const here = pitch[frame];
  const before = pitch[Math.max(0, frame - 1)];
  const after = pitch[Math.min(pitch.length - 1, frame + 1)];
  const hertz = new Float64Array(hop);
  const middle = Math.ceil(hop / 2);
  const fill = (from: number, to: number, left: number, right: number, share: number): void => {
    const factor = (right / left) ** (1 / hop);
    let value = left * (right / left) ** share;
    for (let n = from; n < to; n++) {
      hertz[n] = value;
      value *= factor;
    }
  };
  fill(0, middle, before, here, 0.5);
  fill(middle, hop, here, after, (middle - hop / 2) / hop);
  return hertz;
}

/**
 * Pulses of unit power density: √(4·F0/fs)·Σ_k cos 2πkφ over all harmonics up to 0.45·fs, by the closed form of the sum.
 *
 * @param pitch Hz [frames], as heldPitch gives it
 * @param firstFrame from where on
 * @param endFrame up to where
 * @returns [(endFrame − firstFrame)·hop]
 */
export function pulses(
  pitch: Float32Array,
  phases: Float64Array,
  sampleRate: number,
  hop: number,
  firstFrame = 0,
  endFrame = pitch.length,
): Float32Array {
  const signal = new Float32Array((endFrame - firstFrame) * hop);
  for (let frame = firstFrame; frame < endFrame; frame++) {
    let phase = phases[frame];
    const pitches = framePitch(pitch, frame, hop);
    for (let n = 0; n < hop; n++) {
      const hertz = pitches[n];
      phase += hertz / sampleRate;
      const harmonics = Math.floor((HIGHEST_HARMONIC * sampleRate) / hertz);
      signal[(frame - firstFrame) * hop + n] =
        Math.sqrt((4 * hertz) / sampleRate) * cosineSum(2 * Math.PI * (phase % 1), harmonics);
    }
  }
  return signal;
}

/** Σ_{k=1…K} cos kθ = (sin((K+½)θ) − sin(θ/2))/(2·sin(θ/2)). */
function cosineSum(angle: number, count: number): number {
  const half = Math.sin(angle / 2);
  // near a pulse the quotient loses its digits, and the sum is nearly K
  if (Math.abs(half) < 1e-7) return count;
  return (Math.sin((count + 0.5) * angle) / half - 1) / 2;
}

/**
 * The voicing of every MDCT bin: band voicing interpolated over frequency, constant beyond the outer bands, 0 in frames
 * without voice.
 *
 * @returns [frames, bins]
 */
export function binVoicing(
  voiced: Float32Array,
  bandVoicing: Float32Array,
  bins: number,
  sampleRate: number,
): Float32Array {
  const result = new Float32Array(voiced.length * bins);
  for (let bin = 0; bin < bins; bin++) {
    const hertz = ((bin + 0.5) * sampleRate) / (2 * bins);
    const above = voicingBands.findIndex((centre) => centre > hertz);
    const upper = above < 0 ? BANDS - 1 : above;
    const lower = above < 0 ? BANDS - 1 : Math.max(0, above - 1);
    const span = voicingBands[upper] - voicingBands[lower];
    const share = span === 0 ? 0 : (hertz - voicingBands[lower]) / span;
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
