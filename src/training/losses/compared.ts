// What losses of the waveform compare: the sampler's waveform and the recording without their outermost hop, where a crop
// lacks what overlaps into it, both by the gain that brings the recording to one loudness. Signals [batch, T].
import * as tf from "@tensorflow/tfjs-core";
import type { LossView } from "./view.js";

/** Root mean square of the recordings, −20 dB of full scale. */
const LOUDNESS = 0.1;
const LEAST_LOUDNESS = 1e-3;
/** Lengths are multiples of it, so that every transform of a loss has whole hops. */
const STEP = 512;

/** What was made, and what it should have been. */
export interface Compared {
  readonly made: tf.Tensor;
  readonly recorded: tf.Tensor;
}

/** Both signals of a step. */
export function compared(
  { sampled, cleanWaveform }: Pick<LossView, "sampled" | "cleanWaveform">,
  hopLength: number,
): Compared {
  const [batch, samples] = cleanWaveform.shape;
  const length = Math.floor((samples - 2 * hopLength) / STEP) * STEP;
  const inside = (signal: tf.Tensor): tf.Tensor => tf.slice(signal, [0, hopLength], [batch, length]);
  const recorded = inside(cleanWaveform);
  const loudness = tf.sqrt(tf.mean(tf.square(recorded), 1, true));
  const gain = tf.div(LOUDNESS, tf.add(loudness, LEAST_LOUDNESS));
  return { made: tf.mul(inside(sampled()), gain), recorded: tf.mul(recorded, gain) };
}
