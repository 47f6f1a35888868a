// What a run trains: a denoiser, the prior in whose domain it works, and the losses. The trainer knows no more of a
// denoiser than what stands here; each kind says it in a file of its own.
import type * as tf from "@tensorflow/tfjs-core";
import type { MelFormat } from "../mel/format.js";
import type { CheckpointConfig } from "../checkpoint/config.js";
import { createMdct, type Mdct } from "../models/layers/mdct.js";
import { createSpectralPrior, type SpectralPrior } from "../models/prior/graph.js";
import { spectralPriorWeights } from "../models/prior/shape.js";
import type { Weights, WeightSpec } from "../models/weights.js";
import type { LossNorm } from "../diffusion/noise-prediction.js";
import type { PreparedCrops } from "./crops.js";
import type { WeightedLoss } from "./losses/loss.js";
import { lossesOf } from "./losses/registry.js";
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
  /** What the denoiser is trained on. */
  readonly losses: readonly WeightedLoss[];
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
  /** Whether `predict` gives the data x̂₀ or the noise ε̂. */
  readonly predicts: "x0" | "epsilon";
  /** x̂₀ or ε̂ of noisy crops z [batch, T] at levels λ [batch]: [batch, T]. */
  predict(weights: Weights, crops: PreparedCrops, z: tf.Tensor, logSnr: tf.Tensor): tf.Tensor;
  /** How errors of ε̂ are taken: squared, or as they are. */
  readonly norm: LossNorm;
  /** The configuration of its checkpoint. */
  describe(shared: Pick<CheckpointConfig, "mel" | "schedules" | "training">): CheckpointConfig;
}

/**
 * What a run trains, for a mel format.
 *
 * @throws TrainConfigError where the settings name a loss that there is not
 */
export function createTrainingModel(config: TrainConfig, format: MelFormat): TrainingModel {
  const parts = { format, ...networksOf(config, format) };
  return { ...parts, losses: lossesOf({ config, ...parts }) };
}

function networksOf(config: TrainConfig, format: MelFormat): Pick<TrainingModel, "denoiser" | "prior"> {
  switch (config.denoiser) {
    case "mask-net":
      return { denoiser: maskNetTraining(config, format), prior: spectralPriorTraining(format) };
    default:
      return { denoiser: waveGradTraining(config, format), prior: undefined };
  }
}

function spectralPriorTraining(format: MelFormat): PriorTraining {
  const constants = createSpectralPrior(format);
  const transform = createMdct(format.hopLength);
  return { constants, transform, weights: spectralPriorWeights(constants) };
}
