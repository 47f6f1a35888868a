// How WaveGrad is trained, as published (Chen et al. 2020): the mean absolute error of ε̂ on the waveform itself, with
// levels drawn in two stages, first a step of the 1000-step schedule, then √ᾱ between it and the one before; Adam.
import { logSnrFromSqrtAlphaBar, logSnrsFromBetas, sqrtAlphaBarFromLogSnr } from "../../diffusion/levels.js";
import { linearBetas } from "../../diffusion/schedules/named-schedules.js";
import type { LevelDraw, Settings, TrainingPart } from "../architecture.js";
import { waveGradBase22k, type WaveGradConfig } from "./shape.js";

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
