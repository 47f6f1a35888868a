// A checkpoint's denoiser on one tile, its signal path in WebAssembly SIMD (signal/) and only its trunk on an engine:
// features → trunk → masks and corrections. Equal to denoiserFunction's graph. Signals [F·hop], rows [F, columns].
import { type MaskNetCheckpoint, weightsOfPart } from "../checkpoint/checkpoint.js";
import { weightParts } from "../checkpoint/config.js";
import { createMaskNet, maskNetTrunk } from "../models/mask-net.js";
import { featureCount } from "../models/mask-net-config.js";
import { weightsOf } from "../models/weights.js";
import { frames, type Program, type Runtime } from "../runtime/runtime.js";
import type { NetworkFunction } from "./network-functions.js";
import { MaskNetSignal } from "./signal/mask-net-signal.js";

/** What the denoiser is given of a tile of F frames. */
export interface DenoiserTile {
  /** Noisy whitened waveform [F·hop]. */
  readonly z: Float32Array;
  /** λ, within the trained range. */
  readonly logSnr: number;
  /** Natural-log mel [F, bands]. */
  readonly mel: Float32Array;
  /** σ of each MDCT coefficient [F, hop]. */
  readonly sigma: Float32Array;
  /** The encoder's vectors [F, channels]. */
  readonly encoded: Float32Array;
}

/** features [1, F, features + bands] by frequency, logSnr [1], encoded → the trunk's output. */
export function trunkFunction(checkpoint: MaskNetCheckpoint): NetworkFunction {
  const { mel: format, denoiser } = checkpoint.config;
  const net = createMaskNet(denoiser.shape, format);
  const columns = featureCount(denoiser.shape, format.hopLength) + format.bands;
  const weights = Object.entries(weightsOfPart(checkpoint, weightParts.denoiser));
  return {
    fn: (inputs, held) => {
      const { features, logSnr, encoded } = inputs;
      return { output: maskNetTrunk(net, weightsOf(held), { features, logSnr, encoded }) };
    },
    signature: {
      inputs: {
        features: { shape: [1, frames(), columns] },
        logSnr: { shape: [1] },
        encoded: { shape: [1, frames(), denoiser.shape.channels] },
      },
      weights: Object.fromEntries(weights.filter(([name]) => !name.startsWith("encoder."))),
      source: JSON.stringify({ part: "trunk", shape: denoiser.shape, format }),
    },
  };
}

/** A denoiser for one tile at a time; its calls may not overlap. */
export class FastDenoiser {
  readonly #signal: MaskNetSignal;
  readonly #trunk: Program;
  /** Room for the features of the longest tile so far. */
  #features = new Float32Array(0);

  private constructor(signal: MaskNetSignal, trunk: Program) {
    this.#signal = signal;
    this.#trunk = trunk;
  }

  /** Whether the signal path can do a checkpoint's network here. */
  static isSupported({ config }: MaskNetCheckpoint): boolean {
    return MaskNetSignal.isSupported(config.denoiser.shape, config.mel);
  }

  /**
   * @param runtime of the trunk; with workers of their own tiles, of one thread
   * @param trunk another form of trunkFunction, such as one in 8 bits
   * @throws SignalPathError where the signal path cannot do the network
   */
  static async create(
    runtime: Runtime,
    checkpoint: MaskNetCheckpoint,
    trunk = trunkFunction(checkpoint),
  ): Promise<FastDenoiser> {
    const { denoiser, mel } = checkpoint.config;
    const signal = await MaskNetSignal.create(denoiser.shape, mel);
    return new FastDenoiser(signal, await runtime.compile(trunk.fn, trunk.signature));
  }

  /** The clean whitened waveform x̂₀ [F·hop]. */
  async estimate(tile: DenoiserTile): Promise<Float32Array> {
    const { z, logSnr, encoded } = tile;
    const { featureColumns, hopLength } = this.#signal;
    const rows = z.length / hopLength;
    const count = rows * featureColumns;
    if (this.#features.length < count) this.#features = new Float32Array(count);
    const features = this.#features.subarray(0, count);
    this.#signal.analyse(tile, features);
    const { output } = await this.#trunk.run({
      features: { data: features, shape: [1, rows, featureColumns] },
      logSnr: { data: Float32Array.of(logSnr), shape: [1] },
      encoded: { data: encoded, shape: [1, rows, encoded.length / rows] },
    });
    const estimate = new Float32Array(z.length);
    this.#signal.synthesise(output.data as Float32Array, estimate);
    return estimate;
  }

  /** The predicted noise ε̂ = (z − √ᾱ·x̂₀)/√(1−ᾱ). [F·hop] */
  async noise(tile: DenoiserTile): Promise<Float32Array> {
    const estimate = await this.estimate(tile);
    const signal = Math.sqrt(1 / (1 + Math.exp(-tile.logSnr)));
    const scale = 1 / Math.sqrt(1 / (1 + Math.exp(tile.logSnr)));
    for (let n = 0; n < estimate.length; n++) estimate[n] = (tile.z[n] - signal * estimate[n]) * scale;
    return estimate;
  }

  /** Frees what the engine holds. */
  async dispose(): Promise<void> {
    await this.#trunk.dispose();
  }
}
