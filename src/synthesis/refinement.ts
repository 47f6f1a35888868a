// Mel consistency as a stage: K corrections, each standing behind the one before it by what a correction sees. One array
// holds them all: where a sample has had k corrections, what the k-th and the one before it made is still there, since
// later ones have not come that far.
import type { MelFormat } from "../mel/format.js";
import { correctionReach, type MelCorrection, type RefinementOptions } from "../mel/consistency.js";
import { refineRange, type SharedRefinement, synthesisCalls, type SynthesisPool } from "./thread.js";
import { SharedBand, SharedMemory } from "./memory.js";
import { type Span, type Stage, Track } from "./wavefront.js";

// Mel consistency on several cores: the waveform lies in memory that threads share, each refines its own range of it.
// The result is bit for bit that of one thread, since every sample is summed from the same frames in the same order.

/** The calling thread lets others have their turn at the latest after so many milliseconds of corrections. */
const LONGEST_TURN_MS = 50;

/** Refines waveforms on the calling thread and those of a pool. */
export class Refiner {
  /** For what is to be refined. */
  readonly memory = new SharedMemory();
  readonly #pool: SynthesisPool;
  readonly #correction: MelCorrection;

  /** @param correction the calling thread's */
  constructor(pool: SynthesisPool, correction: MelCorrection) {
    this.#pool = pool;
    this.#correction = correction;
  }

  get format(): MelFormat {
    return this.#correction.format;
  }

  /**
   * Applies corrections to a shared state in place.
   *
   * @param ranges the samples of each correction, from and to, all threads' together
   */
  async refine(
    { state, target, options }: Omit<SharedRefinement, "format">,
    ranges: readonly (readonly [number, number])[],
  ): Promise<void> {
    const pool = this.#pool;
    await pool.take(async () => {
      await pool.askAll("useWaveform", { state, target, options, format: this.format });
      let begun = performance.now();
      for (const [k, [from, to]] of ranges.entries()) {
        const border = (index: number): number =>
          from + Math.round(((to - from) * index) / (pool.threads.length + 1));
        const others = pool.threads.map((_, index) => [
          k,
          border(index + 1) - state.first,
          border(index + 2) - state.first,
        ]);
        await pool.share(synthesisCalls.refine, others, () => {
          refineRange(this.#correction, state, k, target, options, [from, border(1)]);
        });
        if (performance.now() - begun < LONGEST_TURN_MS) continue;
        await new Promise((resolve) => setTimeout(resolve));
        begun = performance.now();
      }
    });
  }
}

/** Corrections of a waveform. */
export class RefinementStage implements Stage {
  readonly inputs: Stage["inputs"];
  readonly outputs: readonly [Track];
  readonly whole = true;
  readonly #refiner: Refiner;
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

  constructor(refiner: Refiner, options: RefinementOptions, mel: Track, waveform: Track) {
    const { format } = refiner;
    const reach = correctionReach(format);
    this.#refiner = refiner;
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
    const band = (): SharedBand => new SharedBand(refiner.memory);
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
    const state = {
      first: this.#first,
      total: end === total ? end * hop : Infinity,
      current: this.#current.values,
      starts: [first.values, second.values],
    } as const;
    const target = { values: this.#target.values, first: mel.first, total };
    await this.#refiner.refine({ state, target, options: this.#options }, this.#advance(end, end === total));
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
