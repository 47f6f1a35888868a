// Mel consistency as a stage: K corrections, each standing behind the one before it by what a correction sees. One array
// holds them all: where a sample has had k corrections, what the k-th and the one before it made is still there, since
// later ones have not come that far.
import type { MelFormat } from "../mel/format.js";
import { correctionReach } from "../mel/correction.js";
import type { RefinementOptions } from "./consistency.js";
import { createBarrier, SharedBand, SharedMemory } from "./memory.js";
import { type Span, type Stage, Track } from "./wavefront.js";
import { Worker } from "node:worker_threads";
import type { RefinementTask } from "./refinement-worker.js";
import { Turns } from "./turns.js";

// Mel consistency on several cores: the waveform lies in memory that threads share, each refines its own range of it.
// The result is bit for bit that of one thread, since every sample is summed from the same frames in the same order.

/** Threads that refine waveforms, one at a time; later calls wait for earlier ones. */
export class RefinementPool {
  /** For what is to be refined. */
  readonly memory = new SharedMemory();
  readonly #workers: readonly Worker[];
  readonly #turns = new Turns();

  /** @param threads at least 1; the calling thread stays free */
  constructor(threads: number) {
    this.#workers = Array.from(
      { length: threads },
      () => new Worker(new URL("./refinement-worker.js", import.meta.url)),
    );
    // an idle pool does not keep the process alive
    for (const worker of this.#workers) worker.unref();
  }

  /** Applies corrections to a shared state in place: correction k to all samples of range k. */
  async refine(task: Omit<RefinementTask, "thread" | "threads" | "barrier">): Promise<void> {
    const threads = this.#workers.length;
    await this.#turns.take(async () => {
      const barrier = createBarrier();
      await Promise.all(
        this.#workers.map((worker, thread) => runTask(worker, { ...task, thread, threads, barrier })),
      );
    });
  }

  /** Ends the threads. */
  async dispose(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

async function runTask(worker: Worker, task: RefinementTask): Promise<void> {
  worker.ref();
  try {
    await new Promise<void>((resolve, reject) => {
      worker.once("message", () => {
        worker.off("error", reject);
        resolve();
      });
      worker.once("error", reject);
      worker.postMessage(task);
    });
  } finally {
    worker.unref();
  }
}

/** Corrections of a waveform by the threads of a pool. */
export class RefinementStage implements Stage {
  readonly inputs: Stage["inputs"];
  readonly outputs: readonly [Track];
  readonly whole = true;
  readonly #pool: RefinementPool;
  readonly #format: MelFormat;
  readonly #options: RefinementOptions;
  readonly #mel: Track;
  readonly #waveform: Track;
  /** Frames between one correction and the next. */
  readonly #lag: number;
  /** Frames behind the last that have had k corrections, k = 0 … K. */
  readonly #ends: number[];
  /** The first sample of the bands. */
  #first = 0;
  readonly #current: SharedBand;
  readonly #starts: readonly [SharedBand, SharedBand];
  readonly #target: SharedBand;

  constructor(
    pool: RefinementPool,
    format: MelFormat,
    options: RefinementOptions,
    mel: Track,
    waveform: Track,
  ) {
    const reach = correctionReach(format);
    this.#pool = pool;
    this.#format = format;
    this.#options = options;
    this.#mel = mel;
    this.#waveform = waveform;
    this.#lag = Math.max(reach.waveform.framesBefore, reach.waveform.framesAfter);
    this.#ends = Array.from({ length: options.iterations + 1 }, () => 0);
    const framesAfter = this.#lag * options.iterations;
    this.inputs = [
      { track: waveform, reach: { framesBefore: 0, framesAfter } },
      { track: mel, reach: { framesBefore: reach.mel.framesBefore, framesAfter } },
    ];
    this.outputs = [new Track(format.hopLength, waveform.memory)];
    const band = (): SharedBand => new SharedBand(pool.memory);
    this.#current = band();
    this.#starts = [band(), band()];
    this.#target = band();
  }

  async run(span: Span, total = Infinity): Promise<void> {
    const hop = this.#format.hopLength;
    const { end } = this.#waveform;
    const samples = this.#waveform.rows({ first: this.#ends[0], end });
    for (const band of this.#bands) band.append(samples);
    const mel = { first: this.#mel.first, end: this.#mel.end };
    this.#target.drop(this.#target.values.length);
    this.#target.append(this.#mel.rows(mel));
    const [first, second] = this.#starts;
    await this.#pool.refine({
      state: {
        first: this.#first,
        total: end === total ? end * hop : Infinity,
        current: this.#current.values,
        starts: [first.values, second.values],
      },
      format: this.#format,
      target: { values: this.#target.values, first: mel.first, total },
      options: this.#options,
      ranges: this.#advance(end, end === total),
    });
    this.outputs[0].append(
      this.#current.values.subarray(span.first * hop - this.#first, span.end * hop - this.#first),
    );
    this.#forget((span.end - this.#lag) * hop);
    if (span.end === total) for (const band of [...this.#bands, this.#target]) band.release();
  }

  get #bands(): readonly SharedBand[] {
    return [this.#current, ...this.#starts];
  }

  /** Moves the ends; returns what each correction has to do, in samples. */
  #advance(end: number, ended: boolean): [number, number][] {
    const hop = this.#format.hopLength;
    this.#ends[0] = end;
    return Array.from({ length: this.#options.iterations }, (_, k) => {
      const from = this.#ends[k + 1];
      const to = ended ? end : Math.max(from, this.#ends[k] - this.#lag);
      this.#ends[k + 1] = to;
      return [from * hop, to * hop];
    });
  }

  /** Lets go of the samples before one. */
  #forget(before: number): void {
    const count = Math.max(0, Math.min(before - this.#first, this.#current.values.length));
    for (const band of this.#bands) band.drop(count);
    this.#first += count;
  }
}
