// The mixture of pulses and noise (models/excitation-signal.ts defines it) in WebAssembly SIMD, with a fast MDCT. Signals
// [F·hop]; the gains √V and √(1−V) lie as lanes [groups][hop][4], four frames being a group.
import { bandsOfBins } from "../models/excitation/shape.js";
import { ClosedEnds } from "./signal-memory.js";
import { placeMdct, setMdctGroups } from "./constants.js";
import { Kernel } from "./kernel.js";
import { mdctFault } from "./support.js";

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Where the kernel's memory has what belongs to a number of frames. */
interface Buffers {
  readonly groups: number;
  /** A signal, at its first sample; half a hop of room on both sides, as beside `result`. */
  readonly signal: number;
  readonly result: number;
  readonly pulseGains: number;
  readonly noiseGains: number;
}

/** Mixes the excitation of one part of a signal at a time; holds memory for the longest that it has seen. */
export class KernelMixture {
  readonly #kernel: Kernel;
  readonly #hop: number;
  /** Of each bin: the band below it, and how near it is to the one above. */
  readonly #bands: Int32Array;
  readonly #shares: Float64Array;
  readonly #ends: ClosedEnds;
  readonly #mdct: number;
  readonly #mark: number;
  #buffers: Buffers | undefined;

  private constructor(kernel: Kernel, hop: number, sampleRate: number) {
    this.#kernel = kernel;
    this.#hop = hop;
    const bins = bandsOfBins(hop, sampleRate);
    this.#bands = Int32Array.from(bins, ({ lower }) => lower);
    this.#shares = Float64Array.from(bins, ({ share }) => share);
    this.#ends = new ClosedEnds(hop);
    this.#mdct = placeMdct(kernel, hop, kernel.allocate(8 * hop));
    this.#mark = kernel.mark;
  }

  /** Whether the kernel can do a hop here. */
  static isSupported(hop: number): boolean {
    return mdctFault(hop) === undefined;
  }

  /** @param hop one that is supported */
  static async create(hop: number, sampleRate: number): Promise<KernelMixture> {
    return new KernelMixture(await Kernel.create(), hop, sampleRate);
  }

  /**
   * MDCT⁻¹(√V·MDCT(pulses) + √(1−V)·MDCT(noise)), V = 0 in frames without voice.
   *
   * @param voiced probability [F]
   * @param bandVoicing [F, 5]
   * @returns [F·hop]
   */
  mix(
    pulses: Float32Array,
    noise: Float32Array,
    voiced: Float32Array,
    bandVoicing: Float32Array,
  ): Float32Array {
    const buffers = this.#prepare(Math.ceil(voiced.length / 4));
    this.#fillGains(buffers, voiced, bandVoicing);
    this.#room(buffers.result, buffers.groups).fill(0);
    this.#add(buffers, pulses, buffers.pulseGains);
    this.#add(buffers, noise, buffers.noiseGains);
    const result = this.#kernel.floats(buffers.result, pulses.length);
    this.#ends.divide(result);
    return result.slice();
  }

  /** result ← result + MDCT⁻¹(gains·MDCT(signal)) */
  #add({ groups, signal, result }: Buffers, values: Float32Array, gains: number): void {
    const half = this.#hop / 2;
    const room = this.#room(signal, groups);
    room.set(values, half);
    room.fill(0, half + values.length);
    const behind = room.subarray(half + values.length, values.length + 2 * half);
    this.#ends.continueBeyond(values, room.subarray(0, half), behind);
    this.#kernel.functions.colour(this.#mdct, signal - half * BYTES, gains, result - half * BYTES);
  }

  /** √V and √(1−V) of every frame and bin. */
  #fillGains(
    { groups, pulseGains, noiseGains }: Buffers,
    voiced: Float32Array,
    bandVoicing: Float32Array,
  ): void {
    const hop = this.#hop;
    const [bands, shares] = [this.#bands, this.#shares];
    const [periodic, random] = [pulseGains, noiseGains].map((gains) =>
      this.#kernel.floats(gains, 4 * groups * hop),
    );
    const count = bandVoicing.length / voiced.length;
    for (let frame = 0; frame < 4 * groups; frame++) {
      const first = (frame - (frame % 4)) * hop + (frame % 4);
      if (voiced[frame] > 0.5) {
        for (let bin = 0; bin < hop; bin++) {
          const at = frame * count + bands[bin];
          const below = bandVoicing[at];
          // a bin beyond the last band's centre has a share of 0 in what comes behind it
          const voicing = shares[bin] === 0 ? below : below + shares[bin] * (bandVoicing[at + 1] - below);
          periodic[first + 4 * bin] = Math.sqrt(voicing);
          random[first + 4 * bin] = Math.sqrt(Math.max(0, 1 - voicing));
        }
      } else {
        // frames that fill the last group up have no part at all
        const rest = frame < voiced.length ? 1 : 0;
        for (let bin = 0; bin < hop; bin++) {
          periodic[first + 4 * bin] = 0;
          random[first + 4 * bin] = rest;
        }
      }
    }
  }

  /** A signal with its room on both sides. */
  #room(signal: number, groups: number): Float32Array {
    return this.#kernel.floats(signal - (this.#hop / 2) * BYTES, (4 * groups + 1) * this.#hop);
  }

  #prepare(groups: number): Buffers {
    if (!this.#buffers || groups > this.#buffers.groups) {
      const kernel = this.#kernel;
      kernel.release(this.#mark);
      const room = (4 * groups + 1) * this.#hop;
      const [signal, result] = [kernel.allocate(room), kernel.allocate(room)].map(
        (pointer) => pointer + (this.#hop / 2) * BYTES,
      );
      const [pulseGains, noiseGains] = [0, 1].map(() => kernel.allocate(4 * groups * this.#hop));
      this.#buffers = { groups, signal, result, pulseGains, noiseGains };
    }
    setMdctGroups(this.#kernel, this.#mdct, groups);
    return { ...this.#buffers, groups };
  }
}
