// Mel consistency as a stage: K corrections, each standing behind the one before it by what a correction sees. One array
// holds them all: where a sample has had k corrections, what the k-th and the one before it made is still there, since
// later ones have not come that far.
import type { MelFormat } from "../../audio/mel-format/mel-format.js";
import { correctionReach } from "../mel-correction.js";
import type { RefinementOptions, RefinementState } from "../mel-consistency.js";
import { type RefinementPool, sharedFloats } from "../refinement-pool.js";
import { type Span, Track } from "./track.js";
import type { Stage } from "./wavefront.js";

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
  #state: RefinementState = {
    first: 0,
    total: Infinity,
    current: sharedFloats(0),
    starts: [sharedFloats(0), sharedFloats(0)],
  };

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
    this.#lag = Math.max(reach.waveform.before, reach.waveform.after);
    this.#ends = Array.from({ length: options.iterations + 1 }, () => 0);
    const before = this.#lag * options.iterations;
    this.inputs = [
      { track: waveform, reach: { before, after: 0 } },
      { track: mel, reach: { before, after: reach.mel.after } },
    ];
    this.outputs = [new Track(format.hopLength)];
  }

  async run(span: Span, total: number | undefined): Promise<void> {
    const hop = this.#format.hopLength;
    const ended = this.#waveform.end === total;
    const [taken] = this.#ends;
    const { end } = this.#waveform;
    const mel = { first: this.#mel.first, end: this.#mel.end };
    this.#extend(this.#waveform.rows({ first: taken, end }), ended ? end * hop : Infinity);
    const ranges = this.#options.iterations === 0 ? [] : this.#advance(end, ended);
    await this.#pool.refine({
      state: this.#state,
      format: this.#format,
      target: { values: shared(this.#mel.rows(mel)), first: mel.first, total: total ?? Infinity },
      options: this.#options,
      ranges,
    });
    const { current, first } = this.#state;
    this.outputs[0].append(current.slice(span.first * hop - first, span.end * hop - first));
    this.#forget((span.end - this.#lag) * hop);
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

  /** Puts new samples behind those that there are. */
  #extend(samples: Float32Array, total: number): void {
    const { first, current, starts } = this.#state;
    this.#state = {
      first,
      total,
      current: joined(current, samples),
      starts: [joined(starts[0], samples), joined(starts[1], samples)],
    };
  }

  /** Lets go of the samples before one. */
  #forget(before: number): void {
    const { first, total, current, starts } = this.#state;
    const count = Math.max(0, Math.min(before - first, current.length));
    const rest = (values: Float32Array): Float32Array => shared(values.subarray(count));
    this.#state = {
      first: first + count,
      total,
      current: rest(current),
      starts: [rest(starts[0]), rest(starts[1])],
    };
  }
}

function shared(values: Float32Array): Float32Array {
  const copy = sharedFloats(values.length);
  copy.set(values);
  return copy;
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const result = sharedFloats(first.length + second.length);
  result.set(first);
  result.set(second, first.length);
  return result;
}
