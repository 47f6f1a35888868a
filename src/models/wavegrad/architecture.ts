// WaveGrad, the published denoiser (Chen et al. 2020): works on the waveform itself.
import type { Architecture } from "../architecture.js";
import {
  type WaveGradConfig,
  waveGradHop,
  waveGradMultiplyAdds,
  waveGradReach,
  waveGradSchema,
  waveGradWeights,
} from "./shape.js";
import { waveGradTraining } from "./training.js";

/** The published schedules, by their number of steps. */
const published: Readonly<Record<number, string>> = {
  3: "wg-3",
  6: "wg-6",
  7: "bddm-7",
  25: "fibonacci-25",
  50: "linear-50",
  1000: "training-1000",
};

export const waveGrad: Architecture<WaveGradConfig> = {
  kind: "wavegrad",
  schema: waveGradSchema,
  mismatch: (shape, { hopLength }) => {
    const hop = waveGradHop(shape);
    if (hop === hopLength) return undefined;
    return `has upsampling factors whose product is ${hop}, and its mel's hop is ${hopLength}`;
  },
  prior: "standard",
  weights: (shape, { bands }) => waveGradWeights(shape, bands),
  reach: (shape) => {
    const { waveFrames, melFrames } = waveGradReach(shape);
    return { signal: waveFrames, mel: melFrames };
  },
  multiplyAdds: (shape, { bands }) => waveGradMultiplyAdds(shape, bands),
  describe: ({ melChannels, waveChannels, upsampling, downsamplingChannels }) => {
    const up = upsampling.map(({ factor, channels }) => `×${factor} ${channels}`).join(", ");
    return `mel ${melChannels}, up ${up}; waveform ${waveChannels}, down ${downsamplingChannels.join(", ")} channels`;
  },
  defaults: {
    sampler: "ddpm",
    // the published short schedules tell a network less noise than there is at the start, which only ddpm survives; other
    // samplers get levels that begin at pure noise
    schedule: (sampler, steps) => {
      if (sampler !== "ddpm") return `logsnr-${steps}`;
      return published[steps] ?? `training-1000:${steps}`;
    },
    // activations at the waveform's rate take 130 kB a frame and there are several at a time: short tiles
    tile: 256,
  },
  training: waveGradTraining,
  graph: async () => (await import("./graph.js")).waveGradGraph,
};
