// What a network is trained on: a weighted sum of losses, each a function of everything that a step knows. A loss is one
// file and one line in ./registry.ts. It may hold a network of its own, such as a discriminator, which learns beside the
// denoiser from the same steps.
import type * as tf from "@tensorflow/tfjs-core";
import type { MelFormat } from "../../mel/format.js";
import type { Weights, WeightSpec } from "../../models/weights.js";
import type { TrainConfig } from "../config.js";
import type { DenoiserTraining, PriorTraining } from "../model.js";
import type { OptimiserSettings } from "../optimiser/optimiser.js";
import type { LossView } from "./view.js";

/** A loss of a batch. */
export interface LossValue {
  /** A scalar. */
  readonly loss: tf.Tensor;
  /** Scalars that the log shows beside it, by names of their own. */
  readonly figures?: Readonly<Record<string, tf.Tensor>>;
}

/** A network that belongs to a loss and learns with the denoiser. Its weights and moments are part of a run's state. */
export interface LossNetwork {
  readonly weights: readonly WeightSpec[];
  readonly optimiser: OptimiserSettings;
  /**
   * What its own weights are trained on. It sees the same step with what the denoiser made as constants, before either
   * network has taken the step.
   */
  value(seen: LossView, own: Weights): LossValue;
}

/** A loss as a run uses it. */
export interface Loss {
  /**
   * What the denoiser is trained on.
   *
   * @param own the weights of the loss's network, constants here; none without one
   */
  value(seen: LossView, own: Weights): LossValue;
  readonly network?: LossNetwork;
}

/** What a loss is made for. */
export interface LossContext {
  readonly config: TrainConfig;
  readonly format: MelFormat;
  readonly denoiser: DenoiserTraining;
  readonly prior: PriorTraining | undefined;
}

/** A kind of loss, as a run's settings name it. */
export interface LossKind {
  /** In small letters, digits and hyphens: in the settings, in the log, and in the names of its network's state. */
  readonly name: string;
  /** Whether it judges what the sampler's steps make, which there is in the finishing phase alone. */
  readonly judgesSampled?: boolean;
  create(context: LossContext): Loss;
}

/** A loss and how much it counts. */
export interface WeightedLoss {
  readonly name: string;
  readonly loss: Loss;
  readonly weight: number;
}
