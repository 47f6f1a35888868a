// "loudness": how differently loud the sampler's waveform and the recording are to an ear, as PESQ models it (ITU-T P.862.2;
// as a loss: Martín-Doñas et al. 2018, PMSQE). Bands of the Bark scale, the loudness of each by Zwicker's law above the
// threshold of hearing, differences that louder neighbours hide left out, and what was added counted more than what is
// missing. Shapes: signals [batch, T], spectra [batch, frames, bands].
import * as tf from "@tensorflow/tfjs-core";
import { productOverLast } from "../../models/layers/linear.js";
import {
  createShortTimeFourier,
  power,
  type ShortTimeFourier,
  spectra,
} from "../../models/layers/spectrum.js";
import type { LossContext, LossKind } from "./loss.js";
import { compared } from "./view.js";

/** PESQ's frames of 32 ms lie between these. */
const LENGTHS = [512, 1024];
/** Bark from 0.5 to the last whole band, so wide each. */
const FIRST_BARK = 0.5;
const BAND_WIDTH = 0.5;
/** Zwicker's exponent, and the level that a recording is heard at. */
const EXPONENT = 0.23;
const HEARD_AT_DECIBELS = 79;
/** The root mean square that `compared` brings recordings to. */
const FULL_LEVEL = 0.1;
/** Sones a unit of Zwicker's law, as PESQ has it at 16 kHz. */
const SONES = 0.1866;
/** A difference below this share of the softer loudness is not heard. */
const MASKED = 0.25;
/** What was added counts by the ratio of the powers to this, where that is more than the least and up to the most. */
const ADDED_EXPONENT = 1.2;
const ADDED_LEAST = 3;
const ADDED_MOST = 12;
/** Beside both powers in that ratio, in the units of the threshold's band. */
const ADDED_OFFSET = 50;
/** PESQ = 4.5 − 0.1·symmetric − 0.0309·added. */
const SYMMETRIC_WEIGHT = 0.1;
const ADDED_WEIGHT = 0.0309;
const EPSILON = 1e-6;

/** Differences of loudness. */
export const loudnessDistance: LossKind = {
  name: "loudness",
  judgesSampled: true,
  create: ({ format }: LossContext) => {
    const resolutions = LENGTHS.map((length) => {
      const transform = createShortTimeFourier(length);
      return { transform, ear: earOf(transform, format.sampleRate) };
    });
    return {
      value: (seen) => {
        const { made, recorded } = compared(seen, format.hopLength);
        const parts = resolutions.map(({ transform, ear }) => disturbances(transform, ear, made, recorded));
        const mean = (values: readonly tf.Tensor[]): tf.Tensor => tf.div(tf.addN([...values]), values.length);
        const symmetric = mean(parts.map((part) => part.symmetric));
        const added = mean(parts.map((part) => part.added));
        const loss = tf.add(tf.mul(symmetric, SYMMETRIC_WEIGHT), tf.mul(added, ADDED_WEIGHT));
        return { loss, figures: { symmetric, added } };
      },
    };
  },
};

/** Bands of hearing for a transform's bins. */
interface Ear {
  readonly bands: number;
  /** Powers of bins to those of bands [bins, bands], in multiples of what is heard at 0 dB. */
  readonly bank: Float32Array;
  /** Power of the threshold of hearing [bands], and Zwicker's exponent, larger for low bands. */
  readonly threshold: Float32Array;
  readonly exponent: Float32Array;
}

/** Bark of a frequency in Hz (Traunmüller 1990). */
function bark(hertz: number): number {
  return (26.81 * hertz) / (1960 + hertz) - 0.53;
}

function barkToHertz(value: number): number {
  return (1960 * (value + 0.53)) / (26.28 - value);
}

/** Decibels that a tone needs to be heard (Terhardt 1979). */
function thresholdDecibels(hertz: number): number {
  const kilohertz = hertz / 1000;
  return 3.64 * kilohertz ** -0.8 - 6.5 * Math.exp(-0.6 * (kilohertz - 3.3) ** 2) + 1e-3 * kilohertz ** 4;
}

function earOf({ length, order, window }: ShortTimeFourier, sampleRate: number): Ear {
  const nyquist = Math.min(sampleRate / 2, 8000);
  const bands = Math.floor((bark(nyquist) - FIRST_BARK) / BAND_WIDTH);
  const edges = Array.from({ length: bands + 1 }, (_, i) => barkToHertz(FIRST_BARK + i * BAND_WIDTH));
  const spacing = sampleRate / length;
  const windowPower = window.reduce((sum, value) => sum + value * value, 0);
  // a sine's mean square is the sum of its bins' powers by this
  const meanSquare = 2 / (length * windowPower);
  const scale = (meanSquare * 10 ** (HEARD_AT_DECIBELS / 10)) / FULL_LEVEL ** 2;
  const bank = new Float32Array(order.length * bands);
  order.forEach((bin, at) => {
    const [low, high] = [(bin - 0.5) * spacing, (bin + 0.5) * spacing];
    for (let band = 0; band < bands; band++) {
      const shared = Math.min(high, edges[band + 1]) - Math.max(low, edges[band]);
      bank[at * bands + band] = (Math.max(0, shared) / spacing) * scale;
    }
  });
  const centres = Array.from({ length: bands }, (_, i) => FIRST_BARK + (i + 0.5) * BAND_WIDTH);
  return {
    bands,
    bank,
    threshold: Float32Array.from(centres, (centre) => 10 ** (thresholdDecibels(barkToHertz(centre)) / 10)),
    exponent: Float32Array.from(centres, (centre) =>
      centre < 4 ? EXPONENT * (6 / (centre + 2)) ** 0.15 : EXPONENT,
    ),
  };
}

/** Both disturbances of PESQ, a mean over frames. */
function disturbances(
  transform: ShortTimeFourier,
  { bands, bank, threshold, exponent }: Ear,
  made: tf.Tensor,
  recorded: tf.Tensor,
): { symmetric: tf.Tensor; added: tf.Tensor } {
  const matrix = tf.tensor2d(bank, [transform.bins, bands]);
  const [law, least] = [tf.tensor1d(exponent), tf.tensor1d(threshold)];
  const unit = tf.tensor1d(threshold.map((value, i) => SONES * (value / 0.5) ** exponent[i]));
  const powers = [made, recorded].map((signal) =>
    productOverLast(tf.concat(power(spectra(transform, signal)), 2), matrix),
  );
  const [a, b] = powers.map((each) => {
    const above = tf.log(tf.add(tf.mul(tf.div(each, least), 0.5), 0.5));
    return tf.mul(tf.relu(tf.sub(tf.exp(tf.mul(above, law)), 1)), unit);
  });
  const heard = tf.relu(tf.sub(tf.abs(tf.sub(a, b)), tf.mul(tf.minimum(a, b), MASKED)));
  const logRatio = tf.sub(tf.log(tf.add(powers[0], ADDED_OFFSET)), tf.log(tf.add(powers[1], ADDED_OFFSET)));
  const ratio = tf.exp(tf.mul(tf.minimum(logRatio, Math.log(ADDED_MOST) / ADDED_EXPONENT), ADDED_EXPONENT));
  const factor = tf.mul(tf.relu(tf.sub(ratio, ADDED_LEAST)), ADDED_MOST / (ADDED_MOST - ADDED_LEAST));
  return {
    symmetric: tf.mean(tf.sqrt(tf.add(tf.sum(tf.square(heard), 2), EPSILON))),
    added: tf.mean(tf.sum(tf.mul(heard, factor), 2)),
  };
}
