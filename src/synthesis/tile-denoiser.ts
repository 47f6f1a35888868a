// The denoiser of one tile in the fastest form that an engine has: on the CPU's graph engine the signal path in
// WebAssembly and the trunk as a graph, a part of the tile on each thread; elsewhere the whole as one graph.
import { type Checkpoint, isMaskNet } from "../checkpoint/checkpoint.js";
import type { Program, Runtime, TensorValue } from "../runtime/runtime.js";
import { type DenoiserTile, FastDenoiser } from "./fast-denoiser.js";
import { denoiserFunction } from "./network-functions.js";
import type { Precision } from "./precision.js";
import { SplitDenoiser } from "./split-denoiser.js";
import { openFastDenoiser } from "./trunk.js";

/** Predicts the noise of one tile at a time; calls may not overlap. */
export interface TileDenoiser {
  /**
   * @param noise receives ε̂, [F·hop]; without it a new array
   * @returns ε̂
   */
  noise(tile: DenoiserTile, noise?: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/**
 * Opens a checkpoint's denoiser.
 *
 * @throws NotCalibratedError if int8 is asked of a checkpoint that was not calibrated
 */
export async function openTileDenoiser(
  runtime: Runtime,
  checkpoint: Checkpoint,
  precision: Precision,
): Promise<TileDenoiser> {
  const isOnCpu = runtime.engine === "graph" && runtime.device === "cpu";
  if (isOnCpu && isMaskNet(checkpoint) && FastDenoiser.isSupported(checkpoint.config)) {
    const { threads = 1 } = runtime;
    return threads > 1
      ? SplitDenoiser.create(runtime, checkpoint, precision, threads)
      : openFastDenoiser(runtime, checkpoint, precision);
  }
  const { fn, signature } = denoiserFunction(checkpoint, precision);
  const names = Object.keys(signature.inputs);
  return new GraphDenoiser(await runtime.compile(fn, signature), names, checkpoint.config.mel.hopLength);
}

/** The whole denoiser as one graph. */
class GraphDenoiser implements TileDenoiser {
  readonly #program: Program;
  /** Which of a tile's values it takes. */
  readonly #names: readonly string[];
  readonly #hopLength: number;

  constructor(program: Program, names: readonly string[], hopLength: number) {
    this.#program = program;
    this.#names = names;
    this.#hopLength = hopLength;
  }

  async noise(
    { z, logSnr, mel, sigma, encoded }: DenoiserTile,
    noise: Float32Array = new Float32Array(z.length),
  ): Promise<Float32Array> {
    const frames = z.length / this.#hopLength;
    const row = (data: Float32Array): TensorValue => ({
      data,
      shape: [1, frames, data.length / frames],
    });
    const given: Record<string, TensorValue> = {
      z: { data: z, shape: [1, z.length] },
      logSnr: { data: Float32Array.of(logSnr), shape: [1] },
      mel: row(mel),
      sigma: row(sigma),
      encoded: row(encoded),
    };
    await this.#program.run(Object.fromEntries(this.#names.map((name) => [name, given[name]])), {
      noise: { data: noise, shape: [1, z.length] },
    });
    return noise;
  }

  async dispose(): Promise<void> {
    await this.#program.dispose();
  }
}
