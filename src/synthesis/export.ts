// A checkpoint as ONNX files that any onnxruntime runs without vocode: its networks one by one, or everything from mel
// and noise to the waveform as one graph, a sampler's plan unrolled into it. Mels come in the checkpoint's own format;
// the frame count F is free. Shapes: mel [1, F, bands], signals [1, F·hop].
import * as tf from "@tensorflow/tfjs-core";
import { logScales } from "../mel/encoding.js";
import type { MelFormat } from "../mel/format.js";
import {
  type Checkpoint,
  isMaskNet,
  type MaskNetCheckpoint,
  weightsOfPart,
} from "../checkpoint/checkpoint.js";
import { type DenoiserKind, weightParts } from "../checkpoint/config.js";
import type { TunedStart } from "../checkpoint/tunings.js";
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "../diffusion/levels.js";
import { conversion } from "../diffusion/parameterisation.js";
import type { SamplingPlan } from "../diffusion/samplers/sampling-plan.js";
import { InputError } from "../errors.js";
import { excitationGrid, pulsesOfLogits } from "../models/excitation/signal.js";
import { fromGrid, toGrid } from "../models/layers/hop-grid.js";
import { createMelConsistency, refineGrid, refineWaveform } from "../models/layers/mel-consistency.js";
import { colourGrid, createGridMaskNet, gridEstimate, gridWeights } from "../models/mask-net/grid.js";
import { weightsOf } from "../models/weights.js";
import { simplified } from "../engine/trace/simplify.js";
import { traceToOnnx } from "../engine/trace/trace-to-onnx.js";
import { frames, type Tensors, type TensorValue } from "../engine/engine.js";
import { excitationFunction, NoExcitationError } from "./excitation.js";
import type { RefinementOptions } from "./consistency.js";
import {
  colourFunction,
  conditionerFunction,
  denoiserFunction,
  type NetworkFunction,
  signalSpecs,
} from "./network-functions.js";

/** The networks that can be exported by themselves. */
export const exportedParts = ["denoiser", "conditioner", "colour"] as const;

export type ExportedPart = (typeof exportedParts)[number];

/** A network was asked for that a checkpoint's denoiser does without. */
export class NoSuchPartError extends InputError {
  constructor(
    readonly part: ExportedPart,
    readonly kind: DenoiserKind,
  ) {
    super(`A ${kind} has no '${part}': it works on the waveform itself. Its one part is the denoiser.`);
  }
}

/**
 * One network as an ONNX model. The denoiser: z, log_snr [1], mel, sigma, encoded → noise, of a WaveGrad without the
 * last two. The conditioner: mel → sigma [1, F, hop], encoded [1, F, channels]. Colour: whitened, sigma → waveform.
 *
 * @param version vocode's, for the metadata
 * @throws NoSuchPartError for a WaveGrad's conditioner or colour
 */
export function exportPart(checkpoint: Checkpoint, part: ExportedPart, version: string): Uint8Array {
  const { fn, signature } = exportedFunction(checkpoint, part);
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
export function exportSynthesis(
  checkpoint: Checkpoint,
  process: ExportedProcess,
  version: string,
): Uint8Array {
  const { fn, signature } = synthesisFunction(checkpoint, process);
  const { plan, start, refinement } = process;
  const metadata = {
    ...facts(checkpoint, version),
    "vocode.part": "synthesis",
    "vocode.plan": JSON.stringify(plan),
    "vocode.start": start,
    "vocode.refine": JSON.stringify(refinement),
  };
  return traceToOnnx(fn, signature, metadata, simplified);
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

function exportedFunction(checkpoint: Checkpoint, part: ExportedPart): NetworkFunction {
  if (part === "denoiser") return exportedDenoiser(checkpoint);
  if (!isMaskNet(checkpoint)) throw new NoSuchPartError(part, checkpoint.config.denoiser.kind);
  return part === "conditioner" ? exportedConditioner(checkpoint) : exportedColour(checkpoint);
}

function exportedDenoiser(checkpoint: Checkpoint): NetworkFunction {
  const { mel: format, logSnrRange } = checkpoint.config;
  const { fn, signature } = denoiserFunction(checkpoint);
  const { logSnr, z, ...others } = signature.inputs;
  return {
    fn: (inputs, held) => {
      const level = tf.clipByValue(inputs["log_snr"], ...logSnrRange);
      return fn({ ...inputs, logSnr: level, mel: naturalLog(inputs["mel"], format) }, held);
    },
    signature: { ...signature, inputs: { z, log_snr: logSnr, ...others } },
  };
}

function exportedConditioner(checkpoint: MaskNetCheckpoint): NetworkFunction {
  const { fn, signature } = conditionerFunction(checkpoint);
  const { mel: format } = checkpoint.config;
  return { fn: (inputs, held) => fn({ mel: naturalLog(inputs["mel"], format) }, held), signature };
}

function exportedColour(checkpoint: MaskNetCheckpoint): NetworkFunction {
  const { fn, signature } = colourFunction(checkpoint);
  return { fn: (inputs, held) => ({ waveform: fn(inputs, held)["signal"] }), signature };
}

/** The whole way, with the weights of all parts. */
function synthesisFunction(checkpoint: Checkpoint, process: ExportedProcess): NetworkFunction {
  const { mel: format } = checkpoint.config;
  const way = isMaskNet(checkpoint) ? wayOfGrids(checkpoint, process) : wayOfSignals(checkpoint, process);
  return {
    fn: (inputs, held) => {
      const mel = naturalLog(inputs["mel"], format);
      return { waveform: way.run(mel, inputs["noise"], held) };
    },
    signature: {
      inputs: {
        mel: signalSpecs(checkpoint).mel,
        noise: { shape: [noiseRows(process), frames(format.hopLength)] },
      },
      weights: way.weights,
    },
  };
}

/** Mel and noise to the waveform, [1, F·hop]. */
interface Way {
  readonly weights: Readonly<Record<string, TensorValue>>;
  readonly run: (mel: tf.Tensor, noise: tf.Tensor, held: Tensors) => tf.Tensor;
}

/** Through a network that works on the waveform itself. */
function wayOfSignals(checkpoint: Checkpoint, { plan, start, refinement }: ExportedProcess): Way {
  if (start === "harmonic") throw new NoExcitationError();
  const { mel: format, logSnrRange } = checkpoint.config;
  const denoiser = denoiserFunction(checkpoint);
  const consistency = refinement.iterations > 0 ? createMelConsistency(format) : undefined;
  return {
    weights: denoiser.signature.weights ?? {},
    run: (mel, noise, held) => {
      const draw = (row: number): tf.Tensor => tf.slice(noise, [row, 0], [1, noise.shape[1]!]);
      const signal = runPlanInGraph(plan, draw(0), draw, (z, logSnr) => {
        const { fromZ, fromValue } = conversion("epsilon", "x0", logSnr);
        const level = tf.tensor1d([clamp(logSnr, logSnrRange)]);
        const { noise: predicted } = denoiser.fn({ z, logSnr: level, mel }, held);
        return weightedSum([fromZ, z], [fromValue, predicted]);
      });
      return consistency ? refineWaveform(consistency, signal, mel, refinement) : signal;
    },
  };
}

/** Through a mask-net, every signal as a grid. */
function wayOfGrids(checkpoint: MaskNetCheckpoint, { plan, start, refinement }: ExportedProcess): Way {
  const { mel: format, logSnrRange, denoiser } = checkpoint.config;
  const { hopLength } = format;
  const conditioner = conditionerFunction(checkpoint);
  const net = createGridMaskNet(denoiser.shape, format);
  const values = gridWeights(net, weightsOfPart(checkpoint, weightParts.denoiser));
  const excitation = start === "harmonic" ? excitationLogits(checkpoint) : undefined;
  const consistency = refinement.iterations > 0 ? createMelConsistency(format) : undefined;
  const [{ logSnr: startLevel }] = plan.steps;
  return {
    weights: { ...conditioner.signature.weights, ...values, ...excitation?.signature.weights },
    run: (mel, noise, held) => {
      const { sigma: byFrame, encoded } = conditioner.fn({ mel }, held);
      const frameCount = mel.shape[1]!;
      const sigma = tf.reshape(tf.transpose(byFrame, [0, 2, 1]), [1, hopLength, 1, frameCount]);
      const melColumns = tf.transpose(mel, [0, 2, 1]);
      const logits = excitation?.fn({ mel }, held)["logits"];
      const signals = logits ? tf.concat([noise, pulsesOfLogits(logits, format)], 0) : noise;
      const grids = toGrid(signals, hopLength);
      const [rows, , , columns] = grids.shape;
      const draw = (row: number): tf.Tensor =>
        rows === 1 ? grids : tf.slice(grids, [row, 0, 0, 0], [1, hopLength, 1, columns]);
      const z = logits
        ? weightedSum(
            [sqrtAlphaBarFromLogSnr(startLevel), excitationGrid(net.mdct, logits, draw(2), draw(1), format)],
            [noiseScaleFromLogSnr(startLevel), draw(0)],
          )
        : draw(0);
      const weights = weightsOf(held);
      const whitened = runPlanInGraph(plan, z, draw, (noisy, logSnr) => {
        const level = clamp(logSnr, logSnrRange);
        const given = { z: noisy, mel: melColumns, sigma, encoded };
        return atLevel(logSnr, level, noisy, gridEstimate(net, values, weights, given, level));
      });
      const signal = colourGrid(net.mdct, whitened, sigma);
      return consistency ? refineGrid(consistency, signal, melColumns, refinement) : fromGrid(signal);
    },
  };
}

/** x̂₀ of z at its level λ, of a network that took z to be at another one and predicts the noise. */
function atLevel(logSnr: number, seen: number, z: tf.Tensor, estimate: tf.Tensor): tf.Tensor {
  if (logSnr === seen) return estimate;
  const toNoise = conversion("x0", "epsilon", seen);
  const { fromZ, fromValue } = conversion("epsilon", "x0", logSnr);
  return weightedSum([fromZ + fromValue * toNoise.fromZ, z], [fromValue * toNoise.fromValue, estimate]);
}

/**
 * The excitation model's logits. Weights: "excitation.…".
 *
 * @throws NoExcitationError
 */
function excitationLogits(checkpoint: MaskNetCheckpoint): NetworkFunction {
  const { excitation: shape } = checkpoint.config;
  if (!shape) throw new NoExcitationError();
  const { fn, signature } = excitationFunction(checkpoint, shape, "float32");
  const named = (name: string): string => `${weightParts.excitation}.${name}`;
  const { weights = {} } = signature;
  return {
    fn: (inputs, held) =>
      fn(inputs, Object.fromEntries(Object.keys(weights).map((name) => [name, held[named(name)]]))),
    signature: {
      inputs: {},
      weights: Object.fromEntries(Object.entries(weights).map(([name, value]) => [named(name), value])),
    },
  };
}

/** What diffusion's runPlan does, in tensors: the x̂₀ of the last step. */
function runPlanInGraph(
  { steps }: SamplingPlan,
  start: tf.Tensor,
  draw: (row: number) => tf.Tensor,
  estimate: (z: tf.Tensor, logSnr: number) => tf.Tensor,
): tf.Tensor {
  let z = start;
  let previousX0: tf.Tensor | undefined;
  for (const [step, { logSnr, ...next }] of steps.entries()) {
    const x0 = estimate(z, logSnr);
    if (step + 1 === steps.length) return x0;
    const parts: [number, tf.Tensor][] = [
      [next.z, z],
      [next.x0, x0],
      [next.previousX0, previousX0 ?? x0],
    ];
    if (next.noise !== 0) parts.push([next.noise, draw(step + 1)]);
    z = weightedSum(...parts);
    previousX0 = x0;
  }
  return z;
}

function weightedSum(...parts: readonly (readonly [number, tf.Tensor])[]): tf.Tensor {
  const used = parts.filter(([factor]) => factor !== 0);
  return tf.addN(used.map(([factor, x]) => tf.mul(x, factor)));
}

function clamp(value: number, [low, high]: readonly [number, number]): number {
  return Math.min(high, Math.max(low, value));
}

/** A mel as its format writes it, as natural logarithms. */
function naturalLog(mel: tf.Tensor, { log }: MelFormat): tf.Tensor {
  const { slope, offset } = logScales[log];
  return log === "ln" ? mel : tf.div(tf.sub(mel, offset), slope);
}
