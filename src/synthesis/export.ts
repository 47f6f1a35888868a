// A checkpoint as ONNX files that any onnxruntime runs without vocode: its networks one by one, or everything from mel
// and noise to the waveform as one graph, a sampler's plan unrolled into it. Mels come in the checkpoint's own format;
// the frame count F is free. Shapes: mel [1, F, bands], signals [1, F·hop].
import * as tf from "@tensorflow/tfjs-core";
import { logScales } from "../mel/encoding.js";
import type { MelFormat } from "../mel/format.js";
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { weightParts } from "../checkpoint/config.js";
import type { TunedStart } from "../checkpoint/tunings.js";
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "../diffusion/levels.js";
import { withSameNoise } from "../diffusion/parameterisation.js";
import { sampleIn } from "../diffusion/samplers/run-plan.js";
import type { SamplingPlan } from "../diffusion/samplers/sampling-plan.js";
import { InputError } from "../errors.js";
import { excitationOfLogits } from "../models/excitation/graph.js";
import { createMelConsistency, refineWaveform } from "../models/layers/mel-consistency.js";
import { tensorSpace } from "../models/layers/tensor-space.js";
import { traceToOnnx } from "../engine/trace/trace-to-onnx.js";
import { frames, type Signature, type TensorFunction } from "../engine/engine.js";
import { excitationFunction, NoExcitationError } from "./excitation.js";
import type { RefinementOptions } from "./consistency.js";
import {
  colourFunction,
  conditionerFunction,
  isConditioned,
  estimateFunction,
  type NetworkFunction,
  noiseFunction,
  signalSpecs,
} from "./network-functions.js";

/** The networks that can be exported by themselves. */
export const exportedParts = ["denoiser", "conditioner", "colour"] as const;

export type ExportedPart = (typeof exportedParts)[number];

/** A network was asked for that a checkpoint's denoiser does without. */
export class NoSuchPartError extends InputError {
  constructor(
    readonly part: ExportedPart,
    readonly kind: string,
  ) {
    super(`A ${kind} has no '${part}': it works on the waveform itself. Its one part is the denoiser.`);
  }
}

/**
 * One network as an ONNX model. The denoiser: z, log_snr [1], mel, sigma, encoded → noise, where the last two are made
 * of the mel. The conditioner: mel → sigma [1, F, hop], encoded [1, F, channels]. Colour: whitened, sigma → waveform.
 *
 * @param version vocode's, for the metadata
 * @throws NoSuchPartError for a conditioner or colour of a denoiser that does without
 */
export async function exportPart(
  checkpoint: Checkpoint,
  part: ExportedPart,
  version: string,
): Promise<Uint8Array> {
  const { fn, signature } = await exportedFunction(checkpoint, part);
  return traceToOnnx(fn, signature, { ...facts(checkpoint, version), "vocode.part": part });
}

/** A process as a graph holds it. */
export interface ExportedProcess {
  readonly plan: SamplingPlan;
  /** harmonic only for a checkpoint with an excitation model, and a plan that draws no noise. */
  readonly start: TunedStart;
  /** Mel corrections of the waveform. */
  readonly refinement: RefinementOptions;
}

/**
 * Mel and noise in, waveform out, as one ONNX model: inputs `mel` and `noise`, output `waveform`. The noise is unit
 * normal, `noiseRows` rows [rows, F·hop]: the start's, for a harmonic start the excitation's, and for a plan that draws
 * fresh noise one for each step but the last.
 *
 * @param version vocode's, for the metadata
 * @throws InputError for corrections in a mel format that the graph cannot correct in; NoExcitationError for a harmonic
 *   start of a checkpoint without an excitation model
 */
export async function exportSynthesis(
  checkpoint: Checkpoint,
  process: ExportedProcess,
  version: string,
): Promise<Uint8Array> {
  const { fn, signature } = await synthesisFunction(checkpoint, process);
  const { plan, start, refinement } = process;
  return traceToOnnx(fn, signature, {
    ...facts(checkpoint, version),
    "vocode.part": "synthesis",
    "vocode.plan": JSON.stringify(plan),
    "vocode.start": start,
    "vocode.refine": JSON.stringify(refinement),
  });
}

/** Rows of the noise that a process takes. */
export function noiseRows({ plan, start }: Pick<ExportedProcess, "plan" | "start">): number {
  if (start === "harmonic") return 2;
  return plan.steps.some(({ noise }) => noise !== 0) ? plan.steps.length : 1;
}

function facts({ config }: Checkpoint, version: string): Record<string, string> {
  return {
    "vocode.version": version,
    "vocode.mel": JSON.stringify(config.mel),
    "vocode.log_snr_range": JSON.stringify(config.logSnrRange),
  };
}

/** A function as it is to be traced. */
interface ExportedFunction {
  readonly fn: TensorFunction;
  readonly signature: Signature;
}

async function loaded(network: NetworkFunction): Promise<ExportedFunction> {
  return { fn: await network.load(), signature: network.signature };
}

async function exportedFunction(checkpoint: Checkpoint, part: ExportedPart): Promise<ExportedFunction> {
  if (part === "denoiser") return exportedDenoiser(checkpoint);
  const { config } = checkpoint;
  const isThere = part === "colour" ? config.prior === "spectral" : isConditioned(config);
  if (!isThere) throw new NoSuchPartError(part, config.denoiser.kind);
  return part === "conditioner" ? exportedConditioner(checkpoint) : exportedColour(checkpoint);
}

async function exportedDenoiser(checkpoint: Checkpoint): Promise<ExportedFunction> {
  const { mel: format, logSnrRange } = checkpoint.config;
  const { fn, signature } = await loaded(noiseFunction(checkpoint));
  const { logSnr, z, ...others } = signature.inputs;
  return {
    fn: (inputs, held) => {
      const level = tf.clipByValue(inputs["log_snr"], ...logSnrRange);
      return fn({ ...inputs, logSnr: level, mel: naturalLog(inputs["mel"], format) }, held);
    },
    signature: { ...signature, inputs: { z, log_snr: logSnr, ...others } },
  };
}

async function exportedConditioner(checkpoint: Checkpoint): Promise<ExportedFunction> {
  const { fn, signature } = await loaded(conditionerFunction(checkpoint));
  const { mel: format } = checkpoint.config;
  return { fn: (inputs, held) => fn({ mel: naturalLog(inputs["mel"], format) }, held), signature };
}

async function exportedColour(checkpoint: Checkpoint): Promise<ExportedFunction> {
  const { fn, signature } = await loaded(colourFunction(checkpoint));
  return { fn: (inputs, held) => ({ waveform: fn(inputs, held)["signal"] }), signature };
}

/** The whole way, with the weights of all parts. */
async function synthesisFunction(
  checkpoint: Checkpoint,
  process: ExportedProcess,
): Promise<ExportedFunction> {
  const { plan, refinement } = process;
  const { mel: format, logSnrRange } = checkpoint.config;
  const { config } = checkpoint;
  const conditioner = isConditioned(config) ? await loaded(conditionerFunction(checkpoint)) : undefined;
  const colour = config.prior === "spectral" ? await loaded(colourFunction(checkpoint)) : undefined;
  const denoiser = await loaded(estimateFunction(checkpoint));
  const excitation = process.start === "harmonic" ? await excitationStart(checkpoint, plan) : undefined;
  const consistency = refinement.iterations > 0 ? createMelConsistency(format) : undefined;
  const rows = noiseRows(process);
  return {
    fn: (inputs, held) => {
      const mel = naturalLog(inputs["mel"], format);
      const { noise } = inputs;
      const draw = (row: number): tf.Tensor => tf.slice(noise, [row, 0], [1, noise.shape[1]!]);
      const conditioning = conditioner?.fn({ mel }, held);
      const start = excitation?.fn({ mel, noise: draw(0), random: draw(1) }, held)["z"] ?? draw(0);
      const estimate = (z: tf.Tensor, logSnr: number): tf.Tensor => {
        const told = clamp(logSnr, logSnrRange);
        const { x0 } = denoiser.fn({ z, logSnr: tf.tensor1d([told]), mel, ...conditioning }, held);
        if (told === logSnr) return x0;
        const { fromZ, fromValue } = withSameNoise(told, logSnr);
        return tensorSpace.weightedSum([
          [fromZ, z],
          [fromValue, x0],
        ]);
      };
      const diffused = sampleIn(tensorSpace, plan, estimate, start, draw);
      const signal = colour
        ? colour.fn({ whitened: diffused, sigma: conditioning!["sigma"] }, held)["signal"]
        : diffused;
      if (!consistency) return { waveform: signal };
      return { waveform: refineWaveform(consistency, signal, mel, refinement) };
    },
    signature: {
      inputs: {
        mel: signalSpecs(checkpoint).mel,
        noise: { shape: [rows, frames(format.hopLength)] },
      },
      weights: {
        ...conditioner?.signature.weights,
        ...excitation?.signature.weights,
        ...denoiser.signature.weights,
      },
    },
  };
}

/**
 * mel, noise ε and random, the excitation's noise → z₀ of a harmonic start. Weights: "excitation.…".
 *
 * @throws NoExcitationError
 */
async function excitationStart(checkpoint: Checkpoint, { steps }: SamplingPlan): Promise<ExportedFunction> {
  const { mel: format, excitation: shape } = checkpoint.config;
  if (!shape) throw new NoExcitationError();
  const { fn, signature } = await loaded(excitationFunction(checkpoint, shape, "float32"));
  const [{ logSnr }] = steps;
  const named = (name: string): string => `${weightParts.excitation}.${name}`;
  const { weights = {} } = signature;
  return {
    fn: ({ mel, noise, random }, held) => {
      const own = Object.fromEntries(Object.keys(weights).map((name) => [name, held[named(name)]]));
      const excitation = excitationOfLogits(fn({ mel }, own)["logits"], random, format);
      const z = tensorSpace.weightedSum([
        [sqrtAlphaBarFromLogSnr(logSnr), excitation],
        [noiseScaleFromLogSnr(logSnr), noise],
      ]);
      return { z };
    },
    signature: {
      inputs: {},
      weights: Object.fromEntries(Object.entries(weights).map(([name, value]) => [named(name), value])),
    },
  };
}

function clamp(value: number, [low, high]: readonly [number, number]): number {
  return Math.min(high, Math.max(low, value));
}

/** A mel as its format writes it, as natural logarithms. */
function naturalLog(mel: tf.Tensor, { log }: MelFormat): tf.Tensor {
  const { slope, offset } = logScales[log];
  return log === "ln" ? mel : tf.div(tf.sub(mel, offset), slope);
}
