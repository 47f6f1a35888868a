// A checkpoint's networks as functions of tensors with the signatures to compile them with: what synthesis runs on an
// engine and what an export writes. The functions are imported when they are asked for, and with them the tensor library:
// where a graph is in the cache, its signature is enough.
// Shapes: mel [1, F, bands], σ [1, F, hop], encoded [1, F, channels], signals [1, F·hop].
import type { Tensor } from "@tensorflow/tfjs-core";
import { type AnyCheckpoint, type Checkpoint, weightsOfPart } from "../checkpoint/checkpoint.js";
import { type CheckpointConfig, weightParts } from "../checkpoint/config.js";
import {
  frames,
  type LazyFunction,
  NotCalibratedError,
  type Precision,
  type Engine,
  type Signature,
  type Tensors,
  type TensorSpec,
  type TensorValue,
} from "../engine/engine.js";
import { architectureOf } from "../models/registry.js";
import { weightsOf, within } from "../models/weights.js";
import { FastDenoiser } from "./fast-denoiser.js";

/** A function and the signature to compile it with. */
export interface NetworkFunction extends LazyFunction {
  readonly signature: Signature;
}

/** The inputs that every checkpoint's networks take. */
export function signalSpecs({ config: { mel } }: AnyCheckpoint): Record<"mel" | "signal", TensorSpec> {
  return {
    mel: { shape: [1, frames(), mel.bands] },
    signal: { shape: [1, frames(mel.hopLength)] },
  };
}

/** Values a frame that the conditioning makes of a mel, by name: σ and the encoder's vectors, as far as there are. */
export function conditioningColumns({ denoiser, mel, prior }: CheckpointConfig): Record<string, number> {
  const { encoder } = architectureOf(denoiser.kind);
  return {
    ...(prior === "spectral" && { sigma: mel.hopLength }),
    ...(encoder && { encoded: encoder.columns(denoiser.shape) }),
  };
}

/** Whether the denoiser is given more of a mel than the mel. */
export function isConditioned(config: CheckpointConfig): boolean {
  return Object.keys(conditioningColumns(config)).length > 0;
}

/** The inputs of a checkpoint's networks: mel, signal, and what the conditioning makes. */
export function networkSpecs(checkpoint: AnyCheckpoint): Record<string, TensorSpec> {
  return { ...signalSpecs(checkpoint), ...conditioningSpecs(checkpoint) };
}

function conditioningSpecs({ config }: AnyCheckpoint): Record<string, TensorSpec> {
  const columns = Object.entries(conditioningColumns(config));
  return Object.fromEntries(columns.map(([name, count]) => [name, { shape: [1, frames(), count] }]));
}

/**
 * Natural-log mel → what the denoiser is given of it: σ of each MDCT coefficient with the spectral prior, and the
 * encoder's vectors where there is one. Weights: "prior.…" and "encoder.…".
 */
export function conditionerFunction(checkpoint: AnyCheckpoint): NetworkFunction {
  const { denoiser, prior } = checkpoint.config;
  return {
    load: async () => {
      const graph = await architectureOf(denoiser.kind).graph();
      const sigmaOf = prior === "spectral" ? await loadSigma(checkpoint) : undefined;
      return ({ mel }, held) => ({
        ...(sigmaOf && { sigma: sigmaOf(held, mel) }),
        ...(graph.encode && { encoded: graph.encode(denoiser.shape, weightsOf(held), mel) }),
      });
    },
    signature: {
      inputs: { mel: signalSpecs(checkpoint).mel },
      ...weightsFrom(checkpoint, (all) => ({ ...denoiserWeights(all, isEncoders), ...priorWeights(all) })),
      freesMemory: true,
      source: sourceOf(checkpoint, "conditioner"),
    },
  };
}

/** σ of a mel, by the prior's weights within those given. */
async function loadSigma({ config }: AnyCheckpoint): Promise<(held: Tensors, mel: Tensor) => Tensor> {
  const { createSpectralPrior, logSigma } = await import("../models/prior/graph.js");
  const { exp } = await import("@tensorflow/tfjs-core");
  const prior = createSpectralPrior(config.mel);
  return (held, mel) => exp(logSigma(prior, within(weightsOf(held), "prior"), mel));
}

/**
 * The part of a signature that makes the trunk's layers 8-bit; nothing for float32.
 *
 * @throws NotCalibratedError if int8 is asked of a checkpoint that was not calibrated
 */
function quantisedLayers({ config }: AnyCheckpoint, precision: Precision): Pick<Signature, "quantised"> {
  if (precision === "float32") return {};
  const { quantisation } = config;
  if (!quantisation) throw new NotCalibratedError();
  return { quantised: quantisation };
}

/** What a denoiser is asked for: the estimate x̂₀, or the noise ε̂ that goes with it. */
type Target = "x0" | "noise";

/**
 * The estimate x̂₀, as `x0`: of z, logSnr [1], mel, and what the conditioning makes. Weights by the denoiser's own names.
 *
 * @throws NotCalibratedError if int8 is asked of a checkpoint that was not calibrated
 */
export function estimateFunction(
  checkpoint: AnyCheckpoint,
  precision: Precision = "float32",
): NetworkFunction {
  return denoiserFunction(checkpoint, precision, "x0");
}

/** The same as the predicted noise ε̂, as `noise`: what an exported denoiser gives. */
export function noiseFunction(checkpoint: AnyCheckpoint, precision: Precision = "float32"): NetworkFunction {
  return denoiserFunction(checkpoint, precision, "noise");
}

function denoiserFunction(checkpoint: AnyCheckpoint, precision: Precision, target: Target): NetworkFunction {
  const { mel: format, denoiser } = checkpoint.config;
  const { mel, signal } = signalSpecs(checkpoint);
  return {
    load: async () => {
      const graph = await architectureOf(denoiser.kind).graph();
      const { asEstimate, asNoise } = await import("../models/layers/prediction.js");
      const { predicts } = graph;
      const predict = graph.denoiser(denoiser.shape, format);
      const as = target === "x0" ? asEstimate : asNoise;
      return (inputs, held) => {
        const given = {
          z: inputs["z"],
          logSnr: inputs["logSnr"],
          mel: inputs["mel"],
          sigma: inputs["sigma"],
          encoded: inputs["encoded"],
        };
        return { [target]: as({ predicted: predict(weightsOf(held), given), predicts, ...given }) };
      };
    },
    signature: {
      inputs: { z: signal, logSnr: { shape: [1] }, mel, ...conditioningSpecs(checkpoint) },
      ...weightsFrom(checkpoint, (all) => denoiserWeights(all, (name) => !isEncoders(name))),
      ...quantisedLayers(checkpoint, precision),
      source: sourceOf(checkpoint, `denoiser to ${target}`),
    },
  };
}

/** The waveform of a whitened one. */
export function colourFunction(checkpoint: AnyCheckpoint): NetworkFunction {
  const { sigma, signal } = networkSpecs(checkpoint);
  return {
    load: async () => {
      const { colour } = await import("../models/prior/graph.js");
      const { createMdct } = await import("../models/layers/mdct.js");
      const transform = createMdct(checkpoint.config.mel.hopLength);
      return (inputs) => ({ signal: colour(transform, inputs["whitened"], inputs["sigma"]) });
    },
    signature: {
      inputs: { whitened: signal, sigma },
      freesMemory: true,
      source: sourceOf(checkpoint, "colour"),
    },
  };
}

function isEncoders(name: string): boolean {
  return name.startsWith("encoder.");
}

/** A checkpoint's weights under the names that a function knows them by: at hand, or to be read. */
export function weightsFrom(
  checkpoint: AnyCheckpoint,
  named: (all: Pick<Checkpoint, "weights">) => Record<string, TensorValue>,
): Pick<Signature, "weights" | "stored"> {
  if ("weights" in checkpoint) return { weights: named(checkpoint) };
  const { weightsPath, readWeights } = checkpoint;
  return { stored: { path: weightsPath, read: async () => named({ weights: await readWeights() }) } };
}

function denoiserWeights(
  all: Pick<Checkpoint, "weights">,
  wanted: (name: string) => boolean,
): Record<string, TensorValue> {
  const weights = Object.entries(weightsOfPart(all, weightParts.denoiser));
  return Object.fromEntries(weights.filter(([name]) => wanted(name)));
}

function priorWeights(all: Pick<Checkpoint, "weights">): Record<string, TensorValue> {
  const weights = Object.entries(weightsOfPart(all, weightParts.prior));
  return Object.fromEntries(weights.map(([name, value]) => [`prior.${name}`, value]));
}

/** What the compiled graph depends on besides its signature. */
function sourceOf({ config }: AnyCheckpoint, part: string): string {
  const { kind, shape } = config.denoiser;
  return JSON.stringify({ part, kind, shape, format: config.mel });
}

// A denoiser's trunk as a function of tensors, apart from the signal path around it (kernel/), and the fast denoiser with a
// trunk of its own.

/**
 * features [1, F, columns], logSnr [1], encoded → the trunk's output [F, outputs].
 *
 * @param checkpoint of an architecture with a kernel
 */
export function trunkFunction(checkpoint: AnyCheckpoint, precision: Precision = "float32"): NetworkFunction {
  const { mel: format, denoiser } = checkpoint.config;
  const { kind, shape } = denoiser;
  const architecture = architectureOf(kind);
  const { encoded } = networkSpecs(checkpoint);
  return {
    load: async () => {
      const trunk = (await architecture.graph()).trunk!(shape, format);
      return (inputs, held) => {
        const { features, logSnr, encoded } = inputs;
        return { output: trunk(weightsOf(held), { features, logSnr, encoded }) };
      };
    },
    signature: {
      inputs: {
        features: { shape: [1, frames(), architecture.kernel!.features(shape, format)] },
        logSnr: { shape: [1] },
        encoded,
      },
      ...weightsFrom(checkpoint, (all) => denoiserWeights(all, (name) => !isEncoders(name))),
      ...quantisedLayers(checkpoint, precision),
      freesMemory: true,
      source: sourceOf(checkpoint, "trunk"),
    },
  };
}

/**
 * Compiles a checkpoint's trunk and opens the denoiser around it.
 *
 * @param runtime of the trunk
 * @param precision of the trunk's Linear layers
 * @throws SignalPathError where the signal path cannot do the network; NotCalibratedError for int8
 */
export async function openFastDenoiser(
  runtime: Engine,
  checkpoint: AnyCheckpoint,
  precision: Precision = "float32",
): Promise<FastDenoiser> {
  const trunk = trunkFunction(checkpoint, precision);
  return FastDenoiser.create(checkpoint.config, await runtime.compile(trunk, trunk.signature));
}
