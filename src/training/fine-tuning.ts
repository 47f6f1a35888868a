// Settings of a run that begins with a checkpoint's weights, to make them fit a few minutes of another voice.
//
// The network's shape is the checkpoint's, but that it may get more mel corrections. So is the prior: the network knows
// speech only as that prior whitens it, and a new fit would move the domain away under it; fitted on many voices, it fits
// one more. A quarter of the usual learning rates and some minutes of steps move the weights towards the voice without
// forgetting what speech is: what the network knows beyond the new recordings is why one begins with it.
import type { CheckpointConfig } from "../checkpoint/config.js";
import { TrainConfigError } from "./errors.js";
import { baseConfig, type TrainConfig } from "./train-config.js";
import { withSettings } from "./train-config-text.js";

/** What differs from training from the beginning. */
export const fineTuningSettings = { steps: 600, rateShape: "cosine" } as const satisfies Partial<TrainConfig>;
/** Of the usual learning rates. */
const RATE_SHARE = 0.25;

/**
 * The settings of a run that begins with a checkpoint.
 *
 * @param name of the checkpoint, for messages
 * @param changes as parsed from JSON
 * @throws TrainConfigError for what withSettings refuses, and for another shape than the checkpoint's
 */
export function fineTuningConfig(
  checkpoint: Pick<CheckpointConfig, "denoiser" | "logSnrRange">,
  name: string,
  changes: Readonly<Record<string, unknown>>,
): TrainConfig {
  const shape = shapeOf(checkpoint);
  const usual = baseConfig(checkpoint.denoiser.kind);
  const base: TrainConfig = {
    ...usual,
    ...fineTuningSettings,
    adamWRate: RATE_SHARE * usual.adamWRate,
    muonRate: RATE_SHARE * usual.muonRate,
    lowestLogSnr: checkpoint.logSnrRange[0],
    highestLogSnr: checkpoint.logSnrRange[1],
    ...shape,
  };
  const config = withSettings(base, changes);
  for (const key of Object.keys(shape) as (keyof TrainConfig)[]) {
    if (String(config[key]) === String(shape[key])) continue;
    if (key === "corrections" && config[key] > Number(shape[key])) continue;
    throw new TrainConfigError(
      `'${key}' is ${String(shape[key])} in the checkpoint '${name}', which training begins with, and cannot become ` +
        `${String(config[key])}. Leave it out.`,
    );
  }
  return config;
}

/** The settings that a checkpoint's network has. */
function shapeOf({ denoiser }: Pick<CheckpointConfig, "denoiser">): Partial<TrainConfig> {
  const { kind, shape } = denoiser;
  if (kind === "wavegrad") {
    return {
      denoiser: kind,
      melChannels: shape.melChannels,
      waveChannels: shape.waveChannels,
      upsamplingFactors: shape.upsampling.map(({ factor }) => factor),
      upsamplingChannels: shape.upsampling.map(({ channels }) => channels),
      upsamplingDilations: shape.upsampling.flatMap(({ dilations }) => dilations),
      downsamplingChannels: [...shape.downsamplingChannels],
      downsamplingDilations: [...shape.downsamplingDilations],
    };
  }
  const { encoder, ...trunk } = shape;
  return {
    denoiser: kind,
    windowLengths: [...trunk.windowLengths],
    channels: trunk.channels,
    expanded: trunk.expanded,
    dilations: [...trunk.dilations],
    corrections: trunk.corrections,
    levelWidth: trunk.levelWidth,
    encoderChannels: encoder.channels,
    encoderExpanded: encoder.expanded,
    encoderDilations: [...encoder.dilations],
  };
}
