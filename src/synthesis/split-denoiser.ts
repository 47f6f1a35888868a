// The denoiser on several threads: each estimates a part of the tile's frames, overlapping its neighbours by the network's
// reach. It keeps all threads busy to the end, which threads inside each operator do not: half of the work beside the large
// products does not share itself. The caller's thread takes the first part and then waits, which is a matter of
// milliseconds.
import type { AnyCheckpoint } from "../checkpoint/checkpoint.js";
import type { Precision, Engine } from "../engine/engine.js";
import { architectureOf } from "../models/registry.js";
import type { Denoiser } from "./denoiser.js";
import { FastDenoiser, type Tile } from "./fast-denoiser.js";
import { conditioningColumns, trunkFunction } from "./network-functions.js";
import {
  type PartMemory,
  type PartWidths,
  sharedPart,
  synthesisCalls,
  type SynthesisPool,
} from "./thread.js";
import { alignedFrame } from "./wavefront.js";

/** Frames first … end are computed, of which keepFirst … keepEnd are kept. */
interface Part {
  readonly first: number;
  readonly end: number;
  readonly keepFirst: number;
  readonly keepEnd: number;
}

/** A denoiser whose tiles are shared by the threads of a pool. */
export class SplitDenoiser implements Denoiser {
  readonly #own: FastDenoiser;
  readonly #pool: SynthesisPool;
  /** Resolves when every thread has opened its denoiser. */
  readonly #opened: Promise<void>;
  readonly #widths: PartWidths;
  readonly #margin: number;
  /** Each thread's part of a tile. */
  readonly #memories: (PartMemory & { readonly frames: number })[] = [];
  /** Of the caller's part, used again for each tile. */
  #ownX0 = new Float32Array(0);

  private constructor(
    own: FastDenoiser,
    pool: SynthesisPool,
    opened: Promise<void>,
    widths: PartWidths,
    margin: number,
  ) {
    this.#own = own;
    this.#pool = pool;
    this.#opened = opened;
    this.#widths = widths;
    this.#margin = margin;
  }

  /**
   * @param runtime whose cache of compiled graphs is used
   * @param pool the threads beside the caller's; whoever made it ends it
   * @throws what openFastDenoiser throws
   */
  static async create(
    runtime: Engine,
    checkpoint: AnyCheckpoint,
    precision: Precision,
    pool: SynthesisPool,
  ): Promise<SplitDenoiser> {
    const { config } = checkpoint;
    const { denoiser, mel } = config;
    const { encoded = 0 } = conditioningColumns(config);
    const widths = { hop: mel.hopLength, bands: mel.bands, channels: encoded };
    const trunk = trunkFunction(checkpoint, precision);
    // they load their code while this thread compiles
    const loaded = pool.take(() => pool.askAll("load", undefined));
    const single = runtime.onOneThread!();
    const { program, copy } = await single.compileWithCopy!(trunk, trunk.signature);
    const task = { config, widths, trunk: copy };
    const opened = loaded.then(() => pool.take(() => pool.askAll("open", task)));
    // told to the one who waits for it
    opened.catch(() => undefined);
    const own = await FastDenoiser.create(config, program);
    const { signal, mel: seen } = architectureOf(denoiser.kind).reach(denoiser.shape, mel);
    const margins = [signal, seen].map(({ framesBefore, framesAfter }) =>
      Math.max(framesBefore, framesAfter),
    );
    return new SplitDenoiser(own, pool, opened, widths, Math.max(...margins));
  }

  async estimate(tile: Tile, x0: Float32Array): Promise<void> {
    const parts = this.#split(tile.z.length / this.#widths.hop);
    if (parts.length === 1) return this.#own.estimate(tile, x0);
    // parts depend on the length only: whatever starts when, the same seed gives the same bits
    await this.#opened;
    await this.#pool.take(() => this.#estimateParts(tile, parts, x0));
  }

  async dispose(): Promise<void> {
    await this.#opened.catch(() => undefined);
    await this.#own.dispose();
  }

  async #estimateParts(tile: Tile, [ownPart, ...others]: readonly Part[], x0: Float32Array): Promise<void> {
    const { hop } = this.#widths;
    const keep = ({ first, keepFirst, keepEnd }: Part, rows: Float32Array): void => {
      x0.set(rows.subarray((keepFirst - first) * hop, (keepEnd - first) * hop), keepFirst * hop);
    };
    for (const [index, part] of others.entries()) await this.#place(tile, part, index);
    const ownTile = this.#tileOf(tile, ownPart);
    if (this.#ownX0.length < ownTile.z.length) this.#ownX0 = new Float32Array(ownTile.z.length);
    const calls = others.map(({ first, end }) => [end - first]);
    await this.#pool.share(synthesisCalls.estimate, calls, async () => {
      await this.#own.estimate(ownTile, this.#ownX0.subarray(0, ownTile.z.length));
      keep(ownPart, this.#ownX0);
    });
    others.forEach((part, index) => {
      keep(part, this.#memories[index].x0);
    });
  }

  /** Puts a part where its thread finds it. */
  async #place(tile: Tile, part: Part, index: number): Promise<void> {
    const frames = part.end - part.first;
    if (frames > (this.#memories.at(index)?.frames ?? 0)) {
      const memory = sharedPart(frames, this.#widths);
      this.#memories[index] = { ...memory, frames };
      await this.#pool.threads[index].ask("usePart", memory);
    }
    const { z, mel, sigma, encoded, logSnr } = this.#tileOf(tile, part);
    const memory = this.#memories[index];
    memory.z.set(z);
    memory.mel.set(mel);
    memory.sigma.set(sigma);
    memory.encoded.set(encoded);
    memory.logSnr[0] = logSnr;
  }

  /** Parts that are at least as long as their overlap, or else fewer. */
  #split(frames: number): Part[] {
    const most = Math.floor(frames / Math.max(1, 2 * this.#margin));
    const count = Math.max(1, Math.min(this.#pool.threads.length + 1, most));
    const border = (index: number): number => Math.round((frames * index) / count);
    return Array.from({ length: count }, (_, index) => {
      const [keepFirst, keepEnd] = [border(index), border(index + 1)];
      return {
        keepFirst,
        keepEnd,
        first: alignedFrame(keepFirst - this.#margin),
        end: Math.min(frames, keepEnd + this.#margin),
      };
    });
  }

  #tileOf({ z, mel, sigma, encoded, logSnr }: Tile, { first, end }: Part): Tile {
    const { hop, bands, channels } = this.#widths;
    return {
      z: z.subarray(first * hop, end * hop),
      mel: mel.subarray(first * bands, end * bands),
      sigma: sigma.subarray(first * hop, end * hop),
      encoded: encoded.subarray(first * channels, end * channels),
      logSnr,
    };
  }
}
