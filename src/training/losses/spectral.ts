// Two distances between spectra of the sampler's waveform and the recording's. "log-mel": the mean distance of log-mels at three
// resolutions (HiFi-GAN, Kong et al. 2020, at more of them). "spectra": log magnitudes and spectral convergence (Yamamoto et
// al. 2020, Parallel WaveGAN), which alone see the valleys between harmonics, up to a limit: above it F0's error moves
// harmonics so far that the best answer would be noise.
import * as tf from "@tensorflow/tfjs-core";
import { createMelAnalysis } from "../../mel/bank.js";
import type { MelFormat } from "../../mel/format.js";
import {
  createShortTimeFourier,
  power,
  type ShortTimeFourier,
  spectra,
} from "../../models/layers/spectrum.js";
import { productOverLast } from "../../models/layers/linear.js";
import { compared } from "./view.js";
import type { LossContext, LossKind } from "./loss.js";

/** Lengths of the transforms of "log-mel" and their bands, up to half the sample rate. */
const MEL_RESOLUTIONS: readonly (readonly [length: number, bands: number])[] = [
  [512, 40],
  [1024, 80],
  [2048, 128],
];
const STFT_LENGTHS = [1024, 2048];
const MAGNITUDE_EPSILON = 1e-9;
const MEL_FLOOR = 1e-4;
const MAGNITUDE_FLOOR = 1e-3;

/** Log-mels at several resolutions. */
export const melDistance: LossKind = {
  name: "log-mel",
  judgesSampled: true,
  create: ({ format }: LossContext) => {
    const resolutions = MEL_RESOLUTIONS.map(([length, bands]) => {
      const transform = createShortTimeFourier(length);
      return { transform, bands, bank: wholeBandBank(format, transform, bands) };
    });
    return {
      value: (seen) => {
        const { made, recorded } = compared(seen, format.hopLength);
        const distances = resolutions.map(({ transform, bands, bank }) => {
          const matrix = tf.tensor2d(bank, [transform.bins, bands]);
          const logMel = (signal: tf.Tensor): tf.Tensor =>
            tf.log(tf.maximum(productOverLast(magnitudes(transform, signal), matrix), MEL_FLOOR));
          return meanDistance(logMel(made), logMel(recorded));
        });
        return { loss: meanOf(distances) };
      },
    };
  },
};

/** Log magnitudes and spectral convergence. */
export const spectraDistance: LossKind = {
  name: "spectra",
  judgesSampled: true,
  create: ({ config, format }: LossContext) => {
    const resolutions = STFT_LENGTHS.map((length) => {
      const transform = createShortTimeFourier(length);
      const limit = (config.spectraLimit * length) / format.sampleRate;
      return { transform, counted: Float32Array.from(transform.order, (bin) => (bin <= limit ? 1 : 0)) };
    });
    return {
      value: (seen) => {
        const { made, recorded } = compared(seen, format.hopLength);
        const parts = resolutions.map(({ transform, counted }) => {
          const mask = tf.tensor1d(counted);
          const share = transform.bins / counted.reduce((sum, each) => sum + each, 0);
          const [a, b] = [made, recorded].map((signal) => magnitudes(transform, signal));
          const logs = [a, b].map((each) => tf.mul(tf.log(tf.maximum(each, MAGNITUDE_FLOOR)), mask));
          const difference = tf.sum(tf.square(tf.mul(tf.sub(a, b), mask)));
          const whole = tf.sum(tf.square(tf.mul(b, mask)));
          return {
            logarithm: tf.mul(meanDistance(logs[0], logs[1]), share),
            convergence: tf.sqrt(tf.div(tf.add(difference, 1e-8), tf.add(whole, 1e-8))),
          };
        });
        const logarithm = meanOf(parts.map((part) => part.logarithm));
        const convergence = meanOf(parts.map((part) => part.convergence));
        return { loss: tf.mul(tf.add(logarithm, convergence), 0.5), figures: { logarithm, convergence } };
      },
    };
  },
};

/** |Z| of a signal's spectra: [batch, T] → [batch, frames, bins], in the transform's order. */
function magnitudes(transform: ShortTimeFourier, signal: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.add(tf.concat(power(spectra(transform, signal)), 2), MAGNITUDE_EPSILON));
}

/** Magnitudes to bands of the whole spectrum: [bins, bands]. */
function wholeBandBank(format: MelFormat, { length, order }: ShortTimeFourier, bands: number): Float32Array {
  const band = { minFrequency: 0, maxFrequency: format.sampleRate / 2 };
  return createMelAnalysis({ ...format, ...band, fftSize: length, windowLength: length, bands }, order).bank;
}

function meanDistance(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.mean(tf.abs(tf.sub(a, b)));
}

function meanOf(scalars: readonly tf.Tensor[]): tf.Tensor {
  return tf.div(tf.addN([...scalars]), scalars.length);
}
