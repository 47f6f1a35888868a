// The signal path of a mask-net on several threads: each takes a part of the tile's frames, overlapping its neighbours by
// what the path sees. Parts begin at multiples of four frames, as the kernel's groups do, so that the result is that of one
// thread bit for bit. The caller's thread computes the first part itself and then waits: it is a matter of milliseconds.
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { MelFormat } from "../../audio/mel-format/mel-format.js";
import type { MaskNetConfig } from "../../models/mask-net-config.js";
import { maskNetReach } from "../../models/reach.js";
import { MaskNetSignal, type SignalInputs } from "./mask-net-signal.js";
import {
  commands,
  type PartMemory,
  type PartWidths,
  sharedPart,
  type SignalWorkerData,
} from "./part-memory.js";
import type { SignalPath } from "./signal-path.js";

/** Frames below which a part is not worth a thread. */
const SHORTEST_PART = 48;
/** Frames of a group of the kernel. */
const GROUP = 4;

/** Frames first … end are computed, of which keepFirst … keepEnd are kept. */
interface Part {
  readonly first: number;
  readonly end: number;
  readonly keepFirst: number;
  readonly keepEnd: number;
}

/** A signal path that shares its work with threads. */
export class SplitSignal implements SignalPath {
  readonly hopLength: number;
  readonly featureColumns: number;
  readonly outputColumns: number;
  readonly #own: MaskNetSignal;
  readonly #helpers: readonly Helper[];
  readonly #bands: number;
  readonly #margin: number;
  #parts: readonly Part[] = [];
  #frames = 0;
  #features = new Float32Array(0);
  #output = new Float32Array(0);
  #estimate = new Float32Array(0);

  private constructor(own: MaskNetSignal, helpers: readonly Helper[], bands: number, margin: number) {
    this.hopLength = own.hopLength;
    this.featureColumns = own.featureColumns;
    this.outputColumns = own.outputColumns;
    this.#own = own;
    this.#helpers = helpers;
    this.#bands = bands;
    this.#margin = margin;
  }

  /**
   * @param threads at least 2, the caller's among them
   * @throws SignalPathError where the kernel cannot do the network
   */
  static async create(config: MaskNetConfig, format: MelFormat, threads: number): Promise<SplitSignal> {
    const own = await MaskNetSignal.create(config, format);
    const widths = {
      hop: own.hopLength,
      bands: format.bands,
      features: own.featureColumns,
      output: own.outputColumns,
    };
    const helpers = Array.from({ length: threads - 1 }, () => new Helper(config, format, widths));
    // the trunk sees the whole tile: only what surrounds it counts
    const { before, after } = maskNetReach({ ...config, dilations: [] }, own.hopLength);
    const margin = GROUP * Math.ceil(Math.max(before, after) / GROUP);
    return new SplitSignal(own, helpers, format.bands, margin);
  }

  /** Resolves when all threads take part; until then the caller's does everything. */
  async ready(): Promise<void> {
    await Promise.all(this.#helpers.map((helper) => helper.started));
  }

  analyse(inputs: SignalInputs): Float32Array {
    this.#frames = inputs.z.length / this.hopLength;
    this.#parts = this.#split();
    if (this.#parts.length === 1) return this.#own.analyse(inputs);
    const [ownPart, ...others] = this.#parts;
    others.forEach((part, index) => {
      this.#helpers[index].analyse(this.#inputsOf(inputs, part), part.end - part.first);
    });
    this.#features = this.#room(this.#features, this.featureColumns);
    const keep = (part: Part, rows: Float32Array): void => {
      copyKept(rows, part, this.featureColumns, this.#features);
    };
    keep(ownPart, this.#own.analyse(this.#inputsOf(inputs, ownPart)));
    others.forEach((part, index) => {
      keep(part, this.#helpers[index].finish().features);
    });
    this.#output = this.#room(this.#output, this.outputColumns);
    return this.#features.subarray(0, this.#frames * this.featureColumns);
  }

  get output(): Float32Array {
    if (this.#parts.length === 1) return this.#own.output;
    return this.#output.subarray(0, this.#frames * this.outputColumns);
  }

  synthesise(): Float32Array {
    if (this.#parts.length === 1) return this.#own.synthesise();
    const [ownPart, ...others] = this.#parts;
    const outputOf = ({ first, end }: Part): Float32Array =>
      this.#output.subarray(first * this.outputColumns, end * this.outputColumns);
    others.forEach((part, index) => {
      this.#helpers[index].synthesise(outputOf(part), part.end - part.first);
    });
    this.#estimate = this.#room(this.#estimate, this.hopLength);
    this.#own.output.set(outputOf(ownPart));
    copyKept(this.#own.synthesise(), ownPart, this.hopLength, this.#estimate);
    others.forEach((part, index) => {
      copyKept(this.#helpers[index].finish().estimate, part, this.hopLength, this.#estimate);
    });
    return this.#estimate.subarray(0, this.#frames * this.hopLength);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#helpers.map((helper) => helper.dispose()));
  }

  #split(): Part[] {
    const ready = this.#helpers.every((helper) => helper.isReady) ? this.#helpers.length + 1 : 1;
    const count = Math.max(1, Math.min(ready, Math.floor(this.#frames / SHORTEST_PART)));
    const border = (index: number): number =>
      index === count ? this.#frames : GROUP * Math.round((this.#frames * index) / count / GROUP);
    return Array.from({ length: count }, (_, index) => {
      const [keepFirst, keepEnd] = [border(index), border(index + 1)];
      return {
        keepFirst,
        keepEnd,
        first: Math.max(0, keepFirst - this.#margin),
        end: Math.min(this.#frames, keepEnd + this.#margin),
      };
    });
  }

  #inputsOf({ z, sigma, mel, logSnr }: SignalInputs, { first, end }: Part): SignalInputs {
    return {
      z: z.subarray(first * this.hopLength, end * this.hopLength),
      sigma: sigma.subarray(first * this.hopLength, end * this.hopLength),
      mel: mel.subarray(first * this.#bands, end * this.#bands),
      logSnr,
    };
  }

  /** An array for the present tile, the same one if it is long enough. */
  #room(values: Float32Array<ArrayBuffer>, columns: number): Float32Array<ArrayBuffer> {
    const count = this.#frames * columns;
    return values.length >= count ? values : new Float32Array(count);
  }
}

/** Copies what a part keeps of its rows. */
function copyKept(rows: Float32Array, part: Part, columns: number, target: Float32Array): void {
  const { first, keepFirst, keepEnd } = part;
  target.set(rows.subarray((keepFirst - first) * columns, (keepEnd - first) * columns), keepFirst * columns);
}

/** The caller's side of one thread. */
class Helper {
  readonly started: Promise<void>;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #control = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  readonly #widths: PartWidths;
  #memory: PartMemory | undefined;
  #capacity = 0;

  constructor(config: MaskNetConfig, format: MelFormat, widths: PartWidths) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#widths = widths;
    const workerData: SignalWorkerData = { config, format, port: port2, control: this.#control };
    this.#worker = new Worker(new URL("./signal-worker.js", import.meta.url), {
      workerData,
      transferList: [port2],
    });
    this.started = new Promise((resolve, reject) => {
      this.#worker.once("message", () => {
        resolve();
      });
      this.#worker.once("error", reject);
    });
    // without it the caller's thread does everything
    this.started.catch(() => undefined);
    // idle threads do not keep the process alive
    this.#worker.unref();
    this.#port.unref();
  }

  /** Whether it takes commands. */
  get isReady(): boolean {
    return Atomics.load(this.#control, 0) === commands.idle;
  }

  /** Begins with a part. */
  analyse({ z, sigma, mel, logSnr }: SignalInputs, frames: number): void {
    const memory = this.#prepare(frames);
    memory.z.set(z);
    memory.sigma.set(sigma);
    memory.mel.set(mel);
    memory.logSnr[0] = logSnr;
    this.#send(commands.analyse, frames);
  }

  /** Goes on with the part that was analysed last. */
  synthesise(output: Float32Array, frames: number): void {
    this.#memory!.output.set(output);
    this.#send(commands.synthesise, frames);
  }

  /** Waits for what was begun. */
  finish(): PartMemory {
    for (;;) {
      const command = Atomics.load(this.#control, 0);
      if (command === commands.idle) return this.#memory!;
      Atomics.wait(this.#control, 0, command);
    }
  }

  async dispose(): Promise<void> {
    await this.#worker.terminate();
  }

  #prepare(frames: number): PartMemory {
    if (!this.#memory || frames > this.#capacity) {
      this.#memory = sharedPart(frames, this.#widths);
      this.#capacity = frames;
      this.#port.postMessage(this.#memory);
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
