// What a run trains: a denoiser, the prior in whose domain it works, and the losses. The trainer knows no more of a
// denoiser than what its architecture says.
import type * as tf from "@tensorflow/tfjs-core";
import { type CheckpointConfig, checkpointConfig } from "../checkpoint/config.js";
import type { LossNorm } from "../diffusion/noise-prediction.js";
import type { MelFormat } from "../mel/format.js";
import type { Architecture, ArchitectureGraph } from "../models/architecture.js";
import { createMdct, type Mdct } from "../models/layers/mdct.js";
import { createSpectralPrior, type SpectralPrior } from "../models/prior/graph.js";
import { spectralPriorWeights } from "../models/prior/shape.js";
import { architectureOf } from "../models/registry.js";
import type { Weights, WeightSpec } from "../models/weights.js";
import { shapeOfRun, type TrainConfig } from "./config.js";
import type { PreparedCrops } from "./crops.js";
import { StepRandom } from "./draws.js";
import { drawLogSnrs } from "./levels.js";
import type { WeightedLoss } from "./losses/loss.js";
import { lossesOf } from "./losses/registry.js";
import { adamWOnly, type OptimiserSettings } from "./optimiser/optimiser.js";

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

/** How a denoiser is trained in a run. */
export interface DenoiserTraining {
  readonly weights: readonly WeightSpec[];
  readonly optimiser: OptimiserSettings;
  /** λ of each crop of a step, [batch]. */
  logSnrs(step: number): Float32Array;
  /** Whether `predict` gives the data x̂₀ or the noise ε̂. */
  readonly predicts: ArchitectureGraph["predicts"];
  /** x̂₀ or ε̂ of noisy crops z [batch, T] at levels λ [batch]: [batch, T]. */
  predict(weights: Weights, crops: PreparedCrops, z: tf.Tensor, logSnr: tf.Tensor): tf.Tensor;
  /** How errors of ε̂ are taken: squared, or as they are. */
  readonly norm: LossNorm;
}

/**
 * What a run trains, for a mel format.
 *
 * @throws TrainConfigError where the settings name a loss that there is not
 */
export async function createTrainingModel(config: TrainConfig, format: MelFormat): Promise<TrainingModel> {
  const architecture = architectureOf(config.denoiser);
  const denoiser = denoiserTraining(architecture, await architecture.graph(), config, format);
  const prior = architecture.prior === "spectral" ? spectralPriorTraining(format) : undefined;
  const parts = { format, denoiser, prior };
  return { ...parts, losses: lossesOf({ config, ...parts }) };
}

function denoiserTraining(
  architecture: Architecture,
  graph: ArchitectureGraph,
  config: TrainConfig,
  format: MelFormat,
): DenoiserTraining {
  const shape = shapeOfRun(config);
  const predict = graph.denoiser(shape, format);
  const { levels, norm } = architecture.training;
  return {
    weights: architecture.weights(shape, format),
    optimiser: optimiserOf(architecture, config),
    logSnrs: (step) =>
      levels
        ? levels.draw(config.batch, new StepRandom(config.seed, "levels", step))
        : drawLogSnrs(config, step),
    predicts: graph.predicts,
    predict: (weights, { mel, sigma }, z, logSnr) =>
      predict(weights, { z, logSnr, mel, sigma, encoded: graph.encode?.(shape, weights, mel) }),
    norm,
  };
}

function optimiserOf({ training }: Architecture, config: TrainConfig): OptimiserSettings {
  const { beta1, beta2, muon } = training.optimiser;
  const { weightDecay, adamWRate, muonRate, gradientNorm } = config;
  const adamW = { beta1, beta2, weightDecay };
  if (!muon) return adamWOnly(adamW, adamWRate, gradientNorm);
  return {
    adamW,
    muon: { momentum: muon.momentum, weightDecay },
    adamWRate,
    muonRate,
    gradientNorm,
    usesMuon: (name) => muon.trains(name),
  };
}

/** The configuration of a run's checkpoint. */
export function checkpointConfigOf(
  config: TrainConfig,
  shared: Pick<CheckpointConfig, "mel" | "schedules" | "training">,
): CheckpointConfig {
  const { kind, prior, training } = architectureOf(config.denoiser);
  return checkpointConfig({
    ...shared,
    denoiser: { kind, shape: shapeOfRun(config) },
    prior,
    logSnrRange: training.levels?.range ?? [config.lowestLogSnr, config.highestLogSnr],
  });
}

function spectralPriorTraining(format: MelFormat): PriorTraining {
  const constants = createSpectralPrior(format);
  const transform = createMdct(format.hopLength);
  return { constants, transform, weights: spectralPriorWeights(constants) };
}
