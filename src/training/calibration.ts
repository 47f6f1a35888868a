// Calibration: runs a float32 network, the denoiser or the excitation model, on examples, keeps some rows of what each of
// its Linear layers is given, and finds for each how it becomes 8-bit. The result belongs into the checkpoint's config, so
// that scales depend on neither the utterance nor the tile.
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import type { CheckpointConfig } from "../checkpoint/config.js";
import { InputError } from "../errors.js";
import { excitationLayers } from "../models/excitation/shape.js";
import { architectureOf } from "../models/registry.js";
import { type InputQuantisation, observedName, type Engine, type TensorValue } from "../engine/engine.js";
import { excitationFunction, NoExcitationError } from "../synthesis/excitation.js";
import { estimateFunction, type NetworkFunction } from "../synthesis/network-functions.js";

// How a layer's input becomes 8-bit: of several ranges, from the whole one downwards, the one whose rounding and
// clipping together change the layer's output least. x [rows, inputs], W [inputs, outputs].

/** Parts of the whole range that are tried at each end. */
const RANGES: readonly number[] = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
/** Columns of the weights that the output's error is taken over; more find the same ranges. */
const COLUMNS = 96;

/** Values of a layer's input. */
interface InputSample {
  /** Some rows [rows, inputs]. */
  readonly rows: TensorValue;
  /** Smallest and largest value of all rows. */
  readonly low: number;
  readonly high: number;
}

/** The quantisation of the range low … high, which zero is always in. */
export function quantisationOfRange(low: number, high: number): InputQuantisation {
  const [least, largest] = [Math.min(low, 0), Math.max(high, 0)];
  const scale = (largest - least) / 255 || 1;
  return { scale, zeroPoint: Math.round(-least / scale) };
}

/** A value after it was 8-bit. */
export function throughEightBits(value: number, { scale, zeroPoint }: InputQuantisation): number {
  const level = Math.round(value / scale) + zeroPoint;
  return (Math.min(255, Math.max(0, level)) - zeroPoint) * scale;
}

/** The quantisation with the smallest squared error of x·W over the sample. */
export function bestQuantisation({ rows, low, high }: InputSample, weight: TensorValue): InputQuantisation {
  const some = someColumns(weight);
  let best = { error: Infinity, quantisation: quantisationOfRange(low, high), low, high };
  const tryRange = (nextLow: number, nextHigh: number): void => {
    const quantisation = quantisationOfRange(nextLow, nextHigh);
    const error = outputError(rows, some, quantisation);
    if (error < best.error) best = { error, quantisation, low: nextLow, high: nextHigh };
  };
  for (const part of RANGES) tryRange(low, part * high);
  const { high: bestHigh } = best;
  for (const part of RANGES) tryRange(part * low, bestHigh);
  return best.quantisation;
}

/** Columns at equal distances, each in one piece. */
function someColumns({ data, shape }: TensorValue): Float32Array[] {
  const [inputs, outputs] = shape;
  const count = Math.min(COLUMNS, outputs);
  return Array.from({ length: count }, (_, index) => {
    const column = Math.floor((index * outputs) / count);
    return Float32Array.from({ length: inputs }, (_, input) => data[input * outputs + column]);
  });
}

function outputError(
  { data, shape }: TensorValue,
  columns: readonly Float32Array[],
  quantisation: InputQuantisation,
): number {
  const [rows, inputs] = shape;
  const change = new Float32Array(inputs);
  let error = 0;
  for (let row = 0; row < rows; row++) {
    for (let input = 0; input < inputs; input++) {
      const value = data[row * inputs + input];
      change[input] = throughEightBits(value, quantisation) - value;
    }
    for (const column of columns) {
      let sum = 0;
      for (let input = 0; input < inputs; input++) sum += change[input] * column[input];
      error += sum * sum;
    }
  }
  return error;
}

/** Rows that are kept of each example. */
const ROWS = 12;

/** Inputs of the denoiser's function: z, logSnr, mel, sigma, encoded. */
export type DenoiserExample = Readonly<Record<string, TensorValue>>;

/** Calibration was asked for, and the network has no layers that could compute in 8 bits. */
export class NoInt8LayersError extends InputError {
  constructor(readonly kind: string) {
    super(
      `A ${kind} has no layers that compute in 8 bits, so there is nothing to calibrate: it runs in float32 everywhere.`,
    );
  }
}

/** The layers of a checkpoint's denoiser that may compute in 8 bits, by their weights. */
export function int8Layers({ denoiser }: CheckpointConfig): readonly string[] {
  return architectureOf(denoiser.kind).int8Layers?.(denoiser.shape) ?? [];
}

/** The same, which has to be some. @throws NoInt8LayersError */
export function requireInt8Layers(config: CheckpointConfig): readonly string[] {
  const layers = int8Layers(config);
  if (layers.length === 0) throw new NoInt8LayersError(config.denoiser.kind);
  return layers;
}

/**
 * How the inputs of the denoiser's Linear layers become 8-bit, by the layer's weight.
 *
 * @param runtime the graph engine
 * @param examples of several voices and of levels over the whole trained range
 * @throws NoInt8LayersError; SignatureError on another engine
 */
export async function calibrate(
  runtime: Engine,
  checkpoint: Checkpoint,
  examples: Iterable<DenoiserExample> | AsyncIterable<DenoiserExample>,
): Promise<Record<string, InputQuantisation>> {
  const layers = requireInt8Layers(checkpoint.config);
  return calibrateLayers(runtime, estimateFunction(checkpoint), layers, examples);
}

/**
 * How the inputs of the excitation model's layers become 8-bit, by the layer's weight.
 *
 * @param runtime the graph engine
 * @param mels natural-log mels [F, bands] of several voices, loud and soft
 * @throws NoExcitationError where the checkpoint has no such model; SignatureError on another engine
 */
export async function calibrateExcitation(
  runtime: Engine,
  checkpoint: Checkpoint,
  mels: Iterable<Float32Array> | AsyncIterable<Float32Array>,
): Promise<Record<string, InputQuantisation>> {
  const { excitation: shape, mel } = checkpoint.config;
  if (!shape) throw new NoExcitationError();
  async function* examples(): AsyncGenerator<{ mel: TensorValue }> {
    for await (const data of mels) yield { mel: { data, shape: [1, data.length / mel.bands, mel.bands] } };
  }
  const network = excitationFunction(checkpoint, shape, "float32");
  return calibrateLayers(runtime, network, excitationLayers(shape), examples());
}

/** How the inputs of some of a network's layers become 8-bit, given examples of the network's inputs. */
async function calibrateLayers(
  runtime: Engine,
  network: NetworkFunction,
  layers: readonly string[],
  examples: Iterable<DenoiserExample> | AsyncIterable<DenoiserExample>,
): Promise<Record<string, InputQuantisation>> {
  const program = await runtime.compile(network, { ...network.signature, observed: layers });
  const samples = new Map(layers.map((layer) => [layer, new SampledInputs()]));
  try {
    for await (const example of examples) {
      const results = await program.run(example);
      for (const [layer, sample] of samples) sample.add(results[observedName(layer)]);
    }
  } finally {
    await program.dispose();
  }
  const { weights = {} } = network.signature;
  return Object.fromEntries(
    [...samples].map(([layer, sample]) => [layer, bestQuantisation(sample.sample(), weights[layer])]),
  );
}

/** Rows at equal distances of each example, and the range of all. */
class SampledInputs {
  readonly #rows: Float32Array[] = [];
  #low = 0;
  #high = 0;

  add({ data, shape }: TensorValue): void {
    const [rows, inputs] = shape;
    for (const value of data) {
      if (value < this.#low) this.#low = value;
      if (value > this.#high) this.#high = value;
    }
    const count = Math.min(ROWS, rows);
    for (let index = 0; index < count; index++) {
      const row = Math.floor(((index + 0.5) * rows) / count);
      this.#rows.push(Float32Array.from(data.subarray(row * inputs, (row + 1) * inputs)));
    }
  }

  sample(): InputSample {
    const inputs = this.#rows.at(0)?.length ?? 0;
    const data = new Float32Array(this.#rows.length * inputs);
    for (const [index, row] of this.#rows.entries()) data.set(row, index * inputs);
    return { rows: { data, shape: [this.#rows.length, inputs] }, low: this.#low, high: this.#high };
  }
}
