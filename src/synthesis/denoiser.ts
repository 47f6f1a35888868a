// A checkpoint's networks on an engine, tile by tile. The conditioning makes what the denoiser is given of a mel: the
// encoder's vectors where it has one, and σ of each MDCT coefficient with the spectral prior, with which the denoiser works
// on the whitened waveform w, and the waveform is MDCT⁻¹(σ·MDCT(w)). With the standard prior it works on the waveform.
import type { AnyCheckpoint } from "../checkpoint/checkpoint.js";
import type { CheckpointConfig } from "../checkpoint/config.js";
import type { Precision, Program, Engine, TensorValue } from "../engine/engine.js";
import {
  colourFunction,
  conditionerFunction,
  conditioningColumns,
  estimateFunction,
  isConditioned,
  type NetworkFunction,
  openFastDenoiser,
} from "./network-functions.js";
import { Turns } from "../host/thread-pool.js";
import { withSameNoise } from "../diffusion/parameterisation.js";
import type { Reach } from "../mel/frames.js";
import { colourReach, priorReach } from "../models/prior/shape.js";
import { FastDenoiser, type Tile } from "./fast-denoiser.js";
import { KernelColour } from "../kernel/kernel-mdct.js";
import { SplitDenoiser } from "./split-denoiser.js";
import type { SynthesisPool } from "./thread.js";
import { architectureOf } from "../models/registry.js";
import { noReach } from "./wavefront.js";

// What tiling has to know of a checkpoint's networks, whichever denoiser it holds: how far they reach over a tile's
// border, and how long a tile may be.

/** All in mel frames. */
interface TileExtent {
  /** Of the denoiser, through any of its inputs. */
  readonly denoiser: Reach;
  /** Of the conditioning, from the mel. */
  readonly conditioning: Reach;
  /** Of the waveform, from what was diffused. */
  readonly waveform: Reach;
  /** Frames that a tile keeps unless its owner asks for others. */
  readonly tile: number;
}

/** The tiles of a checkpoint. */
function tileExtent({ denoiser, mel, prior }: CheckpointConfig): TileExtent {
  const { shape } = denoiser;
  const architecture = architectureOf(denoiser.kind);
  const { encoder } = architecture;
  const { signal, mel: seen } = architecture.reach(shape, mel);
  const isWhitened = prior === "spectral";
  return {
    denoiser: widest(signal, seen),
    conditioning: widest(encoder?.reach(shape) ?? noReach, isWhitened ? priorReach : noReach),
    waveform: isWhitened ? colourReach : noReach,
    tile: architecture.defaults.tile,
  };
}

function widest(one: Reach, other: Reach): Reach {
  return {
    framesBefore: Math.max(one.framesBefore, other.framesBefore),
    framesAfter: Math.max(one.framesAfter, other.framesAfter),
  };
}

// The denoiser of one tile in the fastest form that an engine has: on the CPU's graph engine the signal path in
// WebAssembly and the trunk as a graph, a part of the tile on each thread; elsewhere the whole as one graph.

/** Estimates the clean signal of one tile at a time; calls may not overlap. */
export interface Denoiser {
  /** @param x0 receives x̂₀, [F·hop] */
  estimate(tile: Tile, x0: Float32Array): Promise<void>;
  /** Frees what the engine holds. */
  dispose(): Promise<void>;
}

/**
 * Opens a checkpoint's denoiser.
 *
 * @param pool threads that may take a part of each tile; without them the calling thread does all
 * @throws NotCalibratedError if int8 is asked of a checkpoint that was not calibrated
 */
export async function openDenoiser(
  runtime: Engine,
  checkpoint: AnyCheckpoint,
  precision: Precision,
  pool?: SynthesisPool,
): Promise<Denoiser> {
  const isOnCpu = runtime.engine === "graph" && runtime.device === "cpu";
  if (isOnCpu && (await FastDenoiser.isSupported(checkpoint.config))) {
    return pool && pool.threads.length > 0
      ? SplitDenoiser.create(runtime, checkpoint, precision, pool)
      : openFastDenoiser(runtime, checkpoint, precision);
  }
  const network = estimateFunction(checkpoint, precision);
  const names = Object.keys(network.signature.inputs);
  const program = await runtime.compile(network, network.signature);
  return new GraphDenoiser(program, names, checkpoint.config.mel.hopLength);
}

/** The whole denoiser as one graph. */
class GraphDenoiser implements Denoiser {
  readonly #program: Program;
  /** Which of a tile's values it takes. */
  readonly #names: readonly string[];
  readonly #hopLength: number;

  constructor(program: Program, names: readonly string[], hopLength: number) {
    this.#program = program;
    this.#names = names;
    this.#hopLength = hopLength;
  }

  async estimate({ z, logSnr, mel, sigma, encoded }: Tile, x0: Float32Array): Promise<void> {
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
      x0: { data: x0, shape: [1, z.length] },
    });
  }

  async dispose(): Promise<void> {
    await this.#program.dispose();
  }
}

// What synthesis needs of a checkpoint's networks, whatever their kind: the mel's conditioning once a frame, the denoiser
// once a step, and the way from the diffused signal to the waveform. Each computes a tile of F frames and says how far it
// sees; what comes out within that distance of a tile's inner ends is not to be used.

/** Rows a frame, by name: "mel" is the natural-log mel [F, bands], the others are what the conditioning made of it. */
export type FrameRows = Readonly<Record<string, Float32Array>>;

/** A checkpoint's networks on an engine; their calls take turns. */
export interface Networks {
  /** Columns of what the conditioning makes of a mel, by name; none where the denoiser is given the mel alone. */
  readonly conditioning: Readonly<Record<string, number>>;
  readonly reach: {
    /** Of mel frames into the conditioning. */
    readonly conditioning: Reach;
    /** Of z, of the mel and of the conditioning into the estimate. */
    readonly denoiser: Reach;
    /** Of the diffused signal and the conditioning into the waveform. */
    readonly waveform: Reach;
  };
  /** Frames of a tile where nobody asks for others. */
  readonly tile: number;
  /** @param mel natural-log mel [F, bands] */
  condition(mel: Float32Array): Promise<FrameRows>;
  /**
   * Estimates the clean signal of a diffused one.
   *
   * @param z [F·hop]
   * @param logSnr its level. Outside of the trained range the denoiser is told the nearest trained level, and the noise
   *   that it finds is taken out at the level of z
   * @param x0 receives x̂₀, [F·hop]
   */
  estimate(z: Float32Array, logSnr: number, rows: FrameRows, x0: Float32Array): Promise<void>;
  /** The waveform of a diffused signal without noise: [F·hop] → [F·hop]. */
  waveform(diffused: Float32Array, rows: FrameRows): Promise<Float32Array>;
  /** Frees what the engine holds. */
  dispose(): Promise<void>;
}

const none = new Float32Array(0);

/** σ [F, hop] and a whitened waveform [F·hop] to the waveform. */
type Colour = (whitened: Float32Array, sigma: Float32Array) => Promise<Float32Array>;

/** What runs beside the denoiser. */
interface OtherParts {
  /** Undefined where the denoiser is given the mel alone. */
  readonly conditioner: Program | undefined;
  /** Undefined where the waveform itself is diffused. */
  readonly colour: Colour | undefined;
  /** Frees what the engine holds for them. */
  dispose(): Promise<void>;
}

/** Opens them: the colour in WebAssembly SIMD, and on the engine where the kernel cannot do the hop. */
async function openOthers(runtime: Engine, checkpoint: AnyCheckpoint): Promise<OtherParts> {
  const { mel, prior } = checkpoint.config;
  const compile = (network: NetworkFunction): Promise<Program> => runtime.compile(network, network.signature);
  const conditioner = isConditioned(checkpoint.config)
    ? await compile(conditionerFunction(checkpoint))
    : undefined;
  const dispose = async (): Promise<void> => conditioner?.dispose();
  if (prior !== "spectral") return { conditioner, colour: undefined, dispose };
  if (KernelColour.isSupported(mel.hopLength)) {
    const kernel = await KernelColour.create(mel.hopLength);
    return {
      conditioner,
      colour: (whitened, sigma) => Promise.resolve(kernel.colour(whitened, sigma)),
      dispose,
    };
  }
  const program = await compile(colourFunction(checkpoint));
  return {
    conditioner,
    colour: async (whitened, sigma) => {
      const inputs = {
        whitened: { data: whitened, shape: [1, whitened.length] },
        sigma: rowsOf(sigma, mel.hopLength),
      };
      return (await program.run(inputs)).signal.data as Float32Array;
    },
    dispose: async () => {
      await dispose();
      await program.dispose();
    },
  };
}

/** The networks of a checkpoint, compiled. */
export class MelDenoiser implements Networks {
  readonly conditioning: Networks["conditioning"];
  readonly reach: Networks["reach"];
  readonly tile: number;
  readonly #config: CheckpointConfig;
  readonly #denoiser: Denoiser;
  readonly #others: OtherParts;
  readonly #turns = new Turns();

  private constructor(config: CheckpointConfig, denoiser: Denoiser, others: OtherParts) {
    const { tile, ...reach } = tileExtent(config);
    this.conditioning = conditioningColumns(config);
    this.reach = reach;
    this.tile = tile;
    // without the weights, which the engine holds
    this.#config = config;
    this.#denoiser = denoiser;
    this.#others = others;
  }

  /**
   * @param precision of the denoiser's Linear layers
   * @param pool threads that may take a part of each tile; whoever made it ends it, afterwards
   * @throws NotCalibratedError if int8 is asked of a checkpoint that was not calibrated
   */
  static async create(
    runtime: Engine,
    checkpoint: AnyCheckpoint,
    precision: Precision = "float32",
    pool?: SynthesisPool,
  ): Promise<MelDenoiser> {
    const others = await openOthers(runtime, checkpoint);
    const denoiser = await openDenoiser(runtime, checkpoint, precision, pool);
    return new MelDenoiser(checkpoint.config, denoiser, others);
  }

  /** σ [F, hop] and encoded [F, channels] of a natural-log mel, as far as the denoiser is given them. */
  async condition(mel: Float32Array): Promise<FrameRows> {
    const { conditioner } = this.#others;
    if (!conditioner) return {};
    const { bands } = this.#config.mel;
    const rows = await this.#turns.take(() => conditioner.run({ mel: rowsOf(mel, bands) }));
    return Object.fromEntries(Object.entries(rows).map(([name, { data }]) => [name, data as Float32Array]));
  }

  async estimate(
    z: Float32Array,
    logSnr: number,
    { mel, sigma = none, encoded = none }: FrameRows,
    x0: Float32Array,
  ): Promise<void> {
    const [lowest, highest] = this.#config.logSnrRange;
    const told = Math.min(highest, Math.max(lowest, logSnr));
    await this.#turns.take(() => this.#denoiser.estimate({ z, logSnr: told, mel, sigma, encoded }, x0));
    if (told === logSnr) return;
    const { fromZ, fromValue } = withSameNoise(told, logSnr);
    for (let n = 0; n < x0.length; n++) x0[n] = fromZ * z[n] + fromValue * x0[n];
  }

  async waveform(diffused: Float32Array, { sigma }: FrameRows): Promise<Float32Array> {
    const { colour } = this.#others;
    return colour ? this.#turns.take(() => colour(diffused, sigma)) : diffused;
  }

  async dispose(): Promise<void> {
    await this.#denoiser.dispose();
    await this.#others.dispose();
  }
}

function rowsOf(data: Float32Array, columns: number): TensorValue {
  return { data, shape: [1, data.length / columns, columns] };
}
