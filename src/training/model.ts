// What a run trains: a denoiser, the prior in whose domain it works, and the losses. The trainer knows no more of a
// denoiser than what its architecture says.
import type * as tf from "@tensorflow/tfjs-core";
import { type CheckpointConfig, checkpointConfig } from "../checkpoint/config.js";
import type { LossNorm } from "../diffusion/noise-prediction.js";
import type { MelFormat } from "../mel/format.js";
import type { Architecture, ArchitectureGraph, DenoiserInputs } from "../models/architecture.js";
import { createMdct, type Mdct } from "../models/layers/mdct.js";
import { createSpectralPrior, type SpectralPrior } from "../models/prior/graph.js";
import { spectralPriorWeights } from "../models/prior/shape.js";
import { architectureOf } from "../models/registry.js";
import type { Weights, WeightSpec } from "../models/weights.js";
import { shapeOfRun, type TrainConfig } from "./config.js";
import type { PreparedCrops } from "./crops.js";
import { StepRandom } from "./draws.js";
import type { WeightedLoss } from "./losses/loss.js";
import { lossesOf } from "./losses/registry.js";
import { adamWOnly, type OptimiserSettings } from "./optimiser/optimiser.js";

// Which noise levels a batch trains, unless the denoiser has levels of its own: a share of the crops anywhere in the trained
// range, the others around where the work is. Stratified: one shared offset moves all of a batch's draws, so every batch
// covers the whole distribution.

/** λ of each crop of a step, [batch]. */
export function drawLogSnrs(config: TrainConfig, step: number, batch = config.batch): Float32Array {
  const { uniformLevels, lowestLogSnr, highestLogSnr, logSnrMean, logSnrDeviation } = config;
  const offset = new StepRandom(config.seed, "levels", step).uniform();
  return Float32Array.from({ length: batch }, (_, item) => {
    const position = (item + offset) / batch;
    if (position < uniformLevels) {
      return lowestLogSnr + (highestLogSnr - lowestLogSnr) * (position / uniformLevels);
    }
    const normal = normalQuantile((position - uniformLevels) / (1 - uniformLevels));
    return Math.min(highestLogSnr, Math.max(lowestLogSnr, logSnrMean + logSnrDeviation * normal));
  });
}

/** The value below which a share p of the standard normal distribution lies (Acklam's approximation, to 1e−9). */
export function normalQuantile(p: number): number {
  if (p <= 0) return -Infinity;
  if (p >= 1) return Infinity;
  const tail = 0.02425;
  if (p < tail) return tailQuantile(Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - tail) return -tailQuantile(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  return (polynomial(CENTRE_UP, r) * q) / (polynomial(CENTRE_DOWN, r) * r + 1);
}

const CENTRE_UP = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const CENTRE_DOWN = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1,
];
const TAIL_UP = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_DOWN = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];

function tailQuantile(q: number): number {
  return polynomial(TAIL_UP, q) / (polynomial(TAIL_DOWN, q) * q + 1);
}

/** Coefficients of the highest power first. */
function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}

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

/** What a denoiser is given besides the noisy signal and its level. */
export type Conditioning = Omit<DenoiserInputs, "z" | "logSnr">;

/** How a denoiser is trained in a run. */
export interface DenoiserTraining {
  readonly weights: readonly WeightSpec[];
  readonly optimiser: OptimiserSettings;
  /** λ of each of so many crops of a step. */
  logSnrs(step: number, crops: number): Float32Array;
  /** Whether `predict` gives the data x̂₀ or the noise ε̂. */
  readonly predicts: ArchitectureGraph["predicts"];
  /** What the network makes of crops once, whatever it is asked of them then. */
  condition(weights: Weights, crops: Pick<PreparedCrops, "mel" | "sigma">): Conditioning;
  /** x̂₀ or ε̂ of noisy crops z [batch, T] at levels λ [batch]: [batch, T]. */
  predict(weights: Weights, given: Conditioning, z: tf.Tensor, logSnr: tf.Tensor): tf.Tensor;
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
    logSnrs: (step, crops) =>
      levels
        ? levels.draw(crops, new StepRandom(config.seed, "levels", step))
        : drawLogSnrs(config, step, crops),
    predicts: graph.predicts,
    condition: (weights, { mel, sigma }) => ({ mel, sigma, encoded: graph.encode?.(shape, weights, mel) }),
    predict: (weights, given, z, logSnr) => predict(weights, { z, logSnr, ...given }),
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
  shared: Pick<CheckpointConfig, "mel" | "schedules" | "tunings" | "defaultSteps" | "training">,
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
