// A checkpoint's denoiser on one tile, its signal path in WebAssembly SIMD (kernel/) and only its trunk on an engine:
// features → trunk → masks and corrections. Equal to estimateFunction's graph. Signals [F·hop], rows [F, columns]. It is
// made of a config and a compiled trunk, so that a thread can open it without weights.
import type { MaskNetCheckpointConfig } from "../checkpoint/config.js";
import type { Program } from "../engine/engine.js";
import type { Denoiser } from "./denoiser.js";
import { MaskNetSignal } from "../kernel/mask-net-signal.js";

/** What the denoiser is given of a tile of F frames. */
export interface Tile {
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

/** A denoiser for one tile at a time; its calls may not overlap. */
export class FastDenoiser implements Denoiser {
  readonly #signal: MaskNetSignal;
  readonly #trunk: Program;

  private constructor(signal: MaskNetSignal, trunk: Program) {
    this.#signal = signal;
    this.#trunk = trunk;
  }

  /** Whether the signal path can do a checkpoint's network here. */
  static isSupported({ denoiser, mel }: MaskNetCheckpointConfig): boolean {
    return MaskNetSignal.isSupported(denoiser.shape, mel);
  }

  /**
   * @param trunk what `trunkFunction` was compiled to, which the denoiser frees
   * @throws SignalPathError where the signal path cannot do the network
   */
  static async create({ denoiser, mel }: MaskNetCheckpointConfig, trunk: Program): Promise<FastDenoiser> {
    return new FastDenoiser(await MaskNetSignal.create(denoiser.shape, mel), trunk);
  }

  /** @param x0 receives x̂₀, [F·hop] */
  async estimate(tile: Tile, x0: Float32Array): Promise<void> {
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
    x0.set(this.#signal.synthesise());
  }

  /** Frees what the engine holds. */
  async dispose(): Promise<void> {
    await this.#trunk.dispose();
  }
}
