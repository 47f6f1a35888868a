// A checkpoint as ONNX files that any onnxruntime runs without vocode: its networks one by one, or everything from mel
// and noise to the waveform as one graph, a sampler's plan unrolled into it. Mels come in the checkpoint's own format;
// the frame count F is free. Shapes: mel [1, F, bands], signals [1, F·hop].
import * as tf from "@tensorflow/tfjs-core";
import { logScales } from "../mel/encoding.js";
import type { MelFormat } from "../mel/format.js";
import { type Checkpoint, weightsOfPart } from "../checkpoint/checkpoint.js";
import { weightParts } from "../checkpoint/config.js";
import type { TunedStart } from "../checkpoint/tunings.js";
import { noiseScaleFromLogSnr, sqrtAlphaBarFromLogSnr } from "../diffusion/levels.js";
import { withSameNoise } from "../diffusion/parameterisation.js";
import { sampleIn, type SamplingPlan } from "../diffusion/samplers/sampling-plan.js";
import { InputError } from "../errors.js";
import { excitationGrid, pulsesOfLogits } from "../models/excitation/graph.js";
import type { GridDenoiser } from "../models/architecture.js";
import { createGridMdct, fromGrid, gridMdct, inverseGridMdct, toGrid } from "../models/layers/hop-grid.js";
import { hashNoise } from "../models/layers/hash-noise.js";
import { createMelConsistency, refineGrid, refineWaveform } from "../models/layers/mel-consistency.js";
import { tensorSpace } from "../models/layers/prediction.js";
import { architectureOf } from "../models/registry.js";
import type { Graph } from "../engine/trace/graph.js";
import { halfShare, withHalfWeights } from "../engine/trace/half-weights.js";
import { simplified } from "../engine/trace/simplify.js";
import { traceToOnnx } from "../engine/trace/onnx-model.js";
import {
  frames,
  type Signature,
  type TensorFunction,
  type Tensors,
  type TensorValue,
} from "../engine/engine.js";
import { excitationFunction, NoExcitationError } from "./excitation.js";
import type { RefinementOptions } from "../mel/consistency.js";
import {
  colourFunction,
  conditionerFunction,
  estimateFunction,
  isConditioned,
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

/** How a file is written. */
export interface ExportOptions {
  /** Store weights that are float16 numbers as such: the same values in a smaller file. */
  readonly float16Weights?: boolean;
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
  { float16Weights = false }: ExportOptions = {},
): Promise<Uint8Array> {
  const { fn, signature } = await exportedFunction(checkpoint, part);
  const metadata = { ...facts(checkpoint, version), "vocode.part": part };
  return traceToOnnx(fn, signature, metadata, float16Weights ? withHalfWeights : undefined);
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
  options: ExportOptions = {},
): Promise<Uint8Array> {
  const { fn, signature } = await synthesisFunction(checkpoint, process);
  return traceToOnnx(fn, signature, processFacts(checkpoint, process, version), finishing(options));
}

/**
 * The same in the form in which sherpa-onnx takes a vocoder of a Matcha model, that of a HiFi-GAN: one input, the mel
 * [1, bands, F], and one output, the waveform [1, F·hop]. The noise is drawn within, the same each time.
 *
 * @param version vocode's, for the metadata
 * @param options with the seed of the noise, a whole number from 0 to 2³²−1
 * @throws InputError, NoExcitationError as exportSynthesis
 */
export async function exportForSherpa(
  checkpoint: Checkpoint,
  process: ExportedProcess,
  version: string,
  { seed = 0, ...options }: ExportOptions & { readonly seed?: number } = {},
): Promise<Uint8Array> {
  const { mel: format } = checkpoint.config;
  const { run, weights } = await wayOf(checkpoint, process);
  const fn: TensorFunction = (inputs, held) => {
    const mel = naturalLog(tf.transpose(inputs["mel"], [0, 2, 1]), format);
    const noise = hashNoise(noiseRows(process), mel.shape[1]! * format.hopLength, seed);
    return { audio: run(mel, noise, held) };
  };
  const signature = { inputs: { mel: { shape: [1, format.bands, frames()] } }, weights };
  const metadata = {
    model_type: "hifigan",
    sample_rate: String(format.sampleRate),
    ...processFacts(checkpoint, process, version),
    "vocode.seed": String(seed),
  };
  return traceToOnnx(fn, signature, metadata, finishing(options));
}

/** The share of a checkpoint's weights that a file holds as float16 on demand. */
export function halvedShare({ weights }: Checkpoint): number {
  return halfShare(Object.values(weights).map(({ data }) => data));
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

function processFacts(
  checkpoint: Checkpoint,
  { plan, start, refinement }: ExportedProcess,
  version: string,
): Record<string, string> {
  return {
    ...facts(checkpoint, version),
    "vocode.part": "synthesis",
    "vocode.plan": JSON.stringify(plan),
    "vocode.start": start,
    "vocode.refine": JSON.stringify(refinement),
  };
}

function finishing({ float16Weights = false }: ExportOptions): (graph: Graph) => Graph {
  return (graph) => (float16Weights ? withHalfWeights(simplified(graph)) : simplified(graph));
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
  const { mel: format } = checkpoint.config;
  const { run, weights } = await wayOf(checkpoint, process);
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

function wayOf(checkpoint: Checkpoint, process: ExportedProcess): Promise<Way> {
  const isWhitened = checkpoint.config.prior === "spectral";
  return isWhitened ? wayOfGrids(checkpoint, process) : wayOfSignals(checkpoint, process);
}

/** Where the waveform itself is diffused. */
async function wayOfSignals(
  checkpoint: Checkpoint,
  { plan, start, refinement }: ExportedProcess,
): Promise<Way> {
  if (start === "harmonic") throw new NoExcitationError();
  const { config } = checkpoint;
  const conditioner = isConditioned(config) ? await loaded(conditionerFunction(checkpoint)) : undefined;
  const denoiser = await loaded(estimateFunction(checkpoint));
  const consistency = refinement.iterations > 0 ? createMelConsistency(config.mel) : undefined;
  return {
    weights: { ...conditioner?.signature.weights, ...denoiser.signature.weights },
    run: (mel, noise, held) => {
      const draw = (row: number): tf.Tensor => tf.slice(noise, [row, 0], [1, noise.shape[1]!]);
      const conditioning = conditioner?.fn({ mel }, held);
      const estimate = within(config.logSnrRange, (z, logSnr) => {
        return denoiser.fn({ z, logSnr: tf.tensor1d([logSnr]), mel, ...conditioning }, held)["x0"];
      });
      const signal = sampleIn(tensorSpace, plan, estimate, draw(0), draw);
      return consistency ? refineWaveform(consistency, signal, mel, refinement) : signal;
    },
  };
}

/** Where a whitened waveform is diffused: every signal is a grid of hops. */
async function wayOfGrids(
  checkpoint: Checkpoint,
  { plan, start, refinement }: ExportedProcess,
): Promise<Way> {
  const { mel: format, logSnrRange } = checkpoint.config;
  const { hopLength } = format;
  const conditioner = await loaded(conditionerFunction(checkpoint));
  const excitation = start === "harmonic" ? await excitationOf(checkpoint) : undefined;
  const denoiser = await gridDenoiser(checkpoint);
  const mdct = createGridMdct(hopLength);
  const consistency = refinement.iterations > 0 ? createMelConsistency(format) : undefined;
  const [{ logSnr: startLevel }] = plan.steps;
  return {
    weights: { ...conditioner.signature.weights, ...denoiser.weights, ...excitation?.signature.weights },
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
            [sqrtAlphaBarFromLogSnr(startLevel), excitationGrid(mdct, logits, draw(2), draw(1), format)],
            [noiseScaleFromLogSnr(startLevel), draw(0)],
          ])
        : draw(0);
      const estimate = within(logSnrRange, (z, logSnr) => {
        return denoiser.estimate(held, { z, mel: melColumns, sigma, encoded }, logSnr);
      });
      const diffused = sampleIn(tensorSpace, plan, estimate, z0, draw);
      const signal = inverseGridMdct(mdct, tf.mul(gridMdct(mdct, diffused), sigma));
      return consistency ? refineGrid(consistency, signal, melColumns, refinement) : fromGrid(signal);
    },
  };
}

/** A checkpoint's denoiser on grids: its own form of it, or the one for signals. */
async function gridDenoiser(checkpoint: Checkpoint): Promise<GridDenoiser> {
  const { denoiser, mel: format } = checkpoint.config;
  const weights = weightsOfPart(checkpoint, weightParts.denoiser);
  const form = await architectureOf(denoiser.kind).grid?.();
  if (form) return form.open(denoiser.shape, format, weights);
  const { fn } = await loaded(estimateFunction(checkpoint));
  return {
    weights,
    estimate: (held, { z, mel, sigma, encoded }, logSnr) => {
      const [, hop, , count] = sigma.shape;
      const given = {
        z: fromGrid(z),
        logSnr: tf.tensor1d([logSnr]),
        mel: tf.transpose(mel, [0, 2, 1]),
        sigma: tf.transpose(tf.reshape(sigma, [1, hop, count]), [0, 2, 1]),
        ...(encoded && { encoded }),
      };
      return toGrid(fn(given, held)["x0"], hop);
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
async function excitationOf(checkpoint: Checkpoint): Promise<ExportedFunction> {
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
