// Small discriminators of waveforms: of complex spectra at one resolution (Encodec, Défossez et al. 2022, with the magnitude
// compressed) and of every p-th sample (HiFi-GAN, Kong et al. 2020). Each gives scores, a value for each place, and the
// features on the way there. Convolutions over [batch, height, width, channels].
import * as tf from "@tensorflow/tfjs-core";
import { inversePermutation, permute } from "../../models/layers/linear.js";
import { createShortTimeFourier, spectra } from "../../models/layers/spectrum.js";
import { uniformStart, type Weights, type WeightSpec, within } from "../../models/weights.js";

/** What a discriminator says of a signal. */
export interface Verdict {
  readonly scores: tf.Tensor;
  readonly features: readonly tf.Tensor[];
}

/** A network that tells recordings from what was made. */
export interface Discriminator {
  /** Before its weights' names. */
  readonly name: string;
  readonly weights: readonly WeightSpec[];
  /** @param signal [batch, T] */
  readonly judge: (own: Weights, signal: tf.Tensor) => Verdict;
}

/** A convolution of a discriminator. */
interface Layer {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly channels: number;
}

const SLOPE = 0.1;

/** Discriminators of spectra of these lengths, and of these periods, in samples. */
export function createDiscriminators(
  lengths: readonly number[],
  periods: readonly number[],
): readonly Discriminator[] {
  return [...lengths.map(spectralDiscriminator), ...periods.map(periodDiscriminator)];
}

const SPECTRAL_LAYERS: readonly Layer[] = [
  { kernel: [3, 9], stride: [1, 2], channels: 10 },
  { kernel: [3, 9], stride: [1, 2], channels: 10 },
  { kernel: [3, 9], stride: [1, 2], channels: 20 },
  { kernel: [3, 5], stride: [1, 2], channels: 20 },
  { kernel: [3, 3], stride: [1, 1], channels: 1 },
];

/** A magnitude of 1/it is halfway between linear and logarithmic. */
const COMPRESSION = 10;

function spectralDiscriminator(length: number): Discriminator {
  const transform = createShortTimeFourier(length);
  const byFrequency = inversePermutation(transform.order);
  const image = (signal: tf.Tensor): tf.Tensor => {
    const parts = permute(tf.concat([...spectra(transform, signal)], 3), byFrequency, 3);
    const square = tf.sum(tf.square(parts), 2, true);
    const direction = tf.div(parts, tf.sqrt(tf.add(square, 1e-5)));
    const size = tf.log(tf.add(tf.mul(tf.sqrt(tf.add(square, 1e-9)), COMPRESSION), 1));
    return tf.transpose(tf.mul(direction, size), [0, 1, 3, 2]);
  };
  return discriminator(`spectra-${length}`, 2, SPECTRAL_LAYERS, image);
}

const PERIOD_LAYERS: readonly Layer[] = [
  { kernel: [5, 1], stride: [3, 1], channels: 16 },
  { kernel: [5, 1], stride: [3, 1], channels: 32 },
  { kernel: [5, 1], stride: [3, 1], channels: 64 },
  { kernel: [5, 1], stride: [3, 1], channels: 64 },
  { kernel: [3, 1], stride: [1, 1], channels: 1 },
];

function periodDiscriminator(period: number): Discriminator {
  const image = (signal: tf.Tensor): tf.Tensor => {
    const [batch, samples] = signal.shape;
    const rows = Math.floor(samples / period);
    return tf.reshape(tf.slice(signal, [0, 0], [batch, rows * period]), [batch, rows, period, 1]);
  };
  return discriminator(`period-${period}`, 1, PERIOD_LAYERS, image);
}

function discriminator(
  name: string,
  inputs: number,
  layers: readonly Layer[],
  image: (signal: tf.Tensor) => tf.Tensor,
): Discriminator {
  const channels = [inputs, ...layers.map((layer) => layer.channels)];
  return {
    name,
    weights: layers.flatMap(({ kernel }, index): WeightSpec[] => {
      const shape = [...kernel, channels[index], channels[index + 1]];
      const fanIn = kernel[0] * kernel[1] * channels[index];
      return [
        { name: `${name}.${index}.weight`, shape, start: uniformStart(fanIn) },
        { name: `${name}.${index}.bias`, shape: [channels[index + 1]], start: uniformStart(fanIn) },
      ];
    }),
    judge: (own, signal) => {
      const weights = within(own, name);
      const features: tf.Tensor[] = [];
      let x = image(signal);
      for (const [index, { stride }] of layers.entries()) {
        const filter = weights(`${index}.weight`) as tf.Tensor4D;
        const sum = tf.conv2d(x as tf.Tensor4D, filter, [...stride], "same");
        x = tf.add(sum, weights(`${index}.bias`));
        if (index + 1 === layers.length) break;
        x = tf.maximum(x, tf.mul(x, SLOPE));
        features.push(x);
      }
      return { scores: x, features };
    },
  };
}
