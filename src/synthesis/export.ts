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
import { weightParts } from "../checkpoint/config.js";
import type { TunedStart } from "../checkpoint/tunings.js";
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "../diffusion/levels.js";
import { withSameNoise } from "../diffusion/parameterisation.js";
import { sampleIn } from "../diffusion/samplers/run-plan.js";
import type { SamplingPlan } from "../diffusion/samplers/sampling-plan.js";
import { InputError } from "../errors.js";
import { excitationGrid, pulsesOfLogits } from "../models/excitation/graph.js";
import { fromGrid, toGrid } from "../models/layers/hop-grid.js";
import { createMelConsistency, refineGrid, refineWaveform } from "../models/layers/mel-consistency.js";
import { tensorSpace } from "../models/layers/tensor-space.js";
import { colourGrid, createGridMaskNet, gridEstimate, gridWeights } from "../models/mask-net/grid.js";
import { weightsOf } from "../models/weights.js";
import { simplified } from "../engine/trace/simplify.js";
import { traceToOnnx } from "../engine/trace/trace-to-onnx.js";
import {
  frames,
  type Signature,
  type TensorFunction,
  type Tensors,
  type TensorValue,
} from "../engine/engine.js";
import { excitationFunction, NoExcitationError } from "./excitation.js";
import type { RefinementOptions } from "./consistency.js";
import {
  colourFunction,
  conditionerFunction,
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
 * One network as an ONNX model. The denoiser: z, log_snr [1], mel, sigma, encoded → noise, of a WaveGrad without the
 * last two. The conditioner: mel → sigma [1, F, hop], encoded [1, F, channels]. Colour: whitened, sigma → waveform.
 *
 * @param version vocode's, for the metadata
 * @throws NoSuchPartError for a WaveGrad's conditioner or colour
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
  if (!isMaskNet(checkpoint)) throw new NoSuchPartError(part, checkpoint.config.denoiser.kind);
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

async function exportedConditioner(checkpoint: MaskNetCheckpoint): Promise<ExportedFunction> {
  const { fn, signature } = await loaded(conditionerFunction(checkpoint));
  const { mel: format } = checkpoint.config;
  return { fn: (inputs, held) => fn({ mel: naturalLog(inputs["mel"], format) }, held), signature };
}

async function exportedColour(checkpoint: MaskNetCheckpoint): Promise<ExportedFunction> {
  const { fn, signature } = await loaded(colourFunction(checkpoint));
  return { fn: (inputs, held) => ({ waveform: fn(inputs, held)["signal"] }), signature };
}

/** The whole way, with the weights of all parts. */
async function synthesisFunction(
  checkpoint: Checkpoint,
  process: ExportedProcess,
): Promise<ExportedFunction> {
  const { mel: format } = checkpoint.config;
  const { run, weights } = isMaskNet(checkpoint)
    ? await wayOfGrids(checkpoint, process)
    : await wayOfSignals(checkpoint, process);
  return {
    fn: (inputs, held) => ({ waveform: run(naturalLog(inputs["mel"], format), inputs["noise"], held) }),
    signature: {
      inputs: {
        mel: signalSpecs(checkpoint).mel,
        noise: { shape: [noiseRows(process), frames(format.hopLength)] },
      },
      weights,
    },
  };
}

/** From a natural-log mel and noise to the waveform, [1, F·hop]. */
interface Way {
  readonly weights: Readonly<Record<string, TensorValue>>;
  readonly run: (mel: tf.Tensor, noise: tf.Tensor, held: Tensors) => tf.Tensor;
}

/** Through a network that works on the waveform itself. */
async function wayOfSignals(
  checkpoint: Checkpoint,
  { plan, start, refinement }: ExportedProcess,
): Promise<Way> {
  if (start === "harmonic") throw new NoExcitationError();
  const { mel: format, logSnrRange } = checkpoint.config;
  const denoiser = await loaded(estimateFunction(checkpoint));
  const consistency = refinement.iterations > 0 ? createMelConsistency(format) : undefined;
  return {
    weights: denoiser.signature.weights ?? {},
    run: (mel, noise, held) => {
      const draw = (row: number): tf.Tensor => tf.slice(noise, [row, 0], [1, noise.shape[1]!]);
      const estimate = within(logSnrRange, (z, logSnr) => {
        return denoiser.fn({ z, logSnr: tf.tensor1d([logSnr]), mel }, held)["x0"];
      });
      const signal = sampleIn(tensorSpace, plan, estimate, draw(0), draw);
      return consistency ? refineWaveform(consistency, signal, mel, refinement) : signal;
    },
  };
}

/** Through a mask-net, every signal as a grid of hops. */
async function wayOfGrids(
  checkpoint: MaskNetCheckpoint,
  { plan, start, refinement }: ExportedProcess,
): Promise<Way> {
  const { mel: format, logSnrRange, denoiser } = checkpoint.config;
  const { hopLength } = format;
  const conditioner = await loaded(conditionerFunction(checkpoint));
  const excitation = start === "harmonic" ? await excitationOf(checkpoint) : undefined;
  const net = createGridMaskNet(denoiser.shape, format);
  const values = gridWeights(net, weightsOfPart(checkpoint, weightParts.denoiser));
  const consistency = refinement.iterations > 0 ? createMelConsistency(format) : undefined;
  const [{ logSnr: startLevel }] = plan.steps;
  return {
    weights: { ...conditioner.signature.weights, ...values, ...excitation?.signature.weights },
    run: (mel, noise, held) => {
      const { sigma: byFrame, encoded } = conditioner.fn({ mel }, held);
      const sigma = tf.reshape(tf.transpose(byFrame, [0, 2, 1]), [1, hopLength, 1, mel.shape[1]!]);
      const melColumns = tf.transpose(mel, [0, 2, 1]);
      const logits = excitation?.fn({ mel }, held)["logits"];
      const signals = logits ? tf.concat([noise, pulsesOfLogits(logits, format)], 0) : noise;
      const grids = toGrid(signals, hopLength);
      const [rows, , , columns] = grids.shape;
      const draw = (row: number): tf.Tensor =>
        rows === 1 ? grids : tf.slice(grids, [row, 0, 0, 0], [1, hopLength, 1, columns]);
      const z0 = logits
        ? tensorSpace.weightedSum([
            [sqrtAlphaBarFromLogSnr(startLevel), excitationGrid(net.mdct, logits, draw(2), draw(1), format)],
            [noiseScaleFromLogSnr(startLevel), draw(0)],
          ])
        : draw(0);
      const weights = weightsOf(held);
      const estimate = within(logSnrRange, (z, logSnr) => {
        return gridEstimate(net, values, weights, { z, mel: melColumns, sigma, encoded }, logSnr);
      });
      const signal = colourGrid(net.mdct, sampleIn(tensorSpace, plan, estimate, z0, draw), sigma);
      return consistency ? refineGrid(consistency, signal, melColumns, refinement) : fromGrid(signal);
    },
  };
}

type Estimate = (z: tf.Tensor, logSnr: number) => tf.Tensor;

/** The estimate x̂₀ at any level of a network that is told the nearest one in its range. */
function within(range: readonly [number, number], estimate: Estimate): Estimate {
  return (z, logSnr) => {
    const told = clamp(logSnr, range);
    const x0 = estimate(z, told);
    if (told === logSnr) return x0;
    const { fromZ, fromValue } = withSameNoise(told, logSnr);
    return tensorSpace.weightedSum([
      [fromZ, z],
      [fromValue, x0],
    ]);
  };
}

/**
 * The excitation model's logits. Weights: "excitation.…".
 *
 * @throws NoExcitationError
 */
async function excitationOf(checkpoint: MaskNetCheckpoint): Promise<ExportedFunction> {
  const { excitation: shape } = checkpoint.config;
  if (!shape) throw new NoExcitationError();
  const { fn, signature } = await loaded(excitationFunction(checkpoint, shape, "float32"));
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

function clamp(value: number, [low, high]: readonly [number, number]): number {
  return Math.min(high, Math.max(low, value));
}

/** A mel as its format writes it, as natural logarithms. */
function naturalLog(mel: tf.Tensor, { log }: MelFormat): tf.Tensor {
  const { slope, offset } = logScales[log];
  return log === "ln" ? mel : tf.div(tf.sub(mel, offset), slope);
}
