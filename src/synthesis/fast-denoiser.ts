// A checkpoint's denoiser on one tile, its signal path in WebAssembly SIMD (signal/) and only its trunk on an engine:
// features → trunk → masks and corrections. Equal to denoiserFunction's graph. Signals [F·hop], rows [F, columns].
import { type MaskNetCheckpoint, weightsOfPart } from "../checkpoint/checkpoint.js";
import { weightParts } from "../checkpoint/config.js";
import { createMaskNet, maskNetTrunkRows } from "../models/mask-net.js";
import { featureCount } from "../models/mask-net-config.js";
import { weightsOf } from "../models/weights.js";
import { openRuntime } from "../runtime/engines.js";
import { frames, type Program, type Runtime } from "../runtime/runtime.js";
import { type NetworkFunction, quantisedLayers } from "./network-functions.js";
import type { Precision } from "./precision.js";
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

/** features [1, F, features + bands] by frequency, logSnr [1], encoded → the trunk's output [F, outputs]. */
export function trunkFunction(
  checkpoint: MaskNetCheckpoint,
  precision: Precision = "float32",
): NetworkFunction {
  const { mel: format, denoiser } = checkpoint.config;
  const net = createMaskNet(denoiser.shape, format);
  const columns = featureCount(denoiser.shape, format.hopLength) + format.bands;
  const weights = Object.entries(weightsOfPart(checkpoint, weightParts.denoiser));
  return {
    fn: (inputs, held) => {
      const { features, logSnr, encoded } = inputs;
      return { output: maskNetTrunkRows(net, weightsOf(held), { features, logSnr, encoded }) };
    },
    signature: {
      inputs: {
        features: { shape: [1, frames(), columns] },
        logSnr: { shape: [1] },
        encoded: { shape: [1, frames(), denoiser.shape.channels] },
      },
      weights: Object.fromEntries(weights.filter(([name]) => !name.startsWith("encoder."))),
      ...quantisedLayers(checkpoint, precision),
      source: JSON.stringify({ part: "trunk", shape: denoiser.shape, format }),
    },
  };
}

/** A denoiser for one tile at a time; its calls may not overlap. */
export class FastDenoiser {
  readonly #signal: MaskNetSignal;
  readonly #trunk: Program;

  private constructor(signal: MaskNetSignal, trunk: Program) {
    this.#signal = signal;
    this.#trunk = trunk;
  }

  /** Whether the signal path can do a checkpoint's network here. */
  static isSupported({ config }: MaskNetCheckpoint): boolean {
    return MaskNetSignal.isSupported(config.denoiser.shape, config.mel);
  }

  /**
   * One that computes on the thread that calls it.
   *
   * @param cacheFolder of compiled graphs; undefined where there is none
   * @throws what `create` throws
   */
  static async onOneThread(
    checkpoint: MaskNetCheckpoint,
    precision: Precision,
    cacheFolder: string | undefined,
  ): Promise<FastDenoiser> {
    const target = { engine: "graph", device: "cpu", threads: 1, cacheFolder: cacheFolder ?? null } as const;
    return FastDenoiser.create(await openRuntime(target), checkpoint, precision);
  }

  /**
   * @param runtime of the trunk
   * @param precision of the trunk's Linear layers
   * @throws SignalPathError where the signal path cannot do the network; NotCalibratedError for int8
   */
  static async create(
    runtime: Runtime,
    checkpoint: MaskNetCheckpoint,
    precision: Precision = "float32",
  ): Promise<FastDenoiser> {
    const trunk = trunkFunction(checkpoint, precision);
    const { denoiser, mel } = checkpoint.config;
    const signal = await MaskNetSignal.create(denoiser.shape, mel);
    return new FastDenoiser(signal, await runtime.compile(trunk.fn, trunk.signature));
  }

  /** The predicted noise ε̂ = (z − √ᾱ·x̂₀)/√(1−ᾱ). [F·hop] */
  async noise(tile: DenoiserTile): Promise<Float32Array> {
    const { z, logSnr, encoded } = tile;
    const { featureColumns, hopLength, outputColumns } = this.#signal;
    const rows = z.length / hopLength;
    // the trunk reads and writes the kernel's memory
    const features = this.#signal.analyse(tile);
    const inputs = {
      features: { data: features, shape: [1, rows, featureColumns] },
      logSnr: { data: Float32Array.of(logSnr), shape: [1] },
      encoded: { data: encoded, shape: [1, rows, encoded.length / rows] },
    };
    await this.#trunk.run(inputs, { output: { data: this.#signal.output, shape: [rows, outputColumns] } });
    const estimate = this.#signal.synthesise();
    const signal = Math.sqrt(1 / (1 + Math.exp(-logSnr)));
    const scale = 1 / Math.sqrt(1 / (1 + Math.exp(logSnr)));
    const noise = new Float32Array(z.length);
    for (let n = 0; n < noise.length; n++) noise[n] = (z[n] - signal * estimate[n]) * scale;
    return noise;
  }

  /** Frees what the engine holds. */
  async dispose(): Promise<void> {
    await this.#trunk.dispose();
  }
}
