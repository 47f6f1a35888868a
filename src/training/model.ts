// What a run trains: a denoiser, and the prior in whose domain it works. The trainer knows no more of a denoiser than
// what stands here; each kind says it in a file of its own.
import type * as tf from "@tensorflow/tfjs-core";
import type { MelFormat } from "../mel/format.js";
import type { CheckpointConfig } from "../checkpoint/config.js";
import { createMdct, type Mdct } from "../models/layers/mdct.js";
import { createSpectralPrior, type SpectralPrior } from "../models/prior/graph.js";
import { spectralPriorWeights } from "../models/prior/shape.js";
import type { Weights, WeightSpec } from "../models/weights.js";
import type { PreparedCrops } from "./crops.js";
import { maskNetTraining } from "./mask-net-training.js";
import type { OptimiserSettings } from "./optimiser/optimiser.js";
import type { TrainConfig } from "./config.js";
import { waveGradTraining } from "./wavegrad-training.js";

/** What a run trains. */
export interface TrainingModel {
  readonly format: MelFormat;
  readonly denoiser: DenoiserTraining;
  /** The spectral prior; undefined where the waveform is diffused as it is. */
  readonly prior: PriorTraining | undefined;
}

/** The prior's part. */
export interface PriorTraining {
  readonly constants: SpectralPrior;
  readonly transform: Mdct;
  readonly weights: readonly WeightSpec[];
}

/** How a kind of denoiser is trained. */
export interface DenoiserTraining {
  readonly kind: string;
  /** Its size in a few words. */
  readonly summary: string;
  readonly weights: readonly WeightSpec[];
  readonly optimiser: OptimiserSettings;
  /** λ of each crop of a step, [batch]. */
  logSnrs(step: number): Float32Array;
  /** ε̂ of noisy crops z [batch, T] at levels [batch]: [batch, T]. */
  predict(weights: Weights, crops: PreparedCrops, z: tf.Tensor, logSnr: tf.Tensor): tf.Tensor;
  /**
   * The loss of ε̂ − ε [batch, T], a scalar.
   *
   * @param heard 1 for the MDCT bins that count, 0 for those that a crop's recording cannot hold, [batch, 1, bins]
   */
  loss(error: tf.Tensor, heard: tf.Tensor): tf.Tensor;
  /** The configuration of its checkpoint. */
  describe(shared: Pick<CheckpointConfig, "mel" | "schedules" | "training">): CheckpointConfig;
}

/** The models of a run for a mel format. */
export function createTrainingModel(config: TrainConfig, format: MelFormat): TrainingModel {
  switch (config.denoiser) {
    case "mask-net":
      return { format, denoiser: maskNetTraining(config, format), prior: spectralPriorTraining(format) };
    default:
      return { format, denoiser: waveGradTraining(config, format), prior: undefined };
  }
}

function spectralPriorTraining(format: MelFormat): PriorTraining {
  const constants = createSpectralPrior(format);
  const transform = createMdct(format.hopLength);
  return { constants, transform, weights: spectralPriorWeights(constants) };
}
