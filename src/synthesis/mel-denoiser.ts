// A checkpoint's networks on an engine: the mel's conditioning once an utterance, the denoiser once a step, and the way
// from the whitened domain to the waveform. Long input goes through in tiles that overlap by the networks' reach, so
// that the result does not depend on the tiles.
import { type Checkpoint, isMaskNet } from "../checkpoint/checkpoint.js";
import type { Reach } from "../models/reach.js";
import type { Program, Runtime, TensorValue } from "../runtime/runtime.js";
import { colourFunction, conditionerFunction, type NetworkFunction } from "./network-functions.js";
import type { Precision } from "./precision.js";
import { openTileDenoiser, type TileDenoiser } from "./tile-denoiser.js";
import { type TileExtent, tileExtent } from "./tile-extent.js";

/** What the denoiser knows of the mel: one row a frame, whole utterance. */
export interface Conditioning {
  readonly frames: number;
  /** Natural-log mel [frames, bands]. */
  readonly mel: Float32Array;
  /** σ of each MDCT coefficient [frames, hop]; empty for the standard prior. */
  readonly sigma: Float32Array;
  /** The encoder's vectors [frames, channels]; empty where the denoiser has none. */
  readonly encoded: Float32Array;
}

/** What runs beside the denoiser where the prior is spectral. */
interface PriorPrograms {
  readonly conditioner: Program;
  readonly colour: Program;
}

/** The networks of a checkpoint, compiled. */
export class MelDenoiser {
  readonly #checkpoint: Checkpoint;
  readonly #extent: TileExtent;
  readonly #denoiser: TileDenoiser;
  readonly #prior: PriorPrograms | undefined;
  readonly #tile: number;

  private constructor(
    checkpoint: Checkpoint,
    denoiser: TileDenoiser,
    prior: PriorPrograms | undefined,
    tile?: number,
  ) {
    this.#checkpoint = checkpoint;
    this.#extent = tileExtent(checkpoint);
    this.#denoiser = denoiser;
    this.#prior = prior;
    this.#tile = tile ?? this.#extent.tile;
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
    tile?: number,
  ): Promise<MelDenoiser> {
    const compile = ({ fn, signature }: NetworkFunction): Promise<Program> => runtime.compile(fn, signature);
    const prior = isMaskNet(checkpoint)
      ? {
          conditioner: await compile(conditionerFunction(checkpoint)),
          colour: await compile(colourFunction(checkpoint)),
        }
      : undefined;
    const denoiser = await openTileDenoiser(runtime, checkpoint, precision);
    return new MelDenoiser(checkpoint, denoiser, prior, tile);
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
    const { bands } = this.#checkpoint.config.mel;
    const { conditioning, ...columns } = this.#extent;
    const count = mel.length / bands;
    const sigma = new Float32Array(count * columns.sigma);
    const encoded = new Float32Array(count * columns.encoded);
    for (const tile of this.#prior ? tiles(count, this.#tile, conditioning) : []) {
      const result = await this.#prior!.conditioner.run({ mel: rows(mel, tile, bands) });
      keep(result["sigma"], tile, columns.sigma, sigma);
      keep(result["encoded"], tile, columns.encoded, encoded);
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
    const { mel: format, logSnrRange } = this.#checkpoint.config;
    const { bands, hopLength } = format;
    const extent = this.#extent;
    const level = Math.min(logSnrRange[1], Math.max(logSnrRange[0], logSnr));
    const noise = new Float32Array(z.length);
    for (const tile of tiles(conditioning.frames, this.#tile, extent.denoiser)) {
      const part = (values: Float32Array, columns: number): Float32Array =>
        values.subarray(tile.first * columns, tile.end * columns);
      const data = await this.#denoiser.noise({
        z: part(z, hopLength),
        logSnr: level,
        mel: part(conditioning.mel, bands),
        sigma: part(conditioning.sigma, extent.sigma),
        encoded: part(conditioning.encoded, extent.encoded),
      });
      keep({ data, shape: [1, data.length] }, tile, hopLength, noise);
    }
    return noise;
  }

  /** The waveform of a whitened one, which is itself for the standard prior: [frames·hop] → [frames·hop]. */
  async waveform(whitened: Float32Array, { frames: count, sigma }: Conditioning): Promise<Float32Array> {
    if (!this.#prior) return whitened;
    const { hopLength } = this;
    const signal = new Float32Array(whitened.length);
    // MDCT frames overlap by one
    for (const tile of tiles(count, this.#tile, { before: 2, after: 2 })) {
      const result = await this.#prior.colour.run({
        whitened: signalPart(whitened, tile, hopLength),
        sigma: rows(sigma, tile, hopLength),
      });
      keep(result["signal"], tile, hopLength, signal);
    }
    return signal;
  }

  /** Frees what the engine holds. */
  async dispose(): Promise<void> {
    await this.#denoiser.dispose();
    await this.#prior?.conditioner.dispose();
    await this.#prior?.colour.dispose();
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
