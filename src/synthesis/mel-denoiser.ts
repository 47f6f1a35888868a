// A checkpoint's networks on an engine: the mel's conditioning once an utterance, the denoiser once a step, and the way
// from the whitened domain to the waveform. Long input goes through in tiles that overlap by the networks' reach, so
// that the result does not depend on the tiles.
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { encoderReach, maskNetReach, priorReach, type Reach } from "../models/reach.js";
import type { Program, Runtime, TensorValue } from "../runtime/runtime.js";
import { colourFunction, conditionerFunction, type NetworkFunction } from "./network-functions.js";
import type { Precision } from "./precision.js";
import { openTileDenoiser, type TileDenoiser } from "./tile-denoiser.js";

/** What the denoiser knows of the mel: one row a frame, whole utterance. */
export interface Conditioning {
  readonly frames: number;
  /** Natural-log mel [frames, bands]. */
  readonly mel: Float32Array;
  /** σ of each MDCT coefficient [frames, hop]. */
  readonly sigma: Float32Array;
  /** The encoder's vectors [frames, channels]. */
  readonly encoded: Float32Array;
}

/** Frames a tile keeps, unless its owner asks for others. */
const DEFAULT_TILE = 1024;

/** The networks of a checkpoint, compiled. */
export class MelDenoiser {
  readonly #checkpoint: Checkpoint;
  readonly #conditioner: Program;
  readonly #denoiser: TileDenoiser;
  readonly #colour: Program;
  readonly #tile: number;

  private constructor(
    checkpoint: Checkpoint,
    programs: { conditioner: Program; denoiser: TileDenoiser; colour: Program },
    tile: number,
  ) {
    this.#checkpoint = checkpoint;
    this.#conditioner = programs.conditioner;
    this.#denoiser = programs.denoiser;
    this.#colour = programs.colour;
    this.#tile = tile;
  }

  /**
   * @param precision of the denoiser's Linear layers
   * @param tile frames that a tile keeps
   * @throws NotCalibratedError if int8 is asked of a checkpoint that was not calibrated
   */
  static async create(
    runtime: Runtime,
    checkpoint: Checkpoint,
    precision: Precision = "float32",
    tile = DEFAULT_TILE,
  ): Promise<MelDenoiser> {
    const compile = ({ fn, signature }: NetworkFunction): Promise<Program> => runtime.compile(fn, signature);
    const programs = {
      conditioner: await compile(conditionerFunction(checkpoint)),
      denoiser: await openTileDenoiser(runtime, checkpoint, precision),
      colour: await compile(colourFunction(checkpoint)),
    };
    return new MelDenoiser(checkpoint, programs, tile);
  }

  /** Samples a frame. */
  get hopLength(): number {
    return this.#checkpoint.config.mel.hopLength;
  }

  /**
   * Conditions on a mel.
   *
   * @param mel natural-log mel [frames, bands]
   */
  async condition(mel: Float32Array): Promise<Conditioning> {
    const { mel: format, denoiser } = this.#checkpoint.config;
    const { bands, hopLength } = format;
    const { channels } = denoiser.shape;
    const count = mel.length / bands;
    const sigma = new Float32Array(count * hopLength);
    const encoded = new Float32Array(count * channels);
    const reach = widest(encoderReach(denoiser.shape.encoder), priorReach());
    for (const tile of tiles(count, this.#tile, reach)) {
      const result = await this.#conditioner.run({ mel: rows(mel, tile, bands) });
      keep(result["sigma"], tile, hopLength, sigma);
      keep(result["encoded"], tile, channels, encoded);
    }
    return { frames: count, mel, sigma, encoded };
  }

  /**
   * Predicts the noise in a whitened waveform.
   *
   * @param z [frames·hop]
   * @param logSnr its level, moved into the trained range where it lies outside
   * @returns ε̂ [frames·hop]
   */
  async noise(z: Float32Array, logSnr: number, conditioning: Conditioning): Promise<Float32Array> {
    const { mel: format, denoiser, logSnrRange } = this.#checkpoint.config;
    const { bands, hopLength } = format;
    const { channels } = denoiser.shape;
    const level = Math.min(logSnrRange[1], Math.max(logSnrRange[0], logSnr));
    const noise = new Float32Array(z.length);
    for (const tile of tiles(conditioning.frames, this.#tile, maskNetReach(denoiser.shape, hopLength))) {
      const part = (values: Float32Array, columns: number): Float32Array =>
        values.subarray(tile.first * columns, tile.end * columns);
      const data = await this.#denoiser.noise({
        z: part(z, hopLength),
        logSnr: level,
        mel: part(conditioning.mel, bands),
        sigma: part(conditioning.sigma, hopLength),
        encoded: part(conditioning.encoded, channels),
      });
      keep({ data, shape: [1, data.length] }, tile, hopLength, noise);
    }
    return noise;
  }

  /** The waveform of a whitened one: [frames·hop] → [frames·hop]. */
  async waveform(whitened: Float32Array, { frames: count, sigma }: Conditioning): Promise<Float32Array> {
    const { hopLength } = this;
    const signal = new Float32Array(whitened.length);
    // MDCT frames overlap by one
    for (const tile of tiles(count, this.#tile, { before: 2, after: 2 })) {
      const result = await this.#colour.run({
        whitened: signalPart(whitened, tile, hopLength),
        sigma: rows(sigma, tile, hopLength),
      });
      keep(result["signal"], tile, hopLength, signal);
    }
    return signal;
  }

  /** Frees what the engine holds. */
  async dispose(): Promise<void> {
    for (const program of [this.#conditioner, this.#denoiser, this.#colour]) await program.dispose();
  }
}

/** Frames first … end are computed, of which keepFirst … keepEnd are kept. */
interface Tile {
  readonly first: number;
  readonly end: number;
  readonly keepFirst: number;
  readonly keepEnd: number;
}

function tiles(count: number, size: number, { before, after }: Reach): Tile[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => {
    const keepFirst = index * size;
    const keepEnd = Math.min(count, keepFirst + size);
    return {
      keepFirst,
      keepEnd,
      first: Math.max(0, keepFirst - after),
      end: Math.min(count, keepEnd + before),
    };
  });
}

function widest(one: Reach, other: Reach): Reach {
  return { before: Math.max(one.before, other.before), after: Math.max(one.after, other.after) };
}

function rows(values: Float32Array, { first, end }: Tile, columns: number): TensorValue {
  return { data: values.subarray(first * columns, end * columns), shape: [1, end - first, columns] };
}

function signalPart(values: Float32Array, { first, end }: Tile, hopLength: number): TensorValue {
  return {
    data: values.subarray(first * hopLength, end * hopLength),
    shape: [1, (end - first) * hopLength],
  };
}

/** Copies what a tile keeps of its result, `columns` values a frame. */
function keep({ data }: TensorValue, tile: Tile, columns: number, target: Float32Array): void {
  const { first, keepFirst, keepEnd } = tile;
  target.set(
    (data as Float32Array).subarray((keepFirst - first) * columns, (keepEnd - first) * columns),
    keepFirst * columns,
  );
}
