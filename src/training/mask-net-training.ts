// How mask-net is trained: the noise-prediction loss (Ho et al. 2020, eq. 14) in the whitened domain, weighted over
// frequency; Muon for the products of its blocks and AdamW for everything else.
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import { checkpointConfig } from "../checkpoint/config.js";
import { encodeMel } from "../models/encoder.js";
import { createMaskNet, maskNetNoise } from "../models/mask-net.js";
import { type MaskNetConfig, maskNetWeights } from "../models/mask-net-config.js";
import { within } from "../models/weights.js";
import { drawLogSnrs } from "./noise-levels.js";
import { weightedSquare } from "./objective.js";
import type { TrainConfig } from "./train-config.js";
import type { DenoiserTraining } from "./training-model.js";

/** Whether Muon trains a weight: the two products of every block, and the encoder's last. */
export function usesMuon(name: string): boolean {
  return /\.(up|down)\.weight$/.test(name) || name === "encoder.output.weight";
}

/** The training of a mask-net. */
export function maskNetTraining(config: TrainConfig, format: MelFormat): DenoiserTraining {
  const shape = maskNetConfigOf(config);
  const network = createMaskNet(shape, format);
  const { weightDecay, adamWRate, muonRate, gradientNorm, lossCorner } = config;
  return {
    kind: "mask-net",
    summary:
      `${config.dilations.length} blocks of ${config.channels}/${config.expanded}, ` +
      `${config.corrections} mel corrections`,
    weights: maskNetWeights(shape, format.bands, format.hopLength),
    optimiser: {
      adamW: { beta1: 0.9, beta2: 0.99, weightDecay },
      muon: { momentum: 0.95, weightDecay },
      adamWRate,
      muonRate,
      gradientNorm,
      usesMuon,
    },
    logSnrs: (step) => drawLogSnrs(config, step),
    predict: (weights, { mel, sigma }, z, logSnr) => {
      if (!sigma) throw new Error("A mask-net works in the domain of the spectral prior.");
      const encoded = encodeMel(shape.encoder, within(weights, "encoder"), mel);
      return maskNetNoise(network, weights, { z, logSnr, mel, sigma, encoded });
    },
    loss: (error, heard) => weightedSquare(network.mdct, format.sampleRate, lossCorner, error, heard),
    describe: (shared) =>
      checkpointConfig({
        ...shared,
        denoiser: { kind: "mask-net", shape },
        prior: "spectral",
        logSnrRange: [config.lowestLogSnr, config.highestLogSnr],
      }),
  };
}

/** The network's shape in a run's settings. */
function maskNetConfigOf(config: TrainConfig): MaskNetConfig {
  const { windowLengths, channels, expanded, dilations, corrections, levelWidth } = config;
  const encoder = {
    channels: config.encoderChannels,
    expanded: config.encoderExpanded,
    dilations: config.encoderDilations,
  };
  return { windowLengths, channels, expanded, dilations, corrections, levelWidth, encoder };
}
