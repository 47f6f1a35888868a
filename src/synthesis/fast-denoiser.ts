// A checkpoint's denoiser on one tile, its signal path in WebAssembly SIMD (kernel/) and only its trunk on an engine:
// features → trunk → masks and corrections. Equal to estimateFunction's graph. Signals [F·hop], rows [F, columns]. It is
// made of a config and a compiled trunk, so that a thread can open it without weights.
import type { CheckpointConfig } from "../checkpoint/config.js";
import type { Program } from "../engine/engine.js";
import type { Denoiser } from "./denoiser.js";
import type { SignalPath } from "../models/architecture.js";
import { architectureOf } from "../models/registry.js";

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
  readonly #signal: SignalPath;
  readonly #trunk: Program;

  private constructor(signal: SignalPath, trunk: Program) {
    this.#signal = signal;
    this.#trunk = trunk;
  }

  /** Whether there is a signal path that can do a checkpoint's network here. */
  static async isSupported({ denoiser, mel }: CheckpointConfig): Promise<boolean> {
    const { kernel } = architectureOf(denoiser.kind);
    return kernel !== undefined && (await kernel.fault(denoiser.shape, mel)) === undefined;
  }

  /**
   * @param config of an architecture with a kernel
   * @param trunk what `trunkFunction` was compiled to, which the denoiser frees
   * @throws SignalPathError where the signal path cannot do the network
   */
  static async create({ denoiser, mel }: CheckpointConfig, trunk: Program): Promise<FastDenoiser> {
    const { kernel } = architectureOf(denoiser.kind);
    return new FastDenoiser(await kernel!.open(denoiser.shape, mel), trunk);
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
