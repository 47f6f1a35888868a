// A loss as an engineer would add it: the multi-resolution STFT distance of the waveform (Yamamoto et al. 2020, "Parallel
// WaveGAN", eq. 4–6), spectral convergence and log magnitudes, at three window lengths.
import * as tf from "@tensorflow/tfjs-core";
import {
  createShortTimeFourier,
  power,
  type ShortTimeFourier,
  spectra,
} from "../../src/models/layers/spectrum.js";
import type { LossKind } from "../../src/training/losses/loss.js";

const WINDOWS = [256, 512, 1024];
/** Added to squared magnitudes: silence has a logarithm, and a root a gradient. */
const FLOOR = 1e-7;

/** Tells the spectral convergence too. */
export const stftLoss: LossKind = {
  name: "stft",
  create: () => {
    const transforms = WINDOWS.map((length) => createShortTimeFourier(length));
    return {
      value: ({ waveform, cleanWaveform }) => {
        const pairs = transforms.map((each) => [magnitudes(each, waveform), magnitudes(each, cleanWaveform)]);
        const convergence = mean(
          pairs.map(([made, wanted]) => tf.div(norm(tf.sub(made, wanted)), norm(wanted))),
        );
        const distance = mean(
          pairs.map(([made, wanted]) => tf.mean(tf.abs(tf.sub(tf.log(made), tf.log(wanted))))),
        );
        return { loss: tf.add(convergence, distance), figures: { convergence } };
      },
    };
  },
};

/** [batch, T/hop, bins], in the transform's order. */
function magnitudes(transform: ShortTimeFourier, signal: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.add(tf.concat(power(spectra(transform, signal)), 2), FLOOR));
}

function norm(x: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.sum(tf.square(x)));
}

function mean(values: readonly tf.Tensor[]): tf.Tensor {
  return tf.div(tf.addN([...values]), values.length);
}
