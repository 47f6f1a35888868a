// How WaveGrad is trained, as published (Chen et al. 2020): the mean absolute error of ε̂ on the waveform itself, with
// levels drawn in two stages, first a step of the 1000-step schedule, then √ᾱ between it and the one before; Adam.
import type { MelFormat } from "../mel/format.js";
import { checkpointConfig } from "../checkpoint/config.js";
import { logSnrFromSqrtAlphaBar, logSnrsFromBetas, sqrtAlphaBarFromLogSnr } from "../diffusion/levels.js";
import { linearBetas } from "../diffusion/schedules/named-schedules.js";
import { waveGradNoise } from "../models/wavegrad/graph.js";
import { type WaveGradConfig, waveGradWeights } from "../models/wavegrad/shape.js";
import { StepRandom } from "./draws.js";
import type { TrainConfig } from "./config.js";
import type { DenoiserTraining } from "./model.js";
import { adamWOnly } from "./optimiser/optimiser.js";

/** λ after each step of the schedule, from data to noise (section 4.2: linear betas 1e−6 … 0.01). */
const scheduleLogSnrs = logSnrsFromBetas(linearBetas(1e-6, 0.01, 1000));
/** √ᾱ before the first step and after each: the ends of the segments. */
const segmentEnds = Float64Array.of(1, ...scheduleLogSnrs.map(sqrtAlphaBarFromLogSnr));

/** The training of a WaveGrad. */
export function waveGradTraining(config: TrainConfig, format: MelFormat): DenoiserTraining {
  const shape = waveGradShapeOf(config);
  const { weightDecay, adamWRate, gradientNorm, batch, seed } = config;
  return {
    kind: "wavegrad",
    summary: `upsampling by ${config.upsamplingFactors.join(", ")} in ${config.upsamplingChannels.join(", ")} channels`,
    weights: waveGradWeights(shape, format.bands),
    optimiser: adamWOnly({ beta1: 0.9, beta2: 0.999, weightDecay }, adamWRate, gradientNorm),
    logSnrs: (step) => drawScheduleLogSnrs(batch, seed, step),
    predicts: "epsilon",
    predict: (weights, { mel }, z, logSnr) => waveGradNoise(shape, weights, { z, logSnr, mel }),
    norm: "l1",
    describe: (shared) =>
      checkpointConfig({
        ...shared,
        denoiser: { kind: "wavegrad", shape },
        prior: "standard",
        logSnrRange: [scheduleLogSnrs[scheduleLogSnrs.length - 1], scheduleLogSnrs[0]],
      }),
  };
}

/**
 * λ of each crop of a step: √ᾱ is uniform within a uniformly drawn segment of the schedule. In the first segment, next to
 * the data, λ has no end: it stops at the segment's noisy end, above which there is nothing to hear. [batch]
 */
export function drawScheduleLogSnrs(batch: number, seed: number, step: number): Float32Array {
  const random = new StepRandom(seed, "levels", step);
  return Float32Array.from({ length: batch }, () => {
    const segment = Math.floor(random.uniform() * scheduleLogSnrs.length);
    const sqrtAlphaBar = random.between(segmentEnds[segment + 1], segmentEnds[segment]);
    return Math.min(scheduleLogSnrs[0], logSnrFromSqrtAlphaBar(sqrtAlphaBar));
  });
}

function waveGradShapeOf(config: TrainConfig): WaveGradConfig {
  const { melChannels, waveChannels, upsamplingFactors, upsamplingChannels, upsamplingDilations } = config;
  return {
    melChannels,
    waveChannels,
    upsampling: upsamplingFactors.map((factor, block) => {
      const [first, second, third, fourth] = upsamplingDilations.slice(4 * block);
      return { factor, channels: upsamplingChannels[block], dilations: [first, second, third, fourth] };
    }),
    downsamplingChannels: config.downsamplingChannels,
    downsamplingDilations: config.downsamplingDilations,
  };
}
