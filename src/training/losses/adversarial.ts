// The adversarial loss of least squares (Mao et al. 2017) with feature matching (Larsen et al. 2016), as HiFi-GAN has them
// (Kong et al. 2020): small discriminators learn to tell the recording from what the sampler made, the denoiser to be taken
// for a recording. Its own loss is Σ (1 − D(recording))² + D(made)², over the discriminators.
import * as tf from "@tensorflow/tfjs-core";
import type { Weights } from "../../models/weights.js";
import { adamWOnly } from "../optimiser/optimiser.js";
import { compared, type LossView } from "./view.js";
import { createDiscriminators } from "./discriminators.js";
import type { LossContext, LossKind } from "./loss.js";

const ADAM_W = { beta1: 0.8, beta2: 0.99, weightDecay: 0.01 };
const GRADIENT_NORM = 10;

/** What discriminators say of the waveform, and how far its features are from the recording's. */
export const adversarial: LossKind = {
  name: "discriminators",
  judgesSampled: true,
  create: ({ config, format }: LossContext) => {
    const discriminators = createDiscriminators(config.discriminatorSpectra, config.discriminatorPeriods);
    const signals = (seen: LossView): ReturnType<typeof compared> => compared(seen, format.hopLength);
    return {
      value: (seen, own) => {
        const { made, recorded } = signals(seen);
        const parts = discriminators.map(({ judge }) => {
          const [verdict, wanted] = [judge(own, made), judge(own, recorded)];
          const distances = verdict.features.map((feature, i) =>
            tf.mean(tf.abs(tf.sub(feature, wanted.features[i]))),
          );
          return { taken: meanSquare(tf.sub(1, verdict.scores)), matching: tf.addN(distances) };
        });
        const score = tf.addN(parts.map(({ taken }) => taken));
        const features = tf.addN(parts.map(({ matching }) => matching));
        return {
          loss: tf.add(score, tf.mul(features, config.featureMatching)),
          figures: { score, features },
        };
      },
      network: {
        weights: discriminators.flatMap(({ weights }) => weights),
        optimiser: adamWOnly(ADAM_W, config.discriminatorRate, GRADIENT_NORM),
        value: (seen: LossView, own: Weights) => {
          const { made, recorded } = signals(seen);
          const errors = discriminators.map(({ judge }) =>
            tf.add(meanSquare(tf.sub(1, judge(own, recorded).scores)), meanSquare(judge(own, made).scores)),
          );
          return { loss: tf.addN(errors) };
        },
      },
    };
  },
};

function meanSquare(x: tf.Tensor): tf.Tensor {
  return tf.mean(tf.square(x));
}
