// The denoiser on several threads: each estimates a part of the tile's frames, overlapping its neighbours by the network's
// reach. It keeps all threads busy to the end, which threads inside each operator do not: half of the work beside the large
// products does not share itself. The caller's thread takes the first part and then waits, which is a matter of
// milliseconds.
import { Worker } from "node:worker_threads";
import type { MaskNetCheckpoint } from "../checkpoint/checkpoint.js";
import { maskNetReach } from "../models/mask-net/costs.js";
import type { Runtime } from "../engine/engine.js";
import { type Tile, FastDenoiser } from "./fast-denoiser.js";
import { alignedFrame } from "./wavefront.js";
import {
  commands,
  type DenoiserThreadData,
  type DenoiserThreadTask,
  type PartMemory,
  type PartWidths,
  sharedPart,
} from "./part-memory.js";
import type { Precision } from "./precision.js";
import type { Denoiser } from "./denoiser.js";
import { trunkFunction } from "./network-functions.js";

// Threads in which an engine computes. A process that ends while one of them is inside the engine is aborted by it, with a
// core dump in place of its exit code; so its end waits until each has come back, which is a matter of milliseconds.

/** As long as opening an engine takes on a busy machine; a thread that hangs shall not keep the process alive. */
const LONGEST_WAIT_MS = 3000;

const controls = new Set<Int32Array>();
let waits = false;

/** @param control the thread's command, one of `commands`, in its first value */
function addEngineThread(control: Int32Array): void {
  controls.add(control);
  // process.exit, a signal's handler and an error that nobody catches all come by here
  if (!waits) process.on("exit", waitForEngineThreads);
  waits = true;
}

/** For a thread that has ended. */
function removeEngineThread(control: Int32Array): void {
  controls.delete(control);
}

/** Blocks the calling thread until no other is inside an engine. */
function waitForEngineThreads(): void {
  const end = performance.now() + LONGEST_WAIT_MS;
  const outside: readonly number[] = [commands.idle, commands.failed];
  for (const control of controls) {
    for (;;) {
      const command = Atomics.load(control, 0);
      const left = end - performance.now();
      if (outside.includes(command) || left <= 0) break;
      Atomics.wait(control, 0, command, left);
    }
  }
}

/** Frames first … end are computed, of which keepFirst … keepEnd are kept. */
interface Part {
  readonly first: number;
  readonly end: number;
  readonly keepFirst: number;
  readonly keepEnd: number;
}

/** A denoiser whose tiles are shared by threads. */
export class SplitDenoiser implements Denoiser {
  readonly #own: FastDenoiser;
  readonly #helpers: readonly Helper[];
  readonly #widths: PartWidths;
  readonly #margin: number;
  #started: Promise<void> | undefined;
  /** Of the caller's part, used again for each tile. */
  #ownX0 = new Float32Array(0);

  private constructor(own: FastDenoiser, helpers: readonly Helper[], widths: PartWidths, margin: number) {
    this.#own = own;
    this.#helpers = helpers;
    this.#widths = widths;
    this.#margin = margin;
  }

  /**
   * @param runtime whose cache of compiled graphs is used
   * @param threads the caller's among them
   * @throws what openFastDenoiser throws
   */
  static async create(
    runtime: Runtime,
    checkpoint: MaskNetCheckpoint,
    precision: Precision,
    threads: number,
  ): Promise<SplitDenoiser> {
    const { denoiser, mel } = checkpoint.config;
    const widths = { hop: mel.hopLength, bands: mel.bands, channels: denoiser.shape.channels };
    const trunk = trunkFunction(checkpoint, precision);
    // begun first: they load their code while this thread compiles
    const helpers = Array.from({ length: threads - 1 }, () => new Helper(widths));
    try {
      const single = runtime.onOneThread!();
      const { program, copy } = await single.compileWithCopy!(trunk, trunk.signature);
      for (const helper of helpers) helper.open({ config: checkpoint.config, trunk: copy });
      const own = await FastDenoiser.create(checkpoint.config, program);
      const { framesBefore, framesAfter } = maskNetReach(denoiser.shape, mel.hopLength);
      return new SplitDenoiser(own, helpers, widths, Math.max(framesBefore, framesAfter));
    } catch (error) {
      await Promise.all(helpers.map((helper) => helper.dispose()));
      throw error;
    }
  }

  async estimate(tile: Tile, x0: Float32Array): Promise<void> {
    const { hop } = this.#widths;
    const parts = this.#split(tile.z.length / hop);
    if (parts.length === 1) return this.#own.estimate(tile, x0);
    // parts depend on the length only: whatever starts when, the same seed gives the same bits
    await (this.#started ??= this.#start());
    const keep = ({ first, keepFirst, keepEnd }: Part, rows: Float32Array): void => {
      x0.set(rows.subarray((keepFirst - first) * hop, (keepEnd - first) * hop), keepFirst * hop);
    };
    const [ownPart, ...others] = parts;
    others.forEach((part, index) => {
      this.#helpers[index].begin(this.#tileOf(tile, part), part.end - part.first);
    });
    const ownTile = this.#tileOf(tile, ownPart);
    if (this.#ownX0.length < ownTile.z.length) this.#ownX0 = new Float32Array(ownTile.z.length);
    await this.#own.estimate(ownTile, this.#ownX0.subarray(0, ownTile.z.length));
    keep(ownPart, this.#ownX0);
    others.forEach((part, index) => {
      keep(part, this.#helpers[index].finish().x0);
    });
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#helpers.map((helper) => helper.dispose()));
    await this.#own.dispose();
  }

  async #start(): Promise<void> {
    await Promise.all(this.#helpers.map((helper) => helper.start()));
  }

  /** Parts that are at least as long as their overlap, or else fewer. */
  #split(frames: number): Part[] {
    const most = Math.floor(frames / Math.max(1, 2 * this.#margin));
    const count = Math.max(1, Math.min(this.#helpers.length + 1, most));
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

/** The caller's side of one thread. */
class Helper {
  readonly #worker: Worker;
  readonly #started: Promise<void>;
  readonly #control = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  readonly #widths: PartWidths;
  #isOpened = false;
  #memory: PartMemory | undefined;
  #capacity = 0;

  constructor(widths: PartWidths) {
    this.#widths = widths;
    const workerData = { control: this.#control } satisfies DenoiserThreadData;
    this.#worker = new Worker(new URL("./denoiser-worker.js", import.meta.url), { workerData });
    this.#started = new Promise((resolve, reject) => {
      this.#worker.once("message", () => {
        resolve();
      });
      this.#worker.once("error", reject);
    });
    addEngineThread(this.#control);
    // told to the one who waits for it
    this.#started.catch(() => undefined);
    // an idle thread does not keep the process alive
    this.#worker.unref();
  }

  /** Has it open its denoiser. */
  open(task: NonNullable<DenoiserThreadTask>): void {
    this.#isOpened = true;
    Atomics.store(this.#control, 0, commands.opening);
    this.#worker.postMessage(task);
  }

  /** Resolves when it takes commands. */
  async start(): Promise<void> {
    this.#worker.ref();
    try {
      await this.#started;
    } finally {
      this.#worker.unref();
    }
  }

  /** Begins with a part. */
  begin({ z, mel, sigma, encoded, logSnr }: Tile, frames: number): void {
    const memory = this.#prepare(frames);
    memory.z.set(z);
    memory.mel.set(mel);
    memory.sigma.set(sigma);
    memory.encoded.set(encoded);
    memory.logSnr[0] = logSnr;
    this.#send(commands.estimate, frames);
  }

  /** Waits for what was begun. */
  finish(): PartMemory {
    for (;;) {
      const command = Atomics.load(this.#control, 0);
      if (command === commands.idle) return this.#memory!;
      if (command === commands.failed) throw new Error("A thread of the denoiser failed.");
      Atomics.wait(this.#control, 0, command);
    }
  }

  async dispose(): Promise<void> {
    // a thread that ends while its engine opens takes the whole process with it
    if (this.#isOpened) {
      await this.start().catch(() => undefined);
      await this.#worker.terminate();
    } else {
      this.#worker.postMessage(undefined satisfies DenoiserThreadTask);
    }
    removeEngineThread(this.#control);
  }

  #prepare(frames: number): PartMemory {
    if (!this.#memory || frames > this.#capacity) {
      this.#memory = sharedPart(frames, this.#widths);
      this.#capacity = frames;
      this.#worker.postMessage(this.#memory);
      this.#send(commands.memory, frames);
      this.finish();
    }
    return this.#memory;
  }

  #send(command: number, frames: number): void {
    this.#control[1] = frames;
    Atomics.store(this.#control, 0, command);
    Atomics.notify(this.#control, 0);
  }
}
