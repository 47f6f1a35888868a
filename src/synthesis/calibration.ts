// Calibration: runs a float32 network, the denoiser or the excitation model, on examples, keeps some rows of what each of
// its Linear layers is given, and finds for each how it becomes 8-bit. The result belongs into the checkpoint's config, so
// that scales depend on neither the utterance nor the tile.
import type { MaskNetCheckpoint } from "../checkpoint/checkpoint.js";
import { excitationLayers } from "../models/excitation-model.js";
import { trunkLayers } from "../models/mask-net-config.js";
import { type InputQuantisation, observedName, type Runtime, type TensorValue } from "../runtime/runtime.js";
import { excitationFunction, NoExcitationError } from "./excitation-source.js";
import { bestQuantisation, type InputSample } from "./input-quantisation.js";
import { denoiserFunction, type NetworkFunction } from "./network-functions.js";

/** Rows that are kept of each example. */
const ROWS = 12;

/** Inputs of the denoiser's function: z, logSnr, mel, sigma, encoded. */
export type DenoiserExample = Readonly<Record<string, TensorValue>>;

/**
 * How the inputs of the trunk's layers become 8-bit, by the layer's weight.
 *
 * @param runtime the graph engine
 * @param examples of several voices and of levels over the whole trained range
 * @throws SignatureError on another engine
 */
export async function calibrate(
  runtime: Runtime,
  checkpoint: MaskNetCheckpoint,
  examples: Iterable<DenoiserExample> | AsyncIterable<DenoiserExample>,
): Promise<Record<string, InputQuantisation>> {
  const layers = trunkLayers(checkpoint.config.denoiser.shape);
  return calibrateLayers(runtime, denoiserFunction(checkpoint), layers, examples);
}

/**
 * How the inputs of the excitation model's layers become 8-bit, by the layer's weight.
 *
 * @param runtime the graph engine
 * @param mels natural-log mels [F, bands] of several voices, loud and soft
 * @throws NoExcitationError where the checkpoint has no such model; SignatureError on another engine
 */
export async function calibrateExcitation(
  runtime: Runtime,
  checkpoint: MaskNetCheckpoint,
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
  runtime: Runtime,
  { fn, signature }: NetworkFunction,
  layers: readonly string[],
  examples: Iterable<DenoiserExample> | AsyncIterable<DenoiserExample>,
): Promise<Record<string, InputQuantisation>> {
  const program = await runtime.compile(fn, { ...signature, observed: layers });
  const samples = new Map(layers.map((layer) => [layer, new SampledInputs()]));
  try {
    for await (const example of examples) {
      const results = await program.run(example);
      for (const [layer, sample] of samples) sample.add(results[observedName(layer)]);
    }
  } finally {
    await program.dispose();
  }
  const { weights = {} } = signature;
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
