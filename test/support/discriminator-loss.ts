// A loss with a network of its own: a discriminator of two layers over pieces of the waveform, in least squares (Mao et
// al. 2017). Too small to teach anything; large enough to be trained, saved and continued.
import * as tf from "@tensorflow/tfjs-core";
import { gelu } from "../../src/models/layers/composites.js";
import { linear } from "../../src/models/layers/linear.js";
import { linearWeights } from "../../src/models/layers/shapes.js";
import { specsWithin, type Weights, within } from "../../src/models/weights.js";
import type { LossKind } from "../../src/training/losses/loss.js";
import { adamWOnly } from "../../src/training/optimiser/optimiser.js";

const PIECE = 256;
const HIDDEN = 8;

/** Tells how often the discriminator is right about what the denoiser made. */
export const discriminatorLoss: LossKind = {
  name: "adversarial",
  create: () => ({
    value: ({ waveform }, own) => ({ loss: tf.mean(tf.square(tf.sub(score(own, waveform), 1))) }),
    network: {
      weights: [
        ...specsWithin("hidden", linearWeights(PIECE, HIDDEN)),
        ...specsWithin("score", linearWeights(HIDDEN, 1)),
      ],
      optimiser: adamWOnly({ beta1: 0.5, beta2: 0.9, weightDecay: 0 }, 1e-3, 10),
      value: ({ waveform, cleanWaveform }, own) => {
        const [made, real] = [score(own, waveform), score(own, cleanWaveform)];
        const found = tf.mean(tf.cast(tf.less(made, 0.5), "float32"));
        const loss = tf.add(tf.mean(tf.square(made)), tf.mean(tf.square(tf.sub(real, 1))));
        return { loss, figures: { found } };
      },
    },
  }),
};

/** 1 for a piece that looks recorded, 0 for one that looks made. [batch, T] → [batch, T/256, 1] */
function score(own: Weights, waveform: tf.Tensor): tf.Tensor {
  const [batch, samples] = waveform.shape;
  const pieces = tf.reshape(waveform, [batch, samples / PIECE, PIECE]);
  return linear(within(own, "score"), gelu(linear(within(own, "hidden"), pieces)));
}
