// A checkpoint's networks as functions of tensors with the signatures to compile them with: what synthesis runs on an
// engine and what an export writes. The functions are imported when they are asked for, and with them the tensor library:
// where a graph is in the cache, its signature is enough. Shapes: mel [1, F, bands], σ [1, F, hop], encoded [1, F, channels], signals [1, F·hop].
import {
  type Checkpoint,
  isMaskNet,
  type MaskNetCheckpoint,
  weightsOfPart,
} from "../checkpoint/checkpoint.js";
import { weightParts } from "../checkpoint/config.js";
import type { WaveGradConfig } from "../models/wavegrad/shape.js";
import { weightsOf, within } from "../models/weights.js";
import {
  frames,
  type LazyFunction,
  type Runtime,
  type Signature,
  type TensorSpec,
  type TensorValue,
} from "../engine/engine.js";
import { NotCalibratedError, type Precision } from "./precision.js";
import { featureCount } from "../models/mask-net/shape.js";
import { FastDenoiser } from "./fast-denoiser.js";

/** A function and the signature to compile it with. */
export interface NetworkFunction extends LazyFunction {
  readonly signature: Signature;
}

/** The inputs that every checkpoint's networks take. */
export function signalSpecs({ config: { mel } }: Checkpoint): Record<"mel" | "signal", TensorSpec> {
  return {
    mel: { shape: [1, frames(), mel.bands] },
    signal: { shape: [1, frames(mel.hopLength)] },
  };
}

/** The inputs of a mask-net's networks. */
export function networkSpecs(
  checkpoint: MaskNetCheckpoint,
): Record<"mel" | "sigma" | "encoded" | "signal", TensorSpec> {
  const { denoiser, mel } = checkpoint.config;
  return {
    ...signalSpecs(checkpoint),
    sigma: { shape: [1, frames(), mel.hopLength] },
    encoded: { shape: [1, frames(), denoiser.shape.channels] },
  };
}

/** Natural-log mel → σ of each MDCT coefficient and the encoder's vectors. Weights: "prior.…" and "encoder.…". */
export function conditionerFunction(checkpoint: MaskNetCheckpoint): NetworkFunction {
  const { mel: format, denoiser } = checkpoint.config;
  return {
    load: async () => {
      const { createSpectralPrior, logSigma } = await import("../models/prior/graph.js");
      const { encodeMel } = await import("../models/layers/encoder.js");
      const { exp } = await import("@tensorflow/tfjs-core");
      const prior = createSpectralPrior(format);
      return (inputs, held) => {
        const read = weightsOf(held);
        return {
          sigma: exp(logSigma(prior, within(read, "prior"), inputs["mel"])),
          encoded: encodeMel(denoiser.shape.encoder, within(read, "encoder"), inputs["mel"]),
        };
      };
    },
    signature: {
      inputs: { mel: networkSpecs(checkpoint).mel },
      weights: { ...denoiserWeights(checkpoint, isEncoders), ...priorWeights(checkpoint) },
      freesMemory: true,
      source: sourceOf(checkpoint, "conditioner"),
    },
  };
}

/**
 * The part of a signature that makes the trunk's layers 8-bit; nothing for float32.
 *
 * @throws NotCalibratedError if int8 is asked of a checkpoint that was not calibrated
 */
function quantisedLayers({ config }: Checkpoint, precision: Precision): Pick<Signature, "quantised"> {
  if (precision === "float32") return {};
  const quantisation = "quantisation" in config ? config.quantisation : undefined;
  if (!quantisation) throw new NotCalibratedError();
  return { quantised: quantisation };
}

/** What a denoiser is asked for: the estimate x̂₀, or the noise ε̂ that goes with it. */
type Target = "x0" | "noise";

/**
 * The estimate x̂₀, as `x0`: of z, logSnr [1], mel, sigma, encoded for a mask-net, of z, logSnr [1], mel for a WaveGrad.
 * Weights by the denoiser's own names.
 *
 * @throws NotCalibratedError if int8 is asked of a checkpoint that was not calibrated
 */
export function estimateFunction(checkpoint: Checkpoint, precision: Precision = "float32"): NetworkFunction {
  return denoiserFunction(checkpoint, precision, "x0");
}

/** The same as the predicted noise ε̂, as `noise`: what an exported denoiser gives. */
export function noiseFunction(checkpoint: Checkpoint, precision: Precision = "float32"): NetworkFunction {
  return denoiserFunction(checkpoint, precision, "noise");
}

function denoiserFunction(checkpoint: Checkpoint, precision: Precision, target: Target): NetworkFunction {
  return isMaskNet(checkpoint)
    ? maskNetFunction(checkpoint, precision, target)
    : waveGradFunction(checkpoint as Checkpoint<WaveGradConfig>, precision, target);
}

function maskNetFunction(
  checkpoint: MaskNetCheckpoint,
  precision: Precision,
  target: Target,
): NetworkFunction {
  const { mel: format, denoiser } = checkpoint.config;
  const { mel, sigma, encoded, signal } = networkSpecs(checkpoint);
  return {
    load: async () => {
      const { createMaskNet, maskNetEstimate, maskNetNoise } = await import("../models/mask-net/graph.js");
      const predict = target === "x0" ? maskNetEstimate : maskNetNoise;
      const net = createMaskNet(denoiser.shape, format);
      return (inputs, held) => {
        const given = {
          z: inputs["z"],
          logSnr: inputs["logSnr"],
          mel: inputs["mel"],
          sigma: inputs["sigma"],
          encoded: inputs["encoded"],
        };
        return { [target]: predict(net, weightsOf(held), given) };
      };
    },
    signature: {
      inputs: { z: signal, logSnr: { shape: [1] }, mel, sigma, encoded },
      weights: denoiserWeights(checkpoint, (name) => !isEncoders(name)),
      ...quantisedLayers(checkpoint, precision),
      source: sourceOf(checkpoint, `denoiser to ${target}`),
    },
  };
}

function waveGradFunction(
  checkpoint: Checkpoint<WaveGradConfig>,
  precision: Precision,
  target: Target,
): NetworkFunction {
  const { shape } = checkpoint.config.denoiser;
  const { mel, signal } = signalSpecs(checkpoint);
  return {
    load: async () => {
      const { waveGradEstimate, waveGradNoise } = await import("../models/wavegrad/graph.js");
      const predict = target === "x0" ? waveGradEstimate : waveGradNoise;
      return (inputs, held) => {
        const given = { z: inputs["z"], logSnr: inputs["logSnr"], mel: inputs["mel"] };
        return { [target]: predict(shape, weightsOf(held), given) };
      };
    },
    signature: {
      inputs: { z: signal, logSnr: { shape: [1] }, mel },
      weights: denoiserWeights(checkpoint, () => true),
      ...quantisedLayers(checkpoint, precision),
      source: sourceOf(checkpoint, `wavegrad to ${target}`),
    },
  };
}

/** The waveform of a whitened one. */
export function colourFunction(checkpoint: MaskNetCheckpoint): NetworkFunction {
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

function denoiserWeights(
  checkpoint: Checkpoint,
  wanted: (name: string) => boolean,
): Record<string, TensorValue> {
  const weights = Object.entries(weightsOfPart(checkpoint, weightParts.denoiser));
  return Object.fromEntries(weights.filter(([name]) => wanted(name)));
}

function priorWeights(checkpoint: MaskNetCheckpoint): Record<string, TensorValue> {
  const weights = Object.entries(weightsOfPart(checkpoint, weightParts.prior));
  return Object.fromEntries(weights.map(([name, value]) => [`prior.${name}`, value]));
}

/** What the compiled graph depends on besides its signature. */
function sourceOf({ config }: Checkpoint, part: string): string {
  return JSON.stringify({ part, shape: config.denoiser.shape, format: config.mel });
}

// The trunk of a mask-net as a function of tensors, apart from the signal path around it (kernel/), and the fast denoiser
// with a trunk of its own.

/** features [1, F, features + bands] by frequency, logSnr [1], encoded → the trunk's output [F, outputs]. */
export function trunkFunction(
  checkpoint: MaskNetCheckpoint,
  precision: Precision = "float32",
): NetworkFunction {
  const { mel: format, denoiser } = checkpoint.config;
  const columns = featureCount(denoiser.shape, format.hopLength) + format.bands;
  const weights = Object.entries(weightsOfPart(checkpoint, weightParts.denoiser));
  return {
    load: async () => {
      const { createMaskNet, maskNetTrunkRows } = await import("../models/mask-net/graph.js");
      const net = createMaskNet(denoiser.shape, format);
      return (inputs, held) => {
        const { features, logSnr, encoded } = inputs;
        return { output: maskNetTrunkRows(net, weightsOf(held), { features, logSnr, encoded }) };
      };
    },
    signature: {
      inputs: {
        features: { shape: [1, frames(), columns] },
        logSnr: { shape: [1] },
        encoded: { shape: [1, frames(), denoiser.shape.channels] },
      },
      weights: Object.fromEntries(weights.filter(([name]) => !name.startsWith("encoder."))),
      ...quantisedLayers(checkpoint, precision),
      freesMemory: true,
      source: JSON.stringify({ part: "trunk", shape: denoiser.shape, format }),
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
  runtime: Runtime,
  checkpoint: MaskNetCheckpoint,
  precision: Precision = "float32",
): Promise<FastDenoiser> {
  const trunk = trunkFunction(checkpoint, precision);
  return FastDenoiser.create(checkpoint.config, await runtime.compile(trunk, trunk.signature));
}
