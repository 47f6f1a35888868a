// WaveGrad, the published denoiser (Chen et al. 2020): works on the waveform itself.
import type { Architecture, LevelDraw, Settings, TrainingPart } from "../architecture.js";
import {
  waveGradBase22k,
  type WaveGradConfig,
  waveGradHop,
  waveGradMultiplyAdds,
  waveGradReach,
  waveGradSchema,
  waveGradWeights,
} from "./shape.js";
import { logSnrFromSqrtAlphaBar, logSnrsFromBetas, sqrtAlphaBarFromLogSnr } from "../../diffusion/levels.js";
import { linearBetas } from "../../diffusion/schedules/named-schedules.js";

// How WaveGrad is trained, as published (Chen et al. 2020): the mean absolute error of ε̂ on the waveform itself, with
// levels drawn in two stages, first a step of the 1000-step schedule, then √ᾱ between it and the one before; Adam.

/**
 * Crops of 0.3 s, no augmentation. On a CPU it takes weeks where mask-net takes an hour; the paper's batch is 256 crops, for
 * a million steps.
 */
export const waveGradTraining: TrainingPart<WaveGradConfig> = {
  settings: settingsOf(waveGradBase22k),
  recipe: { cropFrames: 28, adamWRate: 2e-4, weightDecay: 0, gainLow: 0, gainHigh: 0, speeds: [1] },
  shapeOf,
  settingsOf,
  fault,
  formatFault: (settings, { hopLength }) => {
    const { upsamplingFactors } = listsOf(settings);
    const product = upsamplingFactors.reduce((whole, factor) => whole * factor, 1);
    if (product === hopLength) return undefined;
    return (
      `The product of 'upsamplingFactors' (${upsamplingFactors.join(", ")}) is ${product}, and has to be the mel format's ` +
      `hop, ${hopLength}.`
    );
  },
  optimiser: { beta1: 0.9, beta2: 0.999 },
  norm: "l1",
  levels: scheduleLevels(),
};

/** Settings that are lists, as they are checked one by one. */
function listsOf(
  settings: Settings,
): Record<
  | "upsamplingFactors"
  | "upsamplingChannels"
  | "upsamplingDilations"
  | "downsamplingChannels"
  | "downsamplingDilations",
  readonly number[]
> {
  return settings as ReturnType<typeof listsOf>;
}

function shapeOf(settings: Settings): unknown {
  const { upsamplingFactors, upsamplingChannels, upsamplingDilations } = listsOf(settings);
  const upsampling = upsamplingFactors.map((factor, block) => ({
    factor,
    channels: upsamplingChannels[block],
    dilations: upsamplingDilations.slice(4 * block, 4 * block + 4),
  }));
  return { ...settings, upsampling };
}

function settingsOf({ upsampling, ...others }: WaveGradConfig): TrainingPart<WaveGradConfig>["settings"] {
  return {
    // channels that the mel and the waveform enter with
    melChannels: others.melChannels,
    waveChannels: others.waveChannels,
    // from the mel's rate to the waveform's, a block each; their product is the mel's hop
    upsamplingFactors: upsampling.map(({ factor }) => factor),
    upsamplingChannels: upsampling.map(({ channels }) => channels),
    // of the four convolutions of each block, block after block
    upsamplingDilations: upsampling.flatMap(({ dilations }) => dilations),
    // from the waveform's rate down: a block fewer than up
    downsamplingChannels: others.downsamplingChannels,
    downsamplingDilations: others.downsamplingDilations,
  };
}

function fault(settings: Settings): string | undefined {
  const { upsamplingFactors, upsamplingChannels, upsamplingDilations, downsamplingChannels } =
    listsOf(settings);
  const blocks = upsamplingFactors.length;
  const lengths = [
    ["upsamplingChannels", upsamplingChannels.length, blocks],
    ["upsamplingDilations", upsamplingDilations.length, 4 * blocks],
    ["downsamplingChannels", downsamplingChannels.length, blocks - 1],
  ] as const;
  const wrong = lengths.find(([, length, expected]) => length !== expected);
  if (wrong) {
    const [name, length, expected] = wrong;
    return `'${name}' has ${length} values, and ${blocks} 'upsamplingFactors' take ${expected}.`;
  }
  const odd = [Number(settings["waveChannels"]), ...downsamplingChannels].find((each) => each % 2 !== 0);
  if (odd === undefined) return undefined;
  return `'waveChannels' and 'downsamplingChannels' are even, for the level's sines and cosines, not ${odd}.`;
}

/**
 * √ᾱ is uniform within a uniformly drawn segment of the schedule. In the first segment, next to the data, λ has no end: it
 * stops at the segment's noisy end, above which there is nothing to hear.
 */
function scheduleLevels(): LevelDraw {
  // λ after each step of the schedule, from data to noise (section 4.2: linear betas 1e−6 … 0.01)
  const logSnrs = logSnrsFromBetas(linearBetas(1e-6, 0.01, 1000));
  // √ᾱ before the first step and after each: the ends of the segments
  const ends = Float64Array.of(1, ...logSnrs.map(sqrtAlphaBarFromLogSnr));
  return {
    range: [logSnrs[logSnrs.length - 1], logSnrs[0]],
    draw: (batch, random) =>
      Float32Array.from({ length: batch }, () => {
        const segment = Math.floor(random.uniform() * logSnrs.length);
        const sqrtAlphaBar = random.between(ends[segment + 1], ends[segment]);
        return Math.min(logSnrs[0], logSnrFromSqrtAlphaBar(sqrtAlphaBar));
      }),
  };
}

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
