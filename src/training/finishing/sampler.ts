// The sampler's steps with gradients through all of them, from a harmonic start, as InferGrad (Chen et al. 2022) trains
// WaveGrad: two calls of DDIM, levels λ₀ ≤ λ₁ drawn for each crop. Where both are the same level, the second call sees what
// the first saw, so that a crop has one step. Shapes: signals [batch, T], levels [batch].
import * as tf from "@tensorflow/tfjs-core";
import { mixExcitation } from "../../models/excitation/graph.js";
import { asNoise } from "../../models/layers/prediction.js";
import type { Mdct } from "../../models/layers/mdct.js";
import type { TensorSpec, Tensors } from "../../engine/engine.js";
import type { MelFormat } from "../../mel/format.js";
import { diffused } from "../crops.js";

/** What the sampler's steps are made with. */
export interface SamplerInputs {
  /** Pulses of the voice's pitch [batch, T]. */
  readonly pulses: tf.Tensor;
  /** The voicing of each MDCT bin [batch, frames, hop]. */
  readonly voicing: tf.Tensor;
  /** Unit noise of the excitation where there is no voice [batch, T]. */
  readonly breath: tf.Tensor;
  /** Unit noise that the start is diffused with [batch, T]. */
  readonly startNoise: tf.Tensor;
  /** λ of both calls [batch]. */
  readonly firstLevel: tf.Tensor;
  readonly secondLevel: tf.Tensor;
}

/** The shapes of these inputs. */
export function samplerSpecs(
  { hopLength }: MelFormat,
  batch: number,
  frames: number,
): Record<keyof SamplerInputs, TensorSpec> {
  const signal = { shape: [batch, frames * hopLength] };
  return {
    pulses: signal,
    voicing: { shape: [batch, frames, hopLength] },
    breath: signal,
    startNoise: signal,
    firstLevel: { shape: [batch] },
    secondLevel: { shape: [batch] },
  };
}

/** These inputs among all that a step is given; undefined where it is given none. */
export function samplerInputsOf(inputs: Tensors): SamplerInputs | undefined {
  if (!("pulses" in inputs)) return undefined;
  const { pulses, voicing, breath, startNoise, firstLevel, secondLevel } = inputs;
  return { pulses, voicing, breath, startNoise, firstLevel, secondLevel };
}

/**
 * The estimate x̂₀ that the sampler ends with.
 *
 * @param estimateAt x̂₀ of a noisy state at levels
 * @returns [batch, T]
 */
export function sampledEstimate(
  transform: Mdct,
  { pulses, voicing, breath, startNoise, firstLevel, secondLevel }: SamplerInputs,
  estimateAt: (z: tf.Tensor, logSnr: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const start = mixExcitation(transform, pulses, breath, voicing);
  const z = diffused(start, startNoise, firstLevel);
  const first = estimateAt(z, firstLevel);
  const noise = asNoise({ predicted: first, predicts: "x0", z, logSnr: firstLevel });
  return estimateAt(diffused(first, noise, secondLevel), secondLevel);
}
