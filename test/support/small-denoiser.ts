// A denoiser as an engineer would add it, all of it in one file: each frame's samples of z and its row of the mel through a
// hidden layer, on the waveform itself. It sees no other frame and learns little; it is there to show what a network is.
import * as tf from "@tensorflow/tfjs-core";
import { count, fields } from "../../src/formats/json-fields.js";
import type { Architecture } from "../../src/models/architecture.js";
import { gelu } from "../../src/models/layers/composites.js";
import { linear } from "../../src/models/layers/linear.js";
import { linearWeights } from "../../src/models/layers/shapes.js";
import { specsWithin, weightProducts, within } from "../../src/models/weights.js";

interface SmallShape {
  /** Of the hidden layer. */
  readonly width: number;
}

const itself = { framesBefore: 0, framesAfter: 0 };

export const smallDenoiser: Architecture<SmallShape> = {
  kind: "small",
  schema: fields({ width: count() }),
  prior: "standard",
  weights: ({ width }, { bands, hopLength }) => [
    ...specsWithin("signal", linearWeights(hopLength, width)),
    ...specsWithin("mel", linearWeights(bands, width)),
    ...specsWithin("output", linearWeights(width, hopLength, "zero")),
  ],
  reach: () => ({ signal: itself, mel: itself }),
  multiplyAdds: (shape, mel) => weightProducts(smallDenoiser.weights(shape, mel)),
  describe: ({ width }) => `a hidden layer of ${width}`,
  defaults: { sampler: "dpmpp-2m", schedule: (_, steps) => `logsnr-${steps}`, tile: 64 },
  training: {
    settings: { width: 12 },
    recipe: { speeds: [1], gainLow: 0, gainHigh: 0 },
    shapeOf: ({ width }) => ({ width }),
    settingsOf: ({ width }) => ({ width }),
    optimiser: { beta1: 0.9, beta2: 0.99 },
    norm: "l2",
  },
  graph: () =>
    Promise.resolve({
      predicts: "x0",
      denoiser: (_, { hopLength }) => {
        return (weights, { z, logSnr, mel }) => {
          const [batch, samples] = z.shape;
          const frames = tf.reshape(z, [batch, samples / hopLength, hopLength]);
          const hidden = gelu(
            tf.add(linear(within(weights, "signal"), frames), linear(within(weights, "mel"), mel)),
          );
          const added = tf.reshape(linear(within(weights, "output"), hidden), [batch, samples]);
          return tf.add(tf.mul(z, tf.sqrt(tf.sigmoid(tf.reshape(logSnr, [-1, 1])))), added);
        };
      },
    }),
};
